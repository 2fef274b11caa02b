"""What a campaign remembers: intents before the wire, results after it."""

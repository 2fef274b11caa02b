"""``cleverapp send``: from a checked file, or out of a campaign, to the last outcome."""

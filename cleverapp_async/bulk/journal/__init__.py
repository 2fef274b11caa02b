"""Journals: what a campaign writes down, intents before a message leaves and results after it."""

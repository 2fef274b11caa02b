"""What became of a campaign, for people: a page, and all messages as CSV."""

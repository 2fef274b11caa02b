"""Bulk sends: many messages, fairly over their limits, in constant memory."""

"""Limits: quotas, the limiters that keep them, and the registry that finds them."""

"""Limits that many processes keep together: one log per key in Redis or Valkey."""

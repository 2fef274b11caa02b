"""A page and an HTTP API beside a simulator: what was sent, and why it was refused."""

"""What a simulator starts with: read from a file, or generated."""

"""A campaign's journal in one SQLite file."""

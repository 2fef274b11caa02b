"""``cleverapp call``, and how its arguments are read."""

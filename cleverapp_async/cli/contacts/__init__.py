"""``cleverapp contacts``, and the form in which contacts are written."""

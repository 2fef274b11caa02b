"""``cleverapp doctor``, and the checks that it makes."""

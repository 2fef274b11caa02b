"""``cleverapp call``: any method of the API, and what is known of each."""

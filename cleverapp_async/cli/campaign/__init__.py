"""``cleverapp campaign``, a file for each kind of look or change."""

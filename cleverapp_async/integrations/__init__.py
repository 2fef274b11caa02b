"""What ties the package to other engines; each needs its own extra, and none is imported here."""

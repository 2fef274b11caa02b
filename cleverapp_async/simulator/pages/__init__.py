"""The pages of the API's documentation: a file each, with the methods that it answers."""

"""The pages of the API's documentation, with the methods that they describe."""

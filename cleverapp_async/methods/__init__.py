"""The API's methods, a file for a few neighbouring pages of its documentation."""

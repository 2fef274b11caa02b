"""The API's methods, one file per page of its documentation."""

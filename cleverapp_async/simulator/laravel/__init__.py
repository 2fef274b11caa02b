"""The behaviour of the framework behind the API: Laravel, and the PHP beneath it."""

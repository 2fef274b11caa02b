"""The recipients: rows of a file in any of four formats, and the message that each asks for."""

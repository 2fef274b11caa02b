"""The API as an OpenAPI 3.1 document, from the endpoint table and the models.

``python -m cleverapp_async.openapi`` prints it; the simulator serves the copy that is shipped
with it, and a test keeps the two equal.
"""

from __future__ import annotations

from .document import document

__all__ = ["document"]

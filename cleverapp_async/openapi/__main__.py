"""Prints the document: ``python -m cleverapp_async.openapi``."""

from __future__ import annotations

import json
import sys

from .document import document


def main() -> None:
    """Print the document as JSON in UTF-8, whatever the terminal's encoding is."""
    text = json.dumps(document(), ensure_ascii=False, indent=1)
    sys.stdout.buffer.write(f"{text}\n".encode())


if __name__ == "__main__":
    main()

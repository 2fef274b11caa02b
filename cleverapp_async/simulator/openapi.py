"""Serves the API's description, if the package holds one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .laravel.replies import Reply, encode

OPENAPI_PATH: Final = "/api/openapi.json"

OPENAPI_FILE: Final = Path(__file__).with_name("openapi.json")


def openapi_reply(file: Path = OPENAPI_FILE) -> Reply:
    """Answer with the description as it stands in a file, or 404 when there is none."""
    try:
        return Reply(200, file.read_bytes())
    except FileNotFoundError:
        return Reply(404, encode({"message": "No description of the API is here."}))

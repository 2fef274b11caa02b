"""The API's methods as a table of frozen rows: an API change is a one-line change here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import account, contacts, lists, messages
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ENDPOINTS", "Endpoint", "Kind", "Parameter", "ParametersIn", "Repeat", "Shape", "Trust"]

_PAGES = (messages, account, contacts, lists)

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {row.name: row for page in _PAGES for row in page.ROWS}
)
"""Every method by its name."""

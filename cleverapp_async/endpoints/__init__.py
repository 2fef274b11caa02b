"""The API's methods as a table of frozen rows: an API change is a one-line change here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module

from . import messages
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ENDPOINTS", "Endpoint", "Kind", "Parameter", "ParametersIn", "Repeat", "Shape", "Trust"]

_FURTHER_PAGES = ("account", "contacts", "lists")


class _Table(Mapping[str, Endpoint]):
    """The rows of all pages; who only sends messages imports no other page."""

    def __init__(self) -> None:
        self._sending = {row.name: row for row in messages.ROWS}

    @cached_property
    def _rows(self) -> dict[str, Endpoint]:
        pages = (import_module(f".{page}", __name__) for page in _FURTHER_PAGES)
        return {**self._sending, **{row.name: row for page in pages for row in page.ROWS}}

    def __getitem__(self, name: str) -> Endpoint:
        return self._sending.get(name) or self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


ENDPOINTS: Mapping[str, Endpoint] = _Table()
"""Every method by its name."""

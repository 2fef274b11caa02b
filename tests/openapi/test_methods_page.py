from __future__ import annotations

import inspect

import pytest

from cleverapp_async import ENDPOINTS, CleverAppClient
from tests.paths import DOCS

from .methods_table import coroutine_of, methods_table, shown_table

PAGE = DOCS / "methods.md"


def test_the_page_shows_the_endpoint_table() -> None:
    """The table of ``docs/methods.md`` says of each method what the endpoint table says."""
    assert list(shown_table(PAGE.read_text(encoding="utf-8"))) == methods_table()


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_row_names_a_coroutine(name: str) -> None:
    """The coroutine that the page names is there, and tells the API's name of the method."""
    coroutine = getattr(CleverAppClient, coroutine_of(name))
    assert inspect.iscoroutinefunction(coroutine)
    assert f"``{name}``" in (inspect.getdoc(coroutine) or "")

from __future__ import annotations

import inspect

import pytest

from cleverapp_async import CleverAppClient
from cleverapp_async.endpoints import ENDPOINTS

from .methods_table import coroutine_of


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_row_names_a_coroutine(name: str) -> None:
    """The coroutine that the page names is there, and tells the API's name of the method."""
    coroutine = getattr(CleverAppClient, coroutine_of(name))
    assert inspect.iscoroutinefunction(coroutine)
    assert f"``{name}``" in (inspect.getdoc(coroutine) or "")

"""JSON for people and programs, however deep it is nested."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.cli.console import as_json, deep_json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


@pytest.mark.parametrize("indent", [None, 2])
@given(content=VALUES)
def test_it_is_written_as_python_writes_it(content: object, indent: int | None) -> None:
    """What is written without recursion is the same to the letter."""
    expected = json.dumps(content, ensure_ascii=False, indent=indent)
    assert "".join(deep_json(content, indent)) == expected


@pytest.mark.parametrize("indent", [None, 1])
def test_no_depth_breaks_it(indent: int | None) -> None:
    """A value nested beyond the recursion limit is written to its end."""
    content: object = "\x9b"
    for level in range(3000):
        content = [content, level] if level % 2 else {"a": content}
    told = as_json(content, indent=indent)
    assert told.count("[") == told.count("{") == 1500
    assert "\\u009b" in told

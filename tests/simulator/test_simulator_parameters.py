from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator.laravel.parameters import (
    MAX_FIELDS,
    Value,
    as_integer,
    read_body,
    read_pairs,
    read_parameters,
)

FORM = "application/x-www-form-urlencoded"


def test_query_and_form_are_one_set_of_parameters() -> None:
    """A parameter counts the same whether the query or the form brings it."""
    assert read_parameters("a=1", b"b=%D0%9F", FORM) == {"a": "1", "b": "П"}


def test_body_wins_over_query() -> None:
    """Where query and body name the same parameter, the body's value holds."""
    assert read_parameters("a=query", b'{"a": "body"}', "application/json") == {"a": "body"}


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "a/b+json"]
)
def test_json_types_survive(kind: str) -> None:
    """A JSON body of any JSON content type keeps its types."""
    body = json.dumps({"id": 7, "ok": False, "tags": ["a", {"b": 1.5}]}).encode()
    assert read_body(body, kind) == {"id": 7, "ok": False, "tags": ["a", {"b": 1.5}]}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"7",
        b'"text"',
        b'{"a": NaN}',
        b"[" * 100_000,
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xff"}',
        rb'{"a": "\ud800"}',
    ],
)
def test_json_which_is_no_object_holds_no_parameters(body: bytes) -> None:
    """A JSON body that PHP does not read, or that is no object, counts as no body."""
    assert read_body(body, "application/json") == {}


def test_json_list_is_keyed_by_position() -> None:
    """A JSON list becomes parameters named by their positions, as a PHP array would."""
    assert read_body(b'["a", "b"]', "application/json") == {"0": "a", "1": "b"}


def test_unknown_content_type_holds_no_parameters() -> None:
    """A body of a type that is neither form nor JSON is not read."""
    assert read_parameters("a=1", b"b=2", "text/plain") == {"a": "1"}


def test_multipart_fields_are_read_and_files_are_not() -> None:
    """A multipart form gives its fields; an uploaded file is no parameter."""
    body = (
        b'--X\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
        + "Привет\r\nвсем".encode()
        + b'\r\n--X\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nraw'
        b'\r\n--X\r\nContent-Disposition: form-data; name="tags[]"\r\n\r\nred\r\n--X--\r\n'
    )
    read = read_parameters("", body, "multipart/form-data; boundary=X")
    assert read == {"text": "Привет\r\nвсем", "tags": ["red"]}


def test_strings_are_trimmed_and_empty_ones_are_absent() -> None:
    """Blanks around a value go away; a parameter that is empty then, or null, is absent."""
    body = json.dumps({"a": " x\t", "b": " ", "c": None, "d": [" y ", " "], "e": {"f": " "}})
    read = read_parameters("g=&h=%20%00", body.encode(), "application/json")
    assert read == {"a": "x", "d": ["y", None], "e": {"f": None}}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("filters[tag_name]", "x")], {"filters": {"tag_name": "x"}}),
        ([("tags[]", "a"), ("tags[]", "b")], {"tags": ["a", "b"]}),
        ([("a[b][c]", "1"), ("a[b][d]", "2")], {"a": {"b": {"c": "1", "d": "2"}}}),
        ([("a[5]", "x"), ("a[]", "y")], {"a": {"5": "x", "6": "y"}}),
        ([("a", "1"), ("a", "2")], {"a": "2"}),
        ([("a", "1"), ("a[b]", "2")], {"a": {"b": "2"}}),
        ([("a.b c", "1")], {"a_b_c": "1"}),
        ([("a[b", "1")], {"a_b": "1"}),
        ([("a[b]tail", "1")], {"a": {"b": "1"}}),
        ([("a[b][c", "1")], {"a": {"b": "1"}}),
        ([("a[[b.c d", "1")], {"a__b_c_d": "1"}),
        ([("[b]", "1"), ("[c", "1"), ("[", "1")], {}),
        ([("a[ ]", "1"), ("a[\t]", "2"), ("a[  ]", "3")], {"a": {"0": "1", "1": "2", "  ": "3"}}),
        ([("a[-5]", "1"), ("a[+7]", "2"), ("a[]", "3")], {"a": {"-5": "1", "+7": "2", "-4": "3"}}),
        ([("a\0b", "1"), ("c[d\0]", "2"), ("\0e", "3")], {"a": "1", "c_d": "2"}),
        ([("", "1"), (" ", "2")], {}),
        ([("a" + "[x]" * 65, "1")], {}),
    ],
)
def test_bracket_keys_build_arrays_as_php_does(
    pairs: list[tuple[str, str]], expected: dict[str, Value]
) -> None:
    """Keys with brackets make lists and mappings; odd ones fall where PHP lets them fall."""
    assert read_pairs(pairs) == expected


def test_fields_beyond_the_limit_are_ignored() -> None:
    """Only so many fields are read, the rest is as if it had not been sent."""
    assert len(read_pairs((f"k{index}", "v") for index in range(MAX_FIELDS + 5))) == MAX_FIELDS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        ("7", 7),
        (" 7 ", 7),
        ("+7", 7),
        ("-7", -7),
        ("0", 0),
        (5.0, 5),
        (True, 1),
        ("9223372036854775807", 2**63 - 1),
        (2**63, None),
        ("9" * 30, None),
        ("07", None),
        ("7.5", None),
        (7.5, None),
        ("٣", None),
        ("", None),
        ("-", None),
        (False, None),
        (None, None),
        ([1], None),
        (float("inf"), None),
    ],
)
def test_integers_are_those_of_php(value: Value, expected: int | None) -> None:
    """An integer is what FILTER_VALIDATE_INT takes for one, and nothing else."""
    assert as_integer(value) == expected


@given(
    query=st.text(),
    body=st.binary(),
    kind=st.sampled_from(
        [FORM, "application/json", "multipart/form-data; boundary=X", "multipart/form-data", "\xff"]
    ),
)
def test_no_bytes_break_the_reader(query: str, body: bytes, kind: str) -> None:
    """Whatever arrives is read into parameters which are never null and never empty strings."""
    read = read_parameters(query, body, kind)
    assert all(value is not None and value != "" for value in read.values())


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.integers()))
def test_json_objects_round_trip(data: dict[str, int]) -> None:
    """A JSON object of plain values is read as it was written."""
    assert read_parameters("", json.dumps(data).encode(), "application/json") == data

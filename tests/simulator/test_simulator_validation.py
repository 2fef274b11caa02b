from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator.laravel.rules import (
    Rule,
    integer,
    missing_row,
    required,
    required_without,
    required_without_all,
    string,
    url,
    validate,
)

if TYPE_CHECKING:
    from cleverapp_async.simulator.laravel.parameters import Value


@pytest.mark.parametrize(
    ("rule", "parameters", "text"),
    [
        (required, {}, "Поле bot id обязательно для заполнения."),
        (
            required_without("contact_id", "x"),
            {"x": 1},
            "Поле bot id обязательно для заполнения, когда contact id / x не указано.",
        ),
        (
            required_without_all("a_b", "c"),
            {},
            "Поле bot id обязательно для заполнения, когда ни одно из a b / c не указано.",
        ),
        (integer, {"bot_id": "x"}, "Поле bot id должно быть целым числом."),
        (string, {"bot_id": 7}, "Поле bot id должно быть строкой."),
        (url, {"bot_id": "nowhere"}, "Поле bot id имеет ошибочный формат URL."),
        (url, {"bot_id": ["https://example.com"]}, "Поле bot id имеет ошибочный формат URL."),
    ],
)
def test_a_broken_rule_says_so_in_the_words_of_the_pack(
    rule: Rule, parameters: dict[str, Value], text: str
) -> None:
    """Each rule's failure is the Russian pack's text, with spaces for underscores."""
    assert rule("bot_id", parameters) == text


@pytest.mark.parametrize(
    ("rule", "parameters"),
    [
        (required, {"f": 0}),
        (required_without("a", "b"), {"a": 1, "b": 1}),
        (required_without("a"), {"f": 1}),
        (required_without_all("a", "b"), {"b": 1}),
        (required_without_all("a", "b"), {"f": 1}),
        (integer, {"f": "12"}),
        (integer, {}),
        (string, {"f": "12"}),
        (string, {}),
        (url, {}),
    ],
)
def test_a_kept_rule_says_nothing(rule: Rule, parameters: dict[str, Value]) -> None:
    """A rule that holds, or concerns an absent field it does not demand, gives no text."""
    assert rule("f", parameters) is None


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com",
        "http://example.com:8080/a?b=c#d",
        "https://пример.рф/файл.png",
        "ftp://user@host/x",
        "http://[::1]:80/",
    ],
)
def test_absolute_urls_are_urls(value: str) -> None:
    """A scheme and a host make a URL, in any script."""
    assert url("f", {"f": value}) is None


@pytest.mark.parametrize("value", ["example.com", "https://", "https:///x", "http://a b/", "//x"])
def test_other_strings_are_no_urls(value: str) -> None:
    """Without a scheme or a host, or with blanks, a string is no URL."""
    assert url("f", {"f": value}) is not None


def test_failures_are_listed_by_field_in_the_order_of_the_rules() -> None:
    """All failures of a field come together, the fields in the order of their rules."""
    rules = {"b": (required,), "a": (string, integer), "c": (integer,)}
    errors = validate(rules, {"a": ["x"], "c": 1})
    assert list(errors) == ["b", "a"]
    assert len(errors["a"]) == 2


def test_a_missing_row_is_the_exists_failure() -> None:
    """What names nothing that is there gets the pack's text of `exists`."""
    assert missing_row("contact_id") == {
        "contact_id": ["Выбранное значение для contact id некорректно."]
    }

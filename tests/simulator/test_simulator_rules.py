from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator.laravel import rules
from cleverapp_async.simulator.laravel.parameters import as_boolean, as_decimal
from cleverapp_async.simulator.laravel.rules import email, matches
from tests.paths import SAMPLES

if TYPE_CHECKING:
    from cleverapp_async.simulator.laravel.parameters import Value

TEXTS = {
    name: text for name, text in vars(rules).items() if isinstance(text, str) and "{f}" in text
}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_text_is_in_the_pack(name: str) -> None:
    """Each rule's text is one of the language pack's, its placeholders aside."""
    pack = (SAMPLES / "language_pack.txt").read_text(encoding="utf-8").splitlines()
    plain = {re.sub(r":\w+", "…", line.partition("|")[2]) for line in pack}
    # The pack's later years say "the value of the field" in texts which are otherwise the same.
    plain |= {text.replace("Значение поля", "Поле") for text in plain}
    text = re.sub(r"\{\w\}", "…", TEXTS[name])
    text = text.replace("между …", "между … и …").replace("когда ….", "когда … равно ….")
    assert text in plain


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        (True, True),
        (1, True),
        ("1", True),
        (False, False),
        (0, False),
        ("0", False),
        (1.0, None),
        ("true", None),
        ([], None),
        ({}, None),
        (2, None),
        (None, None),
    ],
)
def test_truth_is_what_laravel_takes_for_it(value: Value, truth: bool | None) -> None:
    """Only true, false, 1, 0, "1" and "0" are truth values."""
    assert as_boolean(value) is truth


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, "5"),
        (" 0.10 ", "0.10"),
        (1e-7, "1e-07"),
        ("+1", "1"),
        ("1e400", "1e400"),
        ("nan", None),
        ("1_000", None),
        ("٣", None),
        ("9" * 50, None),
        (True, None),
        (None, None),
        ([1], None),
        (10**100, None),
    ],
)
def test_numbers_are_read_exactly(value: Value, number: str | None) -> None:
    """A number is what its shortest spelling says; other things are none."""
    assert as_decimal(value) == (None if number is None else Decimal(number))


@pytest.mark.parametrize("value", ["x", "@b.ru", "a@b", "a b@c.ru", "a@b..ru", "a@@b.ru", 5])
def test_what_is_no_address(value: Value) -> None:
    """A name, one @ and a domain with a point make an address."""
    assert email("f", {"f": value}) is not None
    assert email("f", {}) is None
    assert email("f", {"f": "a.b@c.example.com"}) is None


def test_a_shape_concerns_strings_only() -> None:
    """What is no string has its own rule."""
    rule = matches(re.compile("a+"))
    assert rule("f", {"f": 5}) is None
    assert rule("f", {"f": "b"}) == "Поле f имеет ошибочный формат."

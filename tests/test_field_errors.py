from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import field_errors
from cleverapp_async._converter import converter
from cleverapp_async._language_pack import WORDINGS
from cleverapp_async.field_errors import FieldError, parse_field_errors, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = Path(__file__).parent / "samples"
# The pack's lines as published, spelled out: rule and text as our table should answer them.
PUBLISHED = [
    (rule, text)
    for line in (SAMPLES / "language_pack.txt").read_text("utf-8").splitlines()
    for rule, _, text in [line.partition("|")]
]
VALUES = {
    "attribute": "contact id",
    "other": "bot id",
    "fields": "image / contact external id",
    "values": "jpg, png",
    "value": "5",
    "min": "1",
    "max": "20",
    "size": "3",
    "digits": "4",
    "decimal": "2-4",
    "date": "2019-05-10",
    "format": "Y-m-d",
}
NEEDED = "Поле text обязательно для заполнения."

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
names = st.from_regex(r"[a-z][a-z0-9]{0,8}(_[a-z0-9]{1,8}){0,3}", fullmatch=True)


def rendered(wording: str, values: dict[str, str]) -> str:
    """Fill a wording as the server would."""
    return re.sub(r":(\w+)", lambda gap: values[gap[1].lower()], wording)


def spelled_out() -> Iterator[tuple[str, str]]:
    """Yield every row of the table, once for each choice of its alternatives."""
    for rule, wording in WORDINGS:
        for text in field_errors._without_alternatives(wording):
            yield rule, text


def sample(path: str) -> object:
    """Read a documented sample."""
    return cast("object", json.loads((SAMPLES / path).read_text("utf-8")))


def string_leaves(value: object) -> Iterator[str]:
    """Yield every string of a JSON value that is not a key."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from string_leaves(item)
    elif isinstance(value, dict):
        for item in cast("dict[str, object]", value).values():
            yield from string_leaves(item)


class TestDocumentedSamples:
    """The answers that the API's pages print."""

    def test_send_message(self) -> None:
        """The page's sample of sendMessage gives each field its rule and the fields it needs."""
        errors = parse_field_errors(sample("sendMessage/validation.json"))
        assert [(error.field, error.rule, error.related) for error in errors] == [
            ("contact_id", "required_without", ("messenger", "bot_id", "contact_external_id")),
            ("text", "required_without_all", ("image", "file")),
            ("image", "required_without_all", ("text", "file")),
            ("file", "required_without_all", ("text", "image")),
            ("messenger", "required_without", ("contact_id",)),
            ("bot_id", "required_without", ("contact_id",)),
            ("contact_external_id", "required_without", ("contact_id",)),
        ]

    def test_messages_are_untouched(self) -> None:
        """Each text of a documented sample comes out as it went in, in the body's order."""
        body = cast("dict[str, dict[str, list[str]]]", sample("sendMessage/validation.json"))
        told = [error.message for error in parse_field_errors(body)]
        assert told == [text for texts in body["errors"].values() for text in texts]

    @pytest.mark.parametrize(
        ("path", "field", "rule"),
        [
            ("getContactVariables/validation.json", "contact_id", "required"),
            ("decodeShortLink/validation.json", "url", "url"),
        ],
    )
    def test_single_text(self, path: str, field: str, rule: str) -> None:
        """The samples of one text give one error with its rule."""
        (error,) = parse_field_errors(sample(path))
        assert (error.field, error.rule, error.related) == (field, rule, ())

    @pytest.mark.parametrize("name", ["forbidden", "messenger_limit", "accepted"])
    def test_other_answers(self, name: str) -> None:
        """An answer that is not about validation has no field errors."""
        assert parse_field_errors(sample(f"sendMessage/{name}.json")) == ()


class TestRecognition:
    """A text, its rule and its fields."""

    @pytest.mark.parametrize(("rule", "wording"), PUBLISHED)
    def test_published_wording(self, rule: str, wording: str) -> None:
        """Every line of the public packs, old and new, is recognised with and without its stop."""
        text = rendered(wording, VALUES)
        assert recognise(text)[0] == rule
        assert recognise(text.removesuffix("."))[0] == rule

    def test_every_row(self) -> None:
        """Every row of the table, in each of its alternatives, is recognised as its own rule."""
        for rule, wording in spelled_out():
            assert (recognise(rendered(wording, VALUES))[0], wording) == (rule, wording)

    def test_every_row_names_its_fields(self) -> None:
        """Other fields come back in the text's order as the API spells them, values do not."""
        spelled = {"other": ("bot_id",), "fields": ("image", "contact_external_id")}
        for _, wording in spelled_out():
            gaps = re.findall(r":([a-z]+)", wording)
            expected = tuple(name for gap in gaps for name in spelled.get(gap, ()))
            assert (recognise(rendered(wording, VALUES))[1], wording) == (expected, wording)

    def test_one_rule_for_a_text(self) -> None:
        """No wording stands in the table under two rules."""
        rules: dict[str, set[str]] = {}
        for rule, wording in spelled_out():
            rules.setdefault(re.sub(r":[a-z]+", ":", wording), set()).add(rule)
        assert [wording for wording, told in rules.items() if len(told) > 1] == []

    @given(st.sampled_from(WORDINGS), names, st.lists(names, min_size=1, max_size=4), st.data())
    def test_any_field_names(
        self, row: tuple[str, str], field: str, others: list[str], data: st.DataObject
    ) -> None:
        """The rule and the other fields do not depend on how the fields are called."""
        rule, wording = row
        text = data.draw(st.sampled_from(list(field_errors._without_alternatives(wording))))
        values = {
            "attribute": field.replace("_", " "),
            "other": others[0].replace("_", " "),
            "fields": " / ".join(name.replace("_", " ") for name in others),
        }
        expected: tuple[str, ...] = ()
        if ":other" in text:
            expected = (others[0],)
        elif ":fields" in text:
            expected = tuple(others)
        assert recognise(rendered(text, VALUES | values)) == (rule, expected)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            ".",
            "Поле",
            "Поле  обязательно для заполнения.",
            "Контакт не найден",
            "Поле age должно быть красивым.",
            "Поле text обязательно для заполнения. И ещё что-то.",
            "The text field is required.",
            "Количество символов в поле text не может превышать много.",
        ],
    )
    def test_unknown_text(self, text: str) -> None:
        """A text that is not of the pack has no rule and no fields."""
        assert recognise(text) == (None, ())

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Поле a обязательно для заполнения, когда b указано.", "required_with"),
            ("Поле a обязательно для заполнения, когда b не указано.", "required_without"),
            ("Выбранное значение для messenger ошибочно.", "in"),
            ("Поле image имеет ошибочный формат.", "regex"),
            ("Поле image имеет ошибочный формат URL.", "url"),
            ("Поле file должно быть файлом одного из следующих типов: jpg, png.", "mimes"),
            ("Поле a обязательно для заполнения", "required"),
            ("  Поле a обязательно для заполнения. \n", "required"),
        ],
    )
    def test_likely_mix_ups(self, text: str, expected: str) -> None:
        """Of the wordings that fit the most specific wins, of equal ones the general rule."""
        assert recognise(text)[0] == expected

    @given(st.text() | st.lists(st.sampled_from(sorted({*VALUES.values(), NEEDED}))).map("".join))
    def test_never_raises(self, text: str) -> None:
        """Any string gets an answer."""
        rule, related = recognise(text)
        assert rule is None or rule in dict(WORDINGS)
        assert rule is not None or related == ()

    @pytest.mark.parametrize(
        "text",
        [
            "Поле " * 2_000,
            "Поле " + " должно быть между " * 500,
            "Значение поля " + " должно быть когда " * 500 + " содержит",
            "Поле a обязательно для заполнения, когда " + " / " * 3_000 + " не указано.",
            "Поле " + "x" * 5_000_000 + " обязательно для заполнения.",
        ],
        ids=["words", "between", "present_if", "slashes", "huge"],
    )
    def test_hostile_text(self, text: str) -> None:
        """A text made to provoke backtracking is answered in a fraction of a second."""
        started = time.process_time()
        recognise(text)
        assert time.process_time() - started < 0.5


class TestShapes:
    """Whatever may stand under `errors`."""

    @pytest.mark.parametrize(
        ("errors", "expected"),
        [
            ({"text": [NEEDED, "x"]}, [("text", NEEDED), ("text", "x")]),
            ({"text": NEEDED, "file": "x"}, [("text", NEEDED), ("file", "x")]),
            ([NEEDED, "x"], [("", NEEDED), ("", "x")]),
            ("x", [("", "x")]),
            ({"data": {"sku": ["x"]}, "b": "y"}, [("data.sku", "x"), ("b", "y")]),
            ({"data": [{"sku": "x"}, ["y"]]}, [("data.sku", "x"), ("data", "y")]),
            ([{"a": "x"}], [("a", "x")]),
            (
                {"a": 5, "b": [None, True, 1.5]},
                [("a", "5"), *[("b", v) for v in ("null", "true", "1.5")]],
            ),
            (5, [("", "5")]),
            ({"": "x"}, [("", "x")]),
            ({"a": [], "b": {}}, []),
            ({}, []),
            ([], []),
            (None, []),
        ],
    )
    def test_errors_of_any_shape(self, errors: object, expected: list[tuple[str, str]]) -> None:
        """Whatever stands under `errors`, each text comes out once, in order, with its path."""
        found = parse_field_errors({"message": "The given data was invalid.", "errors": errors})
        assert [(error.field, error.message) for error in found] == expected

    @pytest.mark.parametrize(
        "body", [None, 5, "<html></html>", [], ["errors"], {}, {"message": "x"}]
    )
    def test_body_without_errors(self, body: object) -> None:
        """A body without `errors` has none."""
        assert parse_field_errors(body) == ()

    def test_rule_in_a_malformed_shape(self) -> None:
        """A known text keeps its rule wherever it stands."""
        (error,) = parse_field_errors({"errors": [[NEEDED]]})
        assert error == FieldError(field="", message=NEEDED, rule="required", related=())

    def test_deep_nesting(self) -> None:
        """Nesting deeper than the interpreter's stack is read like any other."""
        errors: object = "x"
        for _ in range(sys.getrecursionlimit() * 2):
            errors = [errors]
        assert [error.message for error in parse_field_errors({"errors": errors})] == ["x"]

    def test_foreign_value(self) -> None:
        """A value that no JSON holds is shown rather than raised over."""
        (error,) = parse_field_errors({"errors": {"a": b"x"}})
        assert error.message == "\"b'x'\""

    @given(json_values)
    def test_no_text_is_lost(self, errors: object) -> None:
        """For any JSON value, every string under `errors` is the message of some error."""
        messages = [error.message for error in parse_field_errors({"errors": errors})]
        assert [text for text in string_leaves(errors) if text not in messages] == []

    @given(json_values)
    def test_any_body(self, body: object) -> None:
        """Any JSON value as the body is read without an exception."""
        assert all(isinstance(error, FieldError) for error in parse_field_errors(body))

    @given(st.dictionaries(names, st.lists(st.text(), min_size=1), min_size=1))
    def test_documented_shape(self, errors: dict[str, list[str]]) -> None:
        """The documented shape gives one error per text, in order, under its field."""
        found = parse_field_errors({"errors": errors})
        assert [(error.field, error.message) for error in found] == [
            (field, text) for field, texts in errors.items() for text in texts
        ]


class TestFieldError:
    """The object itself, and its way through cattrs."""

    def test_frozen(self) -> None:
        """An error cannot be changed."""
        error = FieldError("text", "x")
        with pytest.raises(FrozenInstanceError):
            error.field = "file"  # type: ignore[misc]

    def test_pickles(self) -> None:
        """An error survives pickling, as the exception that holds it must."""
        errors = parse_field_errors(sample("sendMessage/validation.json"))
        assert pickle.loads(pickle.dumps(errors)) == errors  # noqa: S301 - our own bytes

    @given(
        st.lists(
            st.builds(
                FieldError,
                st.text(),
                st.text(),
                st.none() | st.text(),
                st.lists(st.text()).map(tuple),
            )
        ).map(tuple)
    )
    def test_round_trip(self, errors: tuple[FieldError, ...]) -> None:
        """Errors come back from their own unstructured form, also by way of JSON."""
        plain = converter.unstructure(errors)
        assert converter.structure(plain, tuple[FieldError, ...]) == errors
        assert converter.structure(json.loads(json.dumps(plain)), tuple[FieldError, ...]) == errors

    def test_structured_by_cattrs(self) -> None:
        """The converter structures the API's `errors` object wherever a model holds it."""
        errors = converter.structure({"text": [NEEDED]}, tuple[FieldError, ...])
        assert errors == (FieldError("text", NEEDED, "required"),)


def test_import_compiles_nothing() -> None:
    """Importing the module compiles no wording: that waits for the first text."""
    code = (
        "from cleverapp_async import field_errors as f;"
        "assert f._by_first_word.cache_info().misses == 0;"
        "assert f.recognise('x') == (None, ());"
        "assert f._by_first_word.cache_info().misses == 1"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")

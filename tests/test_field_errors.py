from __future__ import annotations

import json
import pickle
import re
import sys
import time
from typing import TYPE_CHECKING, cast

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import FieldError
from cleverapp_async._converter import converter
from cleverapp_async._laravel_messages import language_pack
from cleverapp_async._laravel_messages.wording import alternatives_of
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.field_errors import parse_field_errors, recognise
from tests.paths import SAMPLES
from tests.processes import run_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ATTRIBUTES = list(language_pack().attributes.items())
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
    "limit": "7",
    "encoding": "UTF-8",
    "slug": "slug",
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
PARAMETERS = sorted({one.name for row in ENDPOINTS.values() for one in row.parameters})
NESTED = ["filters.tag_name", "objs.0.a", "data.sku", "fields.3.type", "tags.*"]
parameters = st.sampled_from(PARAMETERS + NESTED) | names
# What a pack's words cannot be mistaken for, the signs of regular expressions among it.
free_texts = st.text(r"ABCXYZ0189 .*+?()[]{}|^$\/:;,-_%«»#@!", max_size=12)
numbers = st.integers(0, 10**6).map(str)
fillings = st.fixed_dictionaries(
    {
        **dict.fromkeys(["min", "max", "size", "digits", "decimal", "limit"], numbers),
        **dict.fromkeys(["value", "values"], free_texts),
        "joint": st.sampled_from([" / ", ", "]),
    }
)


def spelled_out() -> Iterator[tuple[str, str]]:
    """Yield every row of the table, once for each choice of its alternatives, as a whole text."""
    for rules, wording in language_pack().wordings:
        for text in alternatives_of(wording):
            whole = text.startswith("^") or ":attribute" in text
            yield rules, text.removeprefix("^") if whole else f"Поле :attribute {text}"


SPELLED_OUT = list(spelled_out())


def rendered(wording: str, values: Mapping[str, str]) -> str:
    """Fill a wording as the server would."""
    return re.sub(r":([A-Za-z]+)", lambda gap: values[gap[1].lower()], wording)


def shown(name: str) -> str:
    """A parameter's name as the framework shows it."""
    return name.replace("_", " ")


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
        """Every wording of the public packs, old and new, and of the framework is recognised."""
        text = rendered(wording, VALUES)
        assert recognise(text)[0] == rule
        (error,) = parse_field_errors({"errors": {"contact_id": [text]}})
        assert (error.rule, error.message) == (rule, text)

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: text.removesuffix("."),
            lambda text: f"  {text} \n",
            lambda text: text.replace("ё", "е"),
            lambda text: text.upper(),
            lambda text: text.replace("contact id", "«contact id»"),
            lambda text: text.replace("contact id", "Contact id"),
            lambda text: text.replace("contact id", '"contact id"').replace(",", " ,"),
            lambda text: text.replace("когда", "если").replace("должно быть", "должен быть"),
            lambda text: text.replace("больше", "более").replace("меньше", "менее"),
            lambda text: text.replace("Кб", "КБ").replace("Килобайт(а)", "килобайта"),
        ],
        ids=[
            "stop",
            "space",
            "yo",
            "upper",
            "quotes",
            "capital",
            "commas",
            "gender",
            "synonyms",
            "units",
        ],
    )
    def test_published_wording_written_otherwise(self, change: Callable[[str], str]) -> None:
        """Case, quotes, stops, endings and usual synonyms change neither rule nor fields."""
        texts = [(rule, rendered(wording, VALUES)) for rule, wording in PUBLISHED]
        told = {text: recognise(text) for _, text in texts}
        assert [text for _, text in texts if recognise(change(text)) != told[text]] == []

    def test_every_row(self) -> None:
        """Every row of the table, in each of its alternatives, is recognised as its own rule."""
        told = [
            (rules.split(), text, recognise(rendered(text, VALUES))) for rules, text in SPELLED_OUT
        ]
        assert [(text, found) for rules, text, found in told if found[0] not in rules] == []

    def test_every_row_names_its_fields(self) -> None:
        """Other fields come back in the text's order as the API spells them, values do not."""
        for _, text in SPELLED_OUT:
            spelled = {"other": ("bot_id",), "fields": ("image", "contact_external_id")}
            gaps = re.findall(r":([a-z]+)", text)
            expected = tuple(name for gap in gaps for name in spelled.get(gap, ()))
            assert (recognise(rendered(text, VALUES))[1], text) == (expected, text)

    def test_one_line_for_a_text(self) -> None:
        """No two wordings of different rules fit the same text equally well."""
        best: dict[str, set[str]] = {}
        for rules, text in SPELLED_OUT:
            best.setdefault(rendered(text, VALUES).replace("7", "5"), set()).add(rules)
        assert [text for text, rules in best.items() if len(rules) > 1] == []

    @given(
        st.sampled_from(SPELLED_OUT),
        parameters,
        st.lists(parameters, min_size=1, max_size=4),
        fillings,
        st.sampled_from(["", "."]),
    )
    def test_any_names_and_values(
        self,
        row: tuple[str, str],
        field: str,
        others: list[str],
        filling: dict[str, str],
        stop: str,
    ) -> None:
        """The rule and the other fields depend on neither the fields' names nor the values."""
        rules, text = row
        names = {
            "attribute": shown(field),
            "other": shown(others[0]),
            "fields": filling["joint"].join(map(shown, others)),
        }
        message = rendered(text, VALUES | filling | names) + stop
        (error,) = parse_field_errors({"errors": {field: message}})
        expected = others if ":fields" in text else others[: ":other" in text]
        assert (error.message, error.related) == (message, tuple(expected))
        assert error.rule in rules.split()

    @pytest.mark.parametrize(
        ("key", "rule"),
        [
            ("validation.prohibits", "prohibits"),
            ("validation.required_without_all", "required_without_all"),
            ("validation.max.string", "max"),
            ("validation.between.numeric", "between"),
            ("validation.password.letters", "password"),
            ("validation.custom.messenger.in", "in"),
            ("validation.custom.data.sku.max.string", "max"),
            (" validation.uuid\n", "uuid"),
            ("validation.a_rule_of_tomorrow", "a_rule_of_tomorrow"),
            ("validation", None),
            ("validation.", None),
            ("validation.custom", None),
            ("validation.attributes.name", None),
            ("validation.max.of.something", None),
            ("auth.failed", None),
        ],
    )
    def test_bare_key(self, key: str, rule: str | None) -> None:
        """What the framework answers where it has no text at all names the rule."""
        assert recognise(key) == (rule, ())

    @pytest.mark.parametrize(
        "text",
        [
            "",
            ".",
            "Поле",
            "Контакт не найден",
            "Поле age должно быть красивым.",
            "Поле text обязательно для заполнения. И ещё что-то.",
            "The text field is required. Really.",
            "Значение поля text не должно быть списком.",
            "Поле text не обязательно для заполнения.",
            "The text is not a valid thing.",
            "Всё пропало. Значение поля text должно быть числом.",
            "Поле text обязательно для заполнения, когда не указано.",
            "слово " * 20 + "должно быть числом.",
            "Количество символов в поле text не может превышать много.",
            "Доступ запрещён.",
            "Отправка сообщений контакту запрещена",
            "This action is prohibited.",
            "Контакт должен отсутствовать в списке",
            "Поле data содержит повторяющееся значение и запрещено.",
            "Поле text обязательно, если image не указано и messenger равно viber.",
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
            ("Поле phone имеет ошибочный формат.", "regex"),
            ("Поле image имеет ошибочный формат.", "url"),
            ("Значение поля image имеет некорректный формат.", "url"),
            ("Значение поля image некорректно.", "regex"),
            ("Значение поля messenger некорректно.", "in"),
            ("Выбранное значение для messenger некорректно.", "in"),
            ("Выбранное значение для is menu некорректно.", "in"),
            ("Выбранное значение для contact id некорректно.", "exists"),
            ("The selected messenger is invalid.", "in"),
            ("The selected bot id is invalid.", "exists"),
            ("The selected schema id is invalid.", "exists"),
            ("The selected status is invalid.", "in"),
            ("Поле Дата должно быть больше 5.", "gt"),
            ("Дата должна быть больше 2019-05-10.", "after"),
            ("Поле обязательно для заполнения.", "required"),
            ("Поле image имеет ошибочный формат URL.", "url"),
            ("Поле file должно быть файлом одного из следующих типов: jpg, png.", "mimes"),
            ("Поле a обязательно для заполнения", "required"),
            ("  Поле a обязательно для заполнения. \n", "required"),
            ("Запрещено.", "prohibited"),
            ("Это поле запрещено.", "prohibited"),
            ("Поле Текст запрещено", "prohibited"),
        ],
    )
    def test_likely_mix_ups(self, text: str, expected: str) -> None:
        """The most specific wording wins; of rules in the same words the type tells."""
        assert recognise(text)[0] == expected

    @given(st.text() | st.lists(st.sampled_from(sorted({*VALUES.values(), NEEDED}))).map("".join))
    def test_never_raises(self, text: str) -> None:
        """Any string gets an answer."""
        rule, related = recognise(text)
        assert rule is None or any(rule in rules.split() for rules, _ in language_pack().wordings)
        assert rule is not None or related == ()

    @pytest.mark.parametrize(
        "text",
        [
            "Поле " * 2_000,
            "Поле " + " должно быть между " * 500,
            "Значение поля " + " должно быть когда " * 500 + " содержит",
            "Поле a обязательно для заполнения, когда " + " / " * 3_000 + " не указано.",
            "Поле " + "x" * 5_000_000 + " обязательно для заполнения.",
            "Поле a должно быть " * 5_000,
            "a." * 4_900,
            ". А" * 3_000,
            " ".join(text for _, text in PUBLISHED)[:9_900],
            "validation." + "custom." * 10_000,
            "Поле a обязательно, когда a" + " " * 9_000 + "b не указано.",
        ],
        ids=[
            "words",
            "between",
            "present_if",
            "slashes",
            "huge",
            "100kB",
            "path",
            "sentences",
            "packs",
            "key",
            "blanks",
        ],
    )
    def test_hostile_text(self, text: str) -> None:
        """A text made to provoke backtracking is answered in a fraction of a second."""
        started = time.process_time()
        recognise(text)
        assert time.process_time() - started < 0.5


class TestTranslatedNames:
    """Words of a pack that stand for parameters."""

    @pytest.mark.parametrize(
        ("word", "name"),
        [
            ("Телефон", "phone"),
            ("номер телефона", "phone"),
            ("E-Mail адрес", "email"),
            ("email адрес", "email"),
            ("ОПИСАНИЕ", "description"),
            ("«Адрес»", "address"),
            ("поле Адрес", "address"),
            ("Имя", "name"),
            ("Дата", "date"),
            ("Счёт", "account_id"),
            ("Bot id", "bot_id"),
            ("objs.0.a", "objs.0.a"),
            ("filters.tag name", "filters.tag_name"),
        ],
    )
    def test_a_translated_name_is_the_parameter(self, word: str, name: str) -> None:
        """What the pack shows for a parameter comes back as the parameter's name."""
        text = f"Поле text обязательно для заполнения, когда {word} / image не указано."
        assert recognise(text) == ("required_without", (name, "image"))

    @pytest.mark.parametrize("word", ["Пол", "Фамилия руководителя", "Some Thing", "😀x"])
    def test_a_word_that_stands_for_nothing(self, word: str) -> None:
        """A word that no parameter is known by, or two alike, stays in the text alone."""
        text = f"Поле text обязательно для заполнения, когда {word} / bot id указано."
        (error,) = parse_field_errors({"errors": {"text": [text]}})
        assert (error.rule, error.related, error.message) == ("required_with", ("bot_id",), text)

    @pytest.mark.parametrize(
        ("endpoint", "name"),
        [
            ("getContacts", "count"),
            ("addFundsToContactAccount", "amount"),
            ("no_such_method", "amount"),
            (None, "amount"),
        ],
    )
    def test_the_method_decides(self, endpoint: str | None, name: str) -> None:
        """Where a word stands for two parameters, it is that of the method that answered."""
        text = "Поле page обязательно для заполнения, когда Количество указано."
        assert recognise(text, endpoint=endpoint)[1] == (name,)
        (error,) = parse_field_errors({"errors": {"page": [text]}}, endpoint=endpoint)
        assert error.related == (name,)

    def test_the_answer_tells_its_own_names(self) -> None:
        """What a text calls its own field is what the other texts mean by it."""
        body = {
            "errors": {
                "messenger": [
                    "Поле Канал связи обязательно для заполнения, когда Клиент не указано."
                ],
                "contact_id": [
                    "Поле «Клиент» обязательно для заполнения, когда Канал связи не указано."
                ],
                "sex": ["Значения полей Пол и Канал связи должны различаться."],
                "gender_note": ["Обязательно для заполнения, когда Пол указано."],
            }
        }
        told = [(error.field, error.related) for error in parse_field_errors(body)]
        assert told == [
            ("messenger", ("contact_id",)),
            ("contact_id", ("messenger",)),
            ("sex", ("messenger",)),
            ("gender_note", ("sex",)),
        ]

    def test_a_name_that_two_fields_share(self) -> None:
        """A name that an answer gives to two fields tells of neither."""
        body = {
            "errors": {
                "a": ["Поле Нечто обязательно для заполнения."],
                "b": ["Поле Нечто обязательно для заполнения."],
                "c": ["Поле Другое обязательно для заполнения, когда Нечто указано."],
            }
        }
        assert parse_field_errors(body)[2].related == ()

    @pytest.mark.parametrize(
        ("text", "related"),
        [
            ("В поле date to должна быть дата после date from.", ("date_from",)),
            ("В поле date to должна быть дата после 2019-05-10.", ()),
            ("В поле date to должна быть дата после завтра.", ()),
            ("Поле limit должно быть больше или равно page.", ("page",)),
            ("The limit field must be greater than page.", ("page",)),
            ("Поле limit должно быть больше 5.", ()),
        ],
    )
    def test_a_size_or_a_date_of_another_field(self, text: str, related: tuple[str, ...]) -> None:
        """Where a size or a date is another parameter's, that parameter is named."""
        rule, named = recognise(text)
        assert rule in {"after", "gt", "gte"}
        assert named == related

    @given(st.sampled_from(ATTRIBUTES), st.sampled_from([str.lower, str.upper, str.capitalize]))
    def test_every_word_of_the_table(
        self, row: tuple[str, Sequence[str]], case: Callable[[str], str]
    ) -> None:
        """Each word of the table stands for its parameter where the answer has that one."""
        name, words = row
        for word in words:
            text = f"Обязательно для заполнения, когда {case(word)} указано."
            errors = parse_field_errors({"errors": {"x": [text], name: ["y"]}})
            assert (errors[0].related, word) == ((name,), word)

    @pytest.mark.parametrize(
        ("names", "related"),
        [
            ("значений image / file", ("image", "file")),
            ("полей image, phone и email", ("image", "phone", "email")),
            ("image или телефон", ("image", "phone")),
            ("image / то и другое", ("image",)),
        ],
    )
    def test_names_that_an_application_lists_itself(
        self, names: str, related: tuple[str, ...]
    ) -> None:
        """Several names in a sentence's own way are each brought back, and words are left."""
        text = f"Поле text обязательно, когда ни одно из {names} не указано."
        assert recognise(text) == ("required_without_all", related)

    def test_a_statement_is_no_name(self) -> None:
        """Words that say something of a field are not taken for the name of one."""
        text = "The text field is required when messenger is present and image is not present."
        assert recognise(text) == ("required_without", ("image",))

    def test_a_field_does_not_depend_on_itself(self) -> None:
        """A translated name that would stand for the field itself is left to the text."""
        text = "Поле text обязательно для заполнения, когда Сообщение не указано."
        (error,) = parse_field_errors({"errors": {"text": text}}, endpoint="sendMessage")
        assert (error.rule, error.related) == ("required_without", ())


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
    """Importing the package reads no wording: that waits for the first text."""
    code = (
        "from cleverapp_async import field_errors as f;"
        "import sys; packs = 'cleverapp_async._laravel_messages';"
        "assert packs not in sys.modules;"
        "assert f.recognise('x') == (None, ());"
        "assert packs in sys.modules"
    )
    done = run_code(code, check=False)
    assert (done.returncode, done.stderr) == (0, "")

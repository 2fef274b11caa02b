from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.cli.recipients.template import Template, TemplateError


def test_fills_columns() -> None:
    """Each field takes the cell of the column it names, as often as it stands there."""
    template = Template.parse("Здравствуйте, {Имя}! {city} {Имя}")
    assert template.columns == ("Имя", "city")
    assert template.render({"Имя": "Анна", "city": "Тула"}) == "Здравствуйте, Анна! Тула Анна"


def test_braces() -> None:
    """Doubled braces stand for braces."""
    assert Template.parse("{{{a}}} {{}}").render({"a": "x"}) == "{x} {}"


@pytest.mark.parametrize("name", ["a.__class__", "a[0]", "a!r", "a:>9", "0", " a "])
def test_a_field_is_a_name_and_nothing_else(name: str) -> None:
    """What str.format would obey is only ever a column's name here."""
    template = Template.parse(f"{{{name}}}")
    assert template.columns == (name,)
    assert template.render({name: "cell"}) == "cell"


def test_a_cell_is_no_template() -> None:
    """Braces in a cell stay as they are."""
    assert Template.parse("{a}").render({"a": "{b} {{"}) == "{b} {{"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Hi {name", "'{' at character 4 is not closed"),
        ("Hi {na{me}", "'{' at character 4 is not closed"),
        ("Hi }", "'}' at character 4 closes nothing"),
        ("Hi {}", "'{}' at character 4 names no column"),
        ("Hi { }", "'{}' at character 4 names no column"),
    ],
)
def test_refuses_broken_templates(text: str, told: str) -> None:
    """A template that cannot be read is refused with the place and the remedy."""
    with pytest.raises(TemplateError) as caught:
        Template.parse(text)
    assert told in str(caught.value)


@given(st.text())
def test_escaped_text_renders_as_itself(text: str) -> None:
    """Any text with its braces doubled is the template of that text."""
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert Template.parse(escaped).render({}) == text


@given(st.text("{}ab ", max_size=12))
def test_parsing_never_fails_otherwise(text: str) -> None:
    """Whatever the text, it is a template or a TemplateError."""
    try:
        template = Template.parse(text)
    except TemplateError:
        assert "{" in text or "}" in text
    else:
        assert all(name.strip() for name in template.columns)

"""Reads the texts of the Laravel framework, in which the API says what is wrong with a parameter.

:mod:`.wording` tells which rule a text speaks of and what it names; here is which parameters these
names stand for. What the framework may say is data: ``language_pack.toml``, which is read with the
first text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, cast

from attrs import field as attribute
from attrs import frozen

from ..endpoints import ENDPOINTS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .wording import Reading


__all__ = ["LanguagePack", "Names", "language_pack"]

# How the framework writes a parameter's own name, underscores as spaces: `bot id`, `data.0.sku`.
_SPELLED: Final = re.compile(r"[a-z0-9_]+(?:[ .-]+(?:[a-z0-9_]+|\*))*")
# Between two names.
_BETWEEN: Final = re.compile(r" (?:и|или|либо|and|or) ", re.IGNORECASE)
# What is said of a field, and no part of its name.
_STATEMENT: Final = re.compile(r" (?:is|are) (?:not|present|empty|missing)\b")
# Parameters of which the API takes one of a few values.
_CHOICES: Final = frozenset({"messenger", "with", "currency", "type", "order_by"})


@frozen
class Names:
    """The parameters that the texts of an answer may speak of.

    Attributes:
        own: The parameters of the method that answered, with their types; none where it is not
            known.
        fields: The fields of the answer.
        called: What the answer's own texts call its fields.
    """

    own: Mapping[str, Kind] = attribute(factory=dict[str, Kind])
    fields: Collection[str] = ()
    called: Mapping[str, str] = attribute(factory=dict[str, str])

    @classmethod
    def of(cls, endpoint: str | None, texts: Iterable[tuple[str, Reading]] = ()) -> Names:
        """Gather them.

        Args:
            endpoint: The method that answered, as the API spells it; None where it is not known.
            texts: The fields of the answer, each with what a text of it says.
        """
        row = ENDPOINTS.get(endpoint or "")
        own = {one.name: one.kind for one in row.parameters} if row else {}
        fields: set[str] = set()
        called: dict[str, set[str]] = {}
        for field, reading in texts:
            fields.add(field)
            called.setdefault(_words_of(reading.subject), set()).add(field)
        alone = {word: names.pop() for word, names in called.items() if word and len(names) == 1}
        return cls(own, fields, alone)

    def parameter(self, word: str) -> str | None:
        """The parameter that ``word`` surely stands for; None where nothing tells."""
        return self._itself(word) or self._meant(word)

    def _itself(self, word: str) -> str | None:
        """A parameter that is known, spelled as the framework writes it."""
        spelled = _spelled(word.lower())
        known = (self.own, self.fields, _parameters())
        return spelled if spelled and any(_holds(names, spelled) for names in known) else None

    def _meant(self, word: str) -> str | None:
        """The parameter that a translated name stands for."""
        key = _words_of(word)
        if key in self.called:
            return self.called[key]
        candidates = _attributes().get(key, ())
        for names in (self.own, self.fields, _parameters()):
            if found := [name for name in candidates if name in names]:
                return found[0]
        return candidates[0] if len(candidates) == 1 else None

    def _other(self, word: str, field: str) -> str | None:
        """The parameter beside ``field`` that a word stands for: a translation of both is none."""
        return self._itself(word) or (name if (name := self._meant(word)) != field else None)

    def related(self, reading: Reading, field: str) -> Iterator[str]:
        """The other parameters that a text names, where it is about ``field``."""
        for word in reading.names:
            yield from self._named(word, field)
        for word in reading.maybe_names:
            if name := self._other(word, field):
                yield name

    def _named(self, word: str, field: str) -> Iterator[str]:
        """The parameters that stand where a text names other fields."""
        if name := self._other(word, field):
            yield name
        elif len(words := _BETWEEN.split(word)) > 1:
            for one in words:
                yield from self._named(one.strip(), field)
        # What is spelled like a parameter is one, documented or not: the framework takes the name
        # itself where the pack has no word for it.
        elif not _STATEMENT.search(word) and (name := _spelled(word[:1].lower() + word[1:])):
            yield name

    def rule(self, field: str, rules: tuple[str, ...]) -> str | None:
        """The likeliest of the rules that a text may speak of."""
        # Of `fields.0.type` the type, of `tags.0` the tags.
        parts = (part for part in reversed(field.split(".")) if part.strip("0123456789*"))
        name = next(parts, "")
        kind = self.own.get(name) or _parameters().get(name)
        if kind is Kind.URL and not {"url", "regex"}.isdisjoint(rules):
            return "url" if "url" in rules else "regex"
        if "in" in rules and (kind is Kind.FLAG or name in _CHOICES):
            return "in"
        if "exists" in rules and (kind is Kind.INTEGER or name.endswith("_id")):
            return "exists"
        return rules[0] if rules else None


def _holds(names: Iterable[str], name: str) -> bool:
    """Whether a parameter is one of ``names``, or lies within one."""
    return name in names or name.partition(".")[0] in names


def _spelled(word: str) -> str | None:
    """The name of a parameter that is written with spaces; None for what is no such name."""
    return re.sub(r" +", "_", word) if _SPELLED.fullmatch(word) else None


@cache
def _parameters() -> Mapping[str, Kind]:
    """The type of every parameter of the API."""
    return {one.name: one.kind for row in ENDPOINTS.values() for one in row.parameters}


@cache
def _attributes() -> Mapping[str, tuple[str, ...]]:
    """The parameters by the words that stand for them."""
    found: dict[str, tuple[str, ...]] = {}
    for name, words in language_pack().attributes.items():
        for word in words:
            found[word] = (*found.get(word, ()), name)
    return found


def _words_of(text: str) -> str:
    """The words of a phrase in lower case, without punctuation and ``ё``."""
    return " ".join(re.findall(r"\w+", text.lower().replace("ё", "е")))


@frozen
class LanguagePack:
    """The texts of all versions of the framework's language pack, as the file explains them.

    Attributes:
        synonyms: Lines of words that the packs use for one another.
        wordings: The names of the rules, with a space between them, and their wording.
        attributes: The words that stand for a parameter, by the parameter's name.
    """

    synonyms: Sequence[str]
    wordings: Sequence[tuple[str, str]]
    attributes: Mapping[str, Sequence[str]]


@cache
def language_pack() -> LanguagePack:
    """The language pack, read once."""
    data = tomllib.loads(files(__name__).joinpath("language_pack.toml").read_text("utf-8"))
    shorthands = cast("dict[str, str]", data["shorthands"])
    wordings = cast("list[tuple[str, str]]", data["wordings"])
    return LanguagePack(
        synonyms=cast("list[str]", data["synonyms"]),
        wordings=[(rules, wording.format_map(shorthands)) for rules, wording in wordings],
        attributes=cast("dict[str, list[str]]", data["attributes"]),
    )

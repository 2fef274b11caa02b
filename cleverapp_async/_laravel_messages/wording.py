"""Reads one text of a language pack: which rules it may speak of, and what it names.

A text and the wordings of the table are brought to the same plain form, word by word, and
compared there; what stands in a wording's gaps is then cut out of the text as it came.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from attrs import frozen

from . import language_pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["NOTHING", "Reading", "alternatives_of", "read_message"]

# No text of the packs comes near it, and a hostile one must not cost time.
_LONGEST: Final = 10_000
_LONGEST_SUBJECT: Final = 16
_LONGEST_NAME: Final = 4
_NUMBERS: Final = frozenset({"min", "max", "size", "digits", "decimal"})
_NAMES: Final = frozenset({"other", "fields"})
_MAYBE_NAMES: Final = frozenset({"limit", "date"})
_MAY_BE_EMPTY: Final = frozenset({"attribute", "value", "values"})
_NEGATIONS: Final = frozenset({"не", "ни", "not", "none", "never"})
# They say something of a field, and so are no part of its name.
_VERBS: Final = frozenset(
    [
        "должен",
        "должна",
        "должно",
        "должны",
        "может",
        "могут",
        "содержит",
        "имеет",
        "является",
        "must",
        "may",
        "cannot",
    ]
)
_ALTERNATIVES: Final = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER: Final = re.compile(r":([a-z]+)")
_NUMBER: Final = re.compile(r"[-+0-9., \N{NO-BREAK SPACE}]+")
# A word, or the path of a nested field; the plural that a pack puts in brackets is no part of it.
_WORD: Final = re.compile(r"(\w+(?:\.(?:\w+|\*))*)(?:\([А-Яа-яЁё]{1,3}\))?")
_ENDING: Final = re.compile(
    "(?:ыми|ими|ого|его|ому|ему|ами|ями|ием|ая|яя|ое|ее|ые|ие|ый|ий|ой|ым|им|ом|ем|ей|ую|юю|ах|ях"
    "|ов|ев|ия|ии|ию|а|е|и|о|у|ы|ю|я|ь|й)$"
)
_SHORTEST: Final = 4
_QUOTES: Final = " «»„“”‘’'\"`"
_JOINTS: Final = re.compile(r" / |, ")
# "Поле text", "Количество символов в поле text", "The text field".
_INTRODUCTION: Final = re.compile(
    r"^(?:(?:\S+\s+){0,4}?пол(?:е|я|ей|ем|ю)|значени(?:е|я|й)|the|this)\s+(?=\S)", re.IGNORECASE
)
_SENTENCE_ENDS: Final = re.compile(r"[.!?]\s+[A-ZА-ЯЁ]")
_RULE: Final = re.compile(r"[a-z][a-z0-9_]*")
_TYPES: Final = frozenset(
    {
        "array",
        "file",
        "letters",
        "mixed",
        "numbers",
        "numeric",
        "string",
        "symbols",
        "uncompromised",
    }
)
_NO_RULES: Final = frozenset({"attributes", "custom", "values"})


@frozen
class Reading:
    """What a text says.

    Attributes:
        rules: Laravel's names of the rules that have these words, the likeliest first; none for
            a text that no pack holds.
        subject: What the text calls the field itself; empty where it does not.
        names: What the text calls other fields, in its order.
        maybe_names: What stands where a size or a date does, and may be another field's name.
    """

    rules: tuple[str, ...] = ()
    subject: str = ""
    names: tuple[str, ...] = ()
    maybe_names: tuple[str, ...] = ()


NOTHING: Final = Reading()
"""What a text says that no pack holds."""


@frozen
class _Wording:
    """One wording without alternatives, in plain form: runs of words with a gap between each two.

    Each run is sought once, leftmost: the cost is linear in the length of the text, whatever it is.

    Attributes:
        rules: The rules that have it.
        runs: The fixed words; the first is empty where the wording begins with a gap, the last
            where it ends with one.
        gaps: The names of the gaps.
        rank: Which of two that fit counts: the more fixed characters, the more specific; of
            equal ones always the same.
    """

    rules: tuple[str, ...]
    runs: tuple[str, ...]
    gaps: tuple[str, ...]
    rank: tuple[int, tuple[str, ...], tuple[str, ...]]

    def gaps_in(self, plain: str) -> tuple[tuple[int, int], ...] | None:
        """Where in ``plain`` the gaps are; None where it has another wording."""
        head, tail = self.runs[0], self.runs[-1]
        if not self.gaps:
            return () if plain == head else None
        if not (plain.startswith(head) and plain.endswith(tail)):
            return None
        found: list[tuple[int, int]] = []
        # A run has a space at either end, and shares it with the gap beside it.
        start, end = max(len(head) - 1, 0), len(plain) - max(len(tail), 1)
        for gap, following in zip(self.gaps, self.runs[1:-1], strict=False):
            stop = plain.find(following, start + (gap not in _MAY_BE_EMPTY))
            if stop < 0:
                return None
            found.append((start, stop))
            start = stop + len(following) - 1
        found.append((start, end))
        return tuple(found) if start <= end else None


@frozen
class _Text:
    """A text with its plain form."""

    text: str
    plain: str
    spans: tuple[tuple[int, int], ...]

    def words_in(self, gap: tuple[int, int]) -> tuple[int, int]:
        """The numbers of the first word in a gap of the plain form, and of that after the last."""
        first = self.plain.count(" ", 0, gap[0])
        return first, first + self.plain.count(" ", *gap)

    def between(self, first: int, last: int) -> str:
        """What stands in the text from the end of the word before to the next word's start."""
        start = self.spans[first - 1][1] if first else 0
        stop = self.spans[last][0] if last < len(self.spans) else len(self.text)
        return self.text[start:stop]


def read_message(text: str) -> Reading:
    """Tell what a text of the server says.

    Args:
        text: One text of a validation answer, in Russian or in the framework's English.

    Returns:
        The rules that it may speak of and the names in it; nothing for an unknown text.
    """
    return _read(text.strip()) if len(text) <= _LONGEST else NOTHING


# A campaign is refused in the same few texts again and again.
@lru_cache(maxsize=256)
def _read(text: str) -> Reading:
    if rule := _rule_of_key(text):
        return Reading((rule,))
    pack = _pack()
    read = _plain(text, pack.synonyms)
    best, best_wording = NOTHING, None
    for word in set(read.plain.split()):
        for wording in pack.wordings.get(word, ()):
            if best_wording and wording.rank < best_wording.rank:
                break
            if reading := _reading(wording, read):
                best, best_wording = reading, wording
                break
    return best


def _rule_of_key(text: str) -> str | None:
    """The rule that a bare key names: what the framework answers where it finds no text."""
    place, *path = text.split(".")
    if place != "validation" or not path:
        return None
    if len(path) > 1 and path[-1] in _TYPES:
        del path[-1]
    if path[0] == "custom" and len(path) > 2:  # noqa: PLR2004 - validation.custom.FIELD.RULE
        path = path[-1:]
    (rule, *more) = path
    known = not more and rule not in _NO_RULES and _RULE.fullmatch(rule)
    return rule if known else None


def _plain(text: str, synonyms: Mapping[str, str]) -> _Text:
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        word = _plain_word(found[1])
        words.append(synonyms.get(word, word))
        spans.append(found.span(1))
    return _Text(text, f" {' '.join(words)} " if words else " ", tuple(spans))


@lru_cache(maxsize=1024)
def _plain_word(word: str) -> str:
    """A word in lower case, without ``ё`` and its ending."""
    word = word.lower().replace("ё", "е")
    if len(word) >= _SHORTEST and "а" <= word[-1] <= "я":
        word = _ENDING.sub("", word)
    return word


def _reading(wording: _Wording, read: _Text) -> Reading | None:
    """What a text says in a wording; None where it has another one."""
    places = wording.gaps_in(read.plain)
    if places is None:
        return None
    found = [
        (gap, _filling(gap, read, *read.words_in(place)))
        for gap, place in zip(wording.gaps, places, strict=True)
    ]
    fillings = [(gap, filling) for gap, filling in found if filling is not None]
    if len(fillings) < len(found):
        return None
    return Reading(
        wording.rules,
        next((_name(filling) for gap, filling in fillings if gap == "attribute"), ""),
        tuple(
            _name(name)
            for gap, filling in fillings
            if gap in _NAMES
            for name in _JOINTS.split(filling)
        ),
        tuple(
            _name(filling)
            for gap, filling in fillings
            if gap in _MAYBE_NAMES and not _NUMBER.fullmatch(filling)
        ),
    )


def _filling(gap: str, read: _Text, first: int, last: int) -> str | None:
    """What a gap holds; None where it holds what does not belong there."""
    filling = read.between(first, last).strip(" .,:;\n")
    if gap in _NUMBERS:
        fits = bool(_NUMBER.fullmatch(filling))
    elif gap == "attribute":
        # A few words of one sentence, or none; no denial of what follows, and no other statement.
        few = last - first <= _LONGEST_SUBJECT and not _SENTENCE_ENDS.search(filling)
        fits = few and not _is_negated(filling) and _VERBS.isdisjoint(filling.lower().split())
    elif gap in _NAMES:
        # "When image is not given and messenger is …" names no field in either gap.
        fits = filling != "" and not _is_negated(filling) and " не " not in filling.lower()
    elif gap == "limit":
        fits = filling != "" and last - first <= _LONGEST_NAME
    else:
        fits = filling != "" or gap in _MAY_BE_EMPTY
    return filling if fits else None


def _is_negated(filling: str) -> bool:
    """Whether what seems a name belongs to a negation: "when text is not …"."""
    first, _, rest = filling.lower().partition(" ")
    return first in _NEGATIONS or rest.rpartition(" ")[2] in _NEGATIONS


def _name(filling: str) -> str:
    """A field's name without the words and the quotes around it."""
    name = _INTRODUCTION.sub("", filling.strip(_QUOTES))
    return name.removesuffix(" field").strip(_QUOTES)


@frozen
class _Pack:
    """The table, compiled.

    Attributes:
        synonyms: The plain form of words that have another's place.
        wordings: Each under its rarest word, the most specific first.
    """

    synonyms: Mapping[str, str]
    wordings: Mapping[str, tuple[_Wording, ...]]


@cache
def _pack() -> _Pack:
    """Compile the table, with the first text."""
    synonyms: dict[str, str] = {}
    pack = language_pack()
    for line in pack.synonyms:
        first, *others = (_plain_word(word) for word in line.split())
        synonyms.update(dict.fromkeys(others, first))

    @cache
    def plain(run: str) -> str:
        return found if (found := _plain(run, synonyms).plain).strip() else ""

    wordings: dict[tuple[str, ...], _Wording] = {}
    for rules, wording in pack.wordings:
        for text in alternatives_of(wording):
            compiled = _compiled(tuple(rules.split()), text, plain)
            wordings.setdefault((*compiled.runs, *compiled.gaps), compiled)
    words = Counter(word for one in wordings.values() for word in set(" ".join(one.runs).split()))
    grouped: dict[str, list[_Wording]] = {}
    for one in sorted(wordings.values(), key=lambda one: one.rank, reverse=True):
        rarest = min(" ".join(one.runs).split(), key=lambda word: (words[word], word))
        grouped.setdefault(rarest, []).append(one)
    return _Pack(synonyms, {word: tuple(found) for word, found in grouped.items()})


def _compiled(rules: tuple[str, ...], text: str, plain: Callable[[str], str]) -> _Wording:
    if not (text.startswith("^") or ":attribute" in text):
        text = f":attribute {text}"
    parts = _PLACEHOLDER.split(text)
    runs = tuple(plain(run.strip()) for run in parts[::2])
    gaps = tuple(parts[1::2])
    return _Wording(rules, runs, gaps, (sum(map(len, runs)), runs, gaps))


def alternatives_of(wording: str) -> Iterator[str]:
    """Yield ``wording`` once for each choice of its ``[a|b]`` groups."""
    group = _ALTERNATIVES.search(wording)
    if group is None:
        yield wording
        return
    for choice in group[1].split("|"):
        yield from alternatives_of(wording[: group.start()] + choice + wording[group.end() :])

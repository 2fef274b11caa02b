"""Reads one text of a language pack: which rules it may speak of, and what it names.

A text and the wordings of the table are brought to the same plain form, word by word, and
compared there; what stands in a wording's gaps is then cut out of the text as it came.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["NOTHING", "Reading", "read_text", "words_of"]

# No text of the packs comes near it, and a hostile one must not cost time.
_LONGEST: Final = 10_000
_LONGEST_SUBJECT: Final = 16
_LONGEST_NAME: Final = 4
_NUMBERS: Final = frozenset({"min", "max", "size", "digits", "decimal"})
_MAY_BE_EMPTY: Final = frozenset({"attribute", "value", "values"})
_NEGATIONS: Final = frozenset({"не", "ни", "not", "none", "never"})
_ALTERNATIVES: Final = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER: Final = re.compile(r":([a-z]+)")
_NUMBER: Final = re.compile(r"[-+0-9., \N{NO-BREAK SPACE}]+")
# A word, or the path of a nested field; the plural that a pack puts in brackets is no part of it.
_WORD: Final = re.compile(r"(\w+(?:\.(?:\w+|\*))*)(?:\([а-яё]{1,3}\))?")
_ENDING: Final = re.compile(
    "(?:ыми|ими|ого|его|ому|ему|ами|ями|ием|ая|яя|ое|ее|ые|ие|ый|ий|ой|ым|им|ом|ем|ей|ую|юю|ах|ях"
    "|ов|ев|ия|ии|ию|а|е|и|о|у|ы|ю|я|ь|й)$"
)
_SHORTEST: Final = 4
_QUOTES: Final = " «»„“”‘’'\"`"
_FIELD: Final = re.compile(r"^(?:значени[ея]\s+)?пол[ея]\s+(?=\S)", re.IGNORECASE)
_SENTENCE_ENDS: Final = re.compile(r"[.!?]\s+[A-ZА-ЯЁ]")
_RULE: Final = re.compile(r"[a-z][a-z0-9_]*")
_TYPES: Final = frozenset(
    "array file numeric string letters mixed numbers symbols uncompromised".split()
)
_NO_RULES: Final = frozenset({"attributes", "custom", "values"})
_INTRODUCTIONS: Final = frozenset(
    "атрибут атрибуты в значение значении значений значения поле поля полей поле массив количество символов "
    "элементов элементы размер файл файла изображение указанный указанное длина цифрового содержимое из the".split()
)


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

    Each run is sought once, leftmost, so the cost is linear in the text's length, whatever the text.

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
    rank: tuple[int, tuple[str, ...], tuple[str, ...]] = field(init=False)

    @rank.default
    def _ranked(self) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
        return sum(map(len, self.runs)), self.runs, self.gaps

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

    def phrase(self, first: int, last: int) -> str:
        """The words of the text from one to that before another."""
        return self.text[self.spans[first][0] : self.spans[last - 1][1]] if first < last else ""

    def word(self, number: int) -> str:
        """One word in lower case."""
        start, stop = self.spans[number]
        return self.text[start:stop].lower()


def words_of(text: str) -> str:
    """The words of a phrase without case, punctuation and ``ё``, as the table of attributes has them."""
    return " ".join(re.findall(r"\w+", text.lower().replace("ё", "е")))


def read_text(text: str) -> Reading:
    """Tell what a text of the server says.

    Args:
        text: One text of a validation answer, in Russian or in the framework's English.

    Returns:
        The rules that it may speak of and the names in it; nothing for an unknown text.
    """
    if len(text) > _LONGEST:
        return NOTHING
    if rule := _rule_of_key(text.strip()):
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
    places = wording.gaps_in(read.plain)
    if places is None:
        return None
    subject = ""
    names: list[str] = []
    maybe: list[str] = []
    for gap, place in zip(wording.gaps, places, strict=True):
        first, last = read.words_in(place)
        if gap == "attribute":
            if first < last and not _may_be_subject(read, first, last):
                return None
            subject = subject or _subject(read, first, last)
            continue
        filling = read.between(first, last).strip(" .,:;\n")
        if not filling and gap not in _MAY_BE_EMPTY:
            return None
        if gap in _NUMBERS and not _NUMBER.fullmatch(filling):
            return None
        phrase = read.phrase(first, last)
        if gap == "fields":
            if first == last or _is_negated(read, first, last):
                return None
            names += (_FIELD.sub("", name.strip(_QUOTES)) for name in re.split(r" / |, ", phrase))
        elif gap in {"limit", "date"} and not _NUMBER.fullmatch(filling):
            if gap == "limit" and last - first > _LONGEST_NAME:
                return None
            maybe.append(phrase)
    return Reading(wording.rules, subject, tuple(names), tuple(maybe))


def _is_negated(read: _Text, first: int, last: int) -> bool:
    """Whether what seems a name belongs to a negation: "when text is not …"."""
    return read.word(first) in _NEGATIONS or read.word(last - 1) in _NEGATIONS


def _may_be_subject(read: _Text, first: int, last: int) -> bool:
    """Whether it can name a field: a few words of one sentence, and no denial of what follows."""
    return (
        last - first <= _LONGEST_SUBJECT
        and not _is_negated(read, first, last)
        and not _SENTENCE_ENDS.search(read.between(first, last))
    )


def _subject(read: _Text, first: int, last: int) -> str:
    """The name of the field without the words that introduce it."""
    while first < last and read.word(first) in _INTRODUCTIONS:
        first += 1
    if last - first > 1 and read.word(last - 1) == "field":
        last -= 1
    return read.phrase(first, last)


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
    """Compile the table with the first text: importing the package stays quick."""
    from ._language_pack import SYNONYMS, WORDINGS  # noqa: PLC0415

    synonyms: dict[str, str] = {}
    for line in SYNONYMS:
        first, *others = (_plain_word(word) for word in line.split())
        synonyms.update(dict.fromkeys(others, first))
    wordings: dict[tuple[str, ...], _Wording] = {}
    for rules, wording in WORDINGS:
        for text in _without_alternatives(wording):
            compiled = _compiled(tuple(rules.split()), text, synonyms)
            wordings.setdefault((*compiled.runs, *compiled.gaps), compiled)
    words = Counter(word for one in wordings.values() for word in set(" ".join(one.runs).split()))
    grouped: dict[str, list[_Wording]] = {}
    for one in sorted(wordings.values(), key=lambda one: one.rank, reverse=True):
        rarest = min(" ".join(one.runs).split(), key=lambda word: (words[word], word))
        grouped.setdefault(rarest, []).append(one)
    return _Pack(synonyms, {word: tuple(found) for word, found in grouped.items()})


def _compiled(rules: tuple[str, ...], text: str, synonyms: Mapping[str, str]) -> _Wording:
    if not (text.startswith("^") or ":attribute" in text):
        text = f":attribute {text}"
    parts = _PLACEHOLDER.split(text)
    runs = (_plain(run, synonyms).plain.rstrip() for run in parts[::2])
    return _Wording(rules, tuple(f"{run} " if run else "" for run in runs), tuple(parts[1::2]))


def _without_alternatives(wording: str) -> Iterator[str]:
    """Yield ``wording`` once for each choice of its ``[a|b]`` groups."""
    group = _ALTERNATIVES.search(wording)
    if group is None:
        yield wording
        return
    for choice in group[1].split("|"):
        yield from _without_alternatives(wording[: group.start()] + choice + wording[group.end() :])

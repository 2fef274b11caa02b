"""Which column is which: the known names in any spelling, their Russian names, and --columns."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ...bulk.journal.messages import PLACE_COLUMNS, RESULT_COLUMNS
from ...bulk.report.csv import unescape
from ..errors import BadInputError
from ..text import close_to, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "DECIDING",
    "ROUTE_COLUMNS",
    "ColumnError",
    "ColumnRules",
    "from_contacts",
    "is_outcomes",
    "known_column",
    "missing_column",
    "tells_results_alone",
    "trimmed",
    "written_here",
]

DECIDING = (
    "contact_id",
    "bot_id",
    "messenger",
    "contact_external_id",
    "phone",
    "text",
    "image",
    "file",
)
"""The columns that decide what is sent to whom."""

ROUTE_COLUMNS = ("contact_bot_id", "contact_messenger")
"""Through which bot and messenger a contact is written to, in an export of contacts."""

_OTHER_NAMES = {
    "contact_id": ("ID контакта", "контакт ID", "идентификатор контакта"),
    "bot_id": ("ID бота", "бот ID", "бот", "номер бота", "bot"),
    "messenger": ("мессенджер",),
    "contact_external_id": (
        "external_id",
        "внешний ID",
        "внешний ID контакта",
        "ID в мессенджере",
        "ID контакта в мессенджере",
    ),
    "phone": (
        "телефон",
        "номер телефона",
        "тел",
        "telefon",
        "телефон клиента",
        "телефон контакта",
        "контактный телефон",
        "мобильный",
        "мобильный телефон",
        "моб. телефон",
        "сотовый",
        "сотовый телефон",
        "phone number",
        "mobile",
        "mobile phone",
        "telephone",
        "tel",
    ),
    "text": ("текст", "текст сообщения", "сообщение", "message", "message text", "txt"),
    "image": ("изображение", "картинка", "ссылка на изображение", "ссылка на картинку"),
    "file": ("файл", "ссылка на файл"),
    "name": ("имя", "имя контакта", "имя клиента", "имя получателя"),
}
_FULL_NAMES = ("ФИО", "full name")
_PLAIN = ("name", *ROUTE_COLUMNS, "outcome", "state")
_ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_BLANK = _ZERO_WIDTH + "".join(filter(str.isspace, map(chr, range(0x3001))))
_MOST_SHAPES = 1000


def trimmed(text: str) -> str:
    """The text without blanks and characters of no width at its ends."""
    return text.strip(_BLANK)


_KNOWN = {
    fold(name): known
    for known in (*DECIDING, *_PLAIN)
    for name in (known, *_OTHER_NAMES.get(known, ()))
}
_SECOND_CHOICE = frozenset(map(fold, _FULL_NAMES))
_EXACT = {name: name for name in (*DECIDING, *_PLAIN)}
_PLACE = set(PLACE_COLUMNS)
_MARKS = ({"outcome", "row"}, {"outcome", "number"}, {"state", "number"})
_OUTCOMES = frozenset(("outcome", "state"))
_IDS_IN_MESSENGERS = frozenset(("telegram_id", "telegram_username", "viber_id", "vk_user_id"))
_NUMBERING = frozenset((*PLACE_COLUMNS, "number"))
# People's lists have errors and attempts as well, if hardly both beside an outcome of ours.
_ATTEMPTED = frozenset(("attempts", "error"))
_RESULTS = frozenset(("send_id", *RESULT_COLUMNS)) - {*_ATTEMPTED, "status"}


def is_outcomes(names: Iterable[str]) -> bool:
    """Whether these are the columns that outcomes and exports of a campaign have.

    All that are not ours in such a list are columns of the list that was sent, whatever their names
    mean elsewhere: what is called ``message`` there is not the text, which has a column of its own.
    """
    there = set(names)
    return (
        any(marks <= there for marks in _MARKS)
        and not there.isdisjoint(("contact_id", "contact_external_id", "phone"))
        and not there.isdisjoint(("text", "image", "file"))
    )


def written_here(names: Iterable[str], *, chosen: bool = False) -> bool:
    """Whether these are columns of outcomes or of an export, even if some were deleted.

    Args:
        names: What the columns are called; of a row those that it fills.
        chosen: Whether the list was given as one of outcomes (``--only``): then less is enough, but
            a column of outcomes alone is not, as people have such a column, too.
    """
    return _written_here(tuple(names), chosen)


def from_contacts(names: Iterable[str]) -> bool:
    """Whether these are columns of exported contacts, even if some were deleted.

    A contact's id in one messenger may be a column of anybody's, its ids in two hardly are.

    Args:
        names: What the columns are called; of a row those that it fills.
    """
    there = set(names)
    return not there.isdisjoint(ROUTE_COLUMNS) or len(there & _IDS_IN_MESSENGERS) > 1


def tells_results_alone(names: Iterable[str]) -> bool:
    """Whether these are columns of outcomes from which all that number the rows were deleted.

    The rows of what was not sent fill no column then that only outcomes have.

    Args:
        names: What the columns are called.
    """
    there = _folded(names)
    return _has_results(there) and there.isdisjoint(_NUMBERING)


# Every row of a list is asked about, and most of them fill the same columns.
@lru_cache(_MOST_SHAPES)
def _written_here(names: tuple[str, ...], chosen: bool) -> bool:
    there = _folded(names)
    if any(marks <= there for marks in (*_MARKS, _PLACE)):
        return True
    outcome = not there.isdisjoint(_OUTCOMES)
    return chosen and outcome and (not there.isdisjoint(_NUMBERING) or _has_results(there))


def _folded(names: Iterable[str]) -> set[str]:
    """The names in lower case, as this tool writes them: an edited list may have ``Row``."""
    return {name.strip().lower() for name in names}


def _has_results(there: set[str]) -> bool:
    return not there.isdisjoint(_RESULTS) or there.issuperset(_ATTEMPTED)


def known_column(name: str) -> str | None:
    """The known column that a name stands for, in whichever spelling; None for one's own."""
    return _KNOWN.get(fold(name))


class ColumnError(ValueError):
    """The names cannot tell the columns apart; the message says why, and the remedy."""


@frozen
class _Heading:
    """A column of the input: its name there, and what it is called from then on."""

    written: str
    key: str


@define
class ColumnRules:
    """What the columns of one input are called.

    Attributes:
        given: By ``--columns``: what a column shall be called, and how it is written.
        seen: All columns met so far, by their name in the input.
    """

    given: tuple[tuple[str, str], ...] = ()
    seen: dict[str, str] = field(init=False, factory=dict[str, str])
    _cache: dict[tuple[str, ...], tuple[str, ...]] = field(
        init=False, factory=dict["tuple[str, ...]", "tuple[str, ...]"]
    )

    def __attrs_post_init__(self) -> None:
        """Refuse mappings that contradict each other, whatever the columns are.

        Raises:
            BadInputError: A column shall be two things, or two columns shall be one.
        """
        columns: dict[str, str] = {}
        keys: dict[str, str] = {}
        for key, name in self.given:
            if columns.setdefault(fold(name), key) != key:
                raise BadInputError(
                    f"--columns says that {name!r} is {columns[fold(name)]}, and that it is {key}. "
                    "Leave one out."
                )
            # The same mapping twice, in another spelling, is no contradiction.
            if fold(keys.setdefault(key, name)) != fold(name):
                raise BadInputError(
                    f"--columns names two columns for {key}: {keys[key]!r} and {name!r}. Leave one "
                    "out."
                )

    def header(self, place: str, names: Sequence[str]) -> tuple[str, ...]:
        """The keys of a header's columns.

        Args:
            place: Where it stands, for errors.
            names: The names as they are written.

        Raises:
            BadInputError: One has no name, two mean the same, or one of ``--columns`` is missing.
        """
        written = list(map(trimmed, names))
        if is_outcomes(written):
            # Exports put an apostrophe before what a spreadsheet would take for a formula, headers
            # included.
            written = list(map(unescape, written))
        if "" in written:
            raise BadInputError(
                f"{place}: column {written.index('') + 1} of the header has no name. "
                "Name it, or delete the column."
            )
        try:
            keys = self.keys(tuple(written))
        except ColumnError as error:
            raise BadInputError(f"{place}: {error}") from None
        self.check_given(place)
        return keys

    def check_given(self, place: str) -> None:
        """Make sure that each column of ``--columns`` makes sense and has been met.

        Raises:
            BadInputError: One has not, or a mapping gives a name that is nearly a known one.
        """
        there = {fold(name) for name in self.seen}
        for key, name in self.given:
            meant = missing_column(key, {}) if key not in DECIDING else None
            if meant is not None and fold(key) != fold(name):
                raise BadInputError(
                    f"--columns {key}={name}: there is no {key!r}. Did you mean {meant}?"
                )
            if fold(name) not in there:
                close = close_to(name, self.seen)
                told = f" Did you mean {close!r}?" if close is not None else ""
                itself = next((one for one in self.seen if known_column(one) == key), None)
                if close is None and itself is not None:
                    told = f" {itself!r} is read as {key} without it: leave it out."
                turned = known_column(name) is not None and known_column(key) is None
                if turned and fold(key) in there:
                    told = f" The name that is known comes first: --columns {name}={key!r}."
                raise BadInputError(
                    f"--columns {key}={name}: {place} has no column {name!r}.{told} The columns "
                    f"are: {', '.join(self.seen)}."
                )

    def keys(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """What the columns of a header, or of one record, are called.

        Raises:
            ColumnError: Two of them mean the same.
        """
        # JSON lines have columns of their own in each record: a list of a million records has few
        # shapes.
        found = self._cache.get(names)
        if found is None:
            found = self._keys(names)
            # Emptied whole: a list with ever new columns gains nothing from any cache.
            if len(self._cache) >= _MOST_SHAPES:
                self._cache.clear()
            self._cache[names] = found
            if len(self.seen) < _MOST_SHAPES:
                self.seen |= dict(zip(map(trimmed, names), found, strict=True))
        return found

    def key(self, name: str) -> str:
        """What a column of this name is called, or a field of a template with this name."""
        word = fold(name)
        chosen = next((key for key, written in self.given if fold(written) == word), None)
        return chosen or _KNOWN.get(word) or trimmed(name)

    def field_key(self, name: str) -> str:
        """The column that a field of a template takes, among those met so far.

        Raises:
            ColumnError: There is none, or several could be meant.
        """
        # From the strictest to the most lenient: as the file writes it, as it is called from then
        # on, and in any spelling. A lenient match must not hide an exact one.
        exact = self.seen.get(name)
        if exact is not None:
            return exact
        if name in self.seen.values():
            return name
        word, key = fold(name), self.key(name)
        found = {
            one: written
            for written, one in self.seen.items()
            if one == key or word in {fold(written), fold(one)}
        }
        if len(found) == 1:
            return next(iter(found))
        if found:
            several = " and ".join(f"{{{written}}}" for written in found.values())
            raise ColumnError(f"{{{name}}} may mean {several}: write one of them")
        close = close_to(name, self.seen)
        meant = f"; did you mean {{{close}}}?" if close is not None else "."
        raise ColumnError(f"no column {name!r}{meant}")

    def translated(self) -> Iterator[tuple[str, str]]:
        """The columns that are taken for something else than their name says, unasked."""
        mapped = {fold(name) for _, name in self.given}
        mapped.update(fold(written) for written, _, _ in self.taken_away())
        for written, key in self.seen.items():
            if fold(written) not in {fold(key), *mapped}:
                yield written, key

    def taken_away(self) -> Iterator[tuple[str, str, str | None]]:
        """The columns that ``--columns`` keeps from being what their name says.

        Yields:
            The name as written; what it says; what it is now, None for a column of one's own.
        """
        mapped = {fold(name): key for key, name in self.given}
        for written in self.seen:
            known, key = known_column(written), mapped.get(fold(written))
            if known is not None and known != key and (key or known in mapped.values()):
                yield written, known, key

    def _keys(self, names: tuple[str, ...]) -> tuple[str, ...]:
        targets = {key for key, _ in self.given}
        mapped = {fold(written): key for key, written in self.given}
        headings: list[_Heading] = []
        exact = is_outcomes(names)
        for number, name in enumerate(names, 1):
            written = trimmed(name)
            known = _EXACT.get(written) if exact else _KNOWN.get(fold(name))
            key = mapped.get(fold(name)) or known or written
            # `--columns` says that another column is that: this one keeps its own name, and its
            # number tells it from one that is called so.
            if key in targets and fold(name) not in mapped:
                key = f"{written} (column {number})"
            headings.append(_Heading(written, key))
        # A full name fills in where no column is the name itself.
        if not exact and "name" not in targets.union(one.key for one in headings):
            headings = [
                _Heading(one.written, "name") if fold(one.written) in _SECOND_CHOICE else one
                for one in headings
            ]
        keys: dict[str, str] = {}
        for one in headings:
            if one.key in keys:
                raise _same(one.key, keys[one.key], one.written)
            keys[one.key] = one.written
        return tuple(one.key for one in headings)


def _same(key: str, first: str, second: str) -> ColumnError:
    if first == second:
        return ColumnError(f"the header names {first!r} twice. Rename one of the columns.")
    return ColumnError(
        f"the columns {first!r} and {second!r} both mean {key}. Say which is meant, such as "
        f"--columns {key}={first!r}, or delete the other."
    )


def missing_column(
    unused: str, there: Mapping[str, str], among: Sequence[str] = DECIDING
) -> str | None:
    """The known column that an unused one may be a slip of the pen for.

    Args:
        unused: Its name as written.
        there: The columns that there are, by their names in the input.
        among: The known columns that may be meant.
    """
    present = set(there.values())
    names = {
        name: known
        for known in among
        if known not in present
        for name in (known, *_OTHER_NAMES.get(known, ()))
    }
    close = close_to(unused, names)
    if close is None:
        return None
    # A word more, as in `message_id` or `contact`, makes another name and is no slip.
    shorter, longer = sorted((fold(unused), fold(close)), key=len)
    another = longer.startswith(shorter) and len(longer) > len(shorter) + 1
    return None if another else names[close]

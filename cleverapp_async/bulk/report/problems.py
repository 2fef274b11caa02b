"""What went wrong: the errors, the messages that may have arrived, and those rejected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from ...models.messages import SendMessageToWhatsApp
from ..journal.messages import reference_text
from ..journal.records import JournalEntry, JournalState
from .html import (
    NOTHING,
    Column,
    Html,
    foreign,
    joined,
    number,
    plural,
    quoted,
    table,
    tag,
    time_tag,
)

if TYPE_CHECKING:
    from ...models.messages import Message
    from .figures import ErrorCount, FieldCount, ReportFigures
    from .html import Clock

__all__ = ["errors", "rejected", "unknown"]

_FIELD_COLUMNS = (
    Column("field", "name"),
    Column("rule", "name"),
    Column("text", "said"),
    Column("times"),
)
_OTHER_COLUMNS = (
    Column("error", "name"),
    Column("status"),
    Column("text", "said"),
    Column("messages"),
)


def errors(figures: ReportFigures) -> Html:
    """The tables of errors; nothing where there were none."""
    found = figures.failures
    if not found.fields and not found.others:
        return NOTHING
    return tag(
        "section",
        tag("h2", "Errors", id="errors"),
        _part(
            "Rejected fields", _FIELD_COLUMNS, [*map(_field, found.fields)], found.fields_left_out
        ),
        _part("Other errors", _OTHER_COLUMNS, [*map(_other, found.others)], found.others_left_out),
        aria_labelledby="errors",
    )


def _part(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Html | str]],
    left_out: int,
) -> Html:
    if not rows:
        return NOTHING
    more = tag("p", f"And {number(left_out)} more.", class_="quiet") if left_out else NOTHING
    return tag("div", tag("h3", title), table(title, columns, rows, stacked=True), more)


def _field(one: FieldCount) -> Sequence[Html | str]:
    rule = "–" if one.rule is None else foreign(one.rule, 60)
    return [foreign(one.field or "–", 80), rule, foreign(one.message), number(one.messages)]


def _other(one: ErrorCount) -> Sequence[Html | str]:
    status = "–" if one.status is None else str(one.status)
    return [foreign(one.type, 80), status, foreign(one.message), number(one.messages)]


_OPEN_AT_ONCE = 20
_TEXT_SHOWN = 120
_UNKNOWN_COLUMNS = (
    Column("number", "when"),
    Column("recipient", "name"),
    Column("text", "said"),
    Column("when", "when"),
)
_REJECTED_COLUMNS = (
    Column("number", "when"),
    Column("recipient", "name"),
    Column("text", "said"),
    Column("error", "said"),
    Column("when", "when"),
)
_SOME = "; name single ones by --number in place of --all."


def unknown(figures: ReportFigures, name: str, clock: Clock) -> Html:
    """The list, the first ones open; nothing where there are none.

    Args:
        figures: What is told.
        name: What the campaign is called in commands.
        clock: Shows moments.
    """
    if not figures.unknown_in_all:
        return NOTHING
    told = (
        f"{plural(figures.unknown_in_all, 'message')} left, or were about to leave, and no answer "
        "came. They are not repeated unless you say so. Once you know, settle them with "
    )
    if figures.unknown_in_all == 1:
        told = told.replace("were about to leave", "was about to leave")
        told = told.replace("They are", "It is").replace("settle them", "settle it")
    resolve = f"cleverapp campaign resolve {quoted(name)} --all --as"
    return tag(
        "section",
        tag("h2", "Unknown", id="unknown"),
        tag("p", told, _code(f"{resolve} accepted"), " or ", _code(f"{resolve} not-sent"), _SOME),
        _erased()
        if figures.summary.purged
        else _entries(
            _Listing(
                "Messages of unknown outcome",
                _UNKNOWN_COLUMNS,
                figures.unknown,
                [_unknown_row(entry, clock) for entry in figures.unknown],
                figures.unknown_in_all,
                f"cleverapp campaign unknown {quoted(name)}",
            )
        ),
        aria_labelledby="unknown",
    )


def rejected(figures: ReportFigures, name: str, clock: Clock) -> Html:
    """The list of rejected messages with their errors; nothing where there are none.

    Args:
        figures: What is told.
        name: What the campaign is called in commands.
        clock: Shows moments.
    """
    count = figures.summary.by_state[JournalState.REJECTED]
    if not count:
        return NOTHING
    told = f"{plural(count, 'message')} {'was' if count == 1 else 'were'} rejected by the server."
    if retryable := figures.summary.retryable:
        told += (
            f" Of these, {number(retryable)} may pass, as a limit or the token was the reason: the "
            "next run sends them again."
        )
    return tag(
        "section",
        tag("h2", "Rejected", id="rejected"),
        tag("p", told),
        _erased()
        if figures.summary.purged
        else _entries(
            _Listing(
                "Rejected messages",
                _REJECTED_COLUMNS,
                figures.rejected,
                [_rejected_row(entry, clock) for entry in figures.rejected],
                count,
                f"cleverapp campaign failed {quoted(name)}",
            )
        ),
        aria_labelledby="rejected",
    )


@frozen
class _Listing:
    """Some messages, one by one.

    Attributes:
        title: What they are.
        columns: What is told of each.
        shown: The first of them.
        rows: What is told of these, but for their references.
        in_all: How many there are.
        command: The command that lists all.
    """

    title: str
    columns: Sequence[Column]
    shown: Sequence[JournalEntry]
    rows: Sequence[Sequence[Html | str]]
    in_all: int
    command: str

    def with_references(self) -> _Listing:
        """The same with a column for the references, where some of the messages have one."""
        if not any(entry.message.reference for entry in self.shown):
            return self
        rows = [
            [number_, foreign(reference_text(entry.message), _TEXT_SHOWN), *rest]
            for entry, (number_, *rest) in zip(self.shown, self.rows, strict=True)
        ]
        first, *others = self.columns
        return evolve(self, columns=[first, Column("reference", "said"), *others], rows=rows)


def _erased() -> Html:
    return tag("p", "Recipients and texts were erased.", class_="quiet")


def _entries(listing: _Listing) -> Html:
    listing = listing.with_references()
    rows = listing.rows
    parts = [_table(listing, rows[:_OPEN_AT_ONCE])]
    if rest := rows[_OPEN_AT_ONCE:]:
        shown = tag("summary", f"Show {number(len(rest))} more")
        parts.append(tag("details", shown, _table(listing, rest)))
    if listing.in_all > len(rows):
        left_out = number(listing.in_all - len(rows))
        parts.append(tag("p", f"And {left_out} more; all of them: ", _code(listing.command)))
    return joined(parts)


def _table(listing: _Listing, rows: Sequence[Sequence[Html | str]]) -> Html:
    return table(listing.title, listing.columns, rows, stacked=True)


def _code(command: str) -> Html:
    return tag("code", command)


def _unknown_row(entry: JournalEntry, clock: Clock) -> Sequence[Html | str]:
    when = "–" if entry.intent_at is None else time_tag(clock, entry.intent_at)
    return [f"#{entry.number}", _recipient(entry.message), _text(entry.message), when]


def _rejected_row(entry: JournalEntry, clock: Clock) -> Sequence[Html | str]:
    result = entry.result
    error = None if result is None else result.error
    return [
        f"#{entry.number}",
        _recipient(entry.message),
        _text(entry.message),
        "–" if error is None else foreign(error.message, _TEXT_SHOWN),
        "–" if result is None else time_tag(clock, result.ended_at),
    ]


def _recipient(message: Message) -> Html:
    if isinstance(message, SendMessageToWhatsApp):
        name = NOTHING if message.name is None else foreign(message.name, 60)
        via = f" (whatsapp of bot {message.bot_id}) "
        return joined([foreign(message.phone), via, name])
    if message.contact_id is not None:
        return foreign(f"contact {message.contact_id}")
    external_id = foreign(message.contact_external_id or "", 60)
    messenger = foreign(message.messenger or "", 40)
    return joined([external_id, " (", messenger, f" of bot {message.bot_id})"])


def _text(message: Message) -> Html:
    if isinstance(message, SendMessageToWhatsApp):
        return foreign(message.text, _TEXT_SHOWN)
    return foreign(message.text or message.image or message.file or "", _TEXT_SHOWN)

"""What went wrong: why messages were refused, and those that may have reached the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.messages import SendMessageToWhatsApp
from .html import NOTHING, Column, Html, foreign, joined, table, tag, time_tag
from .text import number, plural, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...models.messages import Message
    from ..journal.records import JournalEntry
    from .figures import ErrorCount, FieldCount, ReportFigures
    from .text import Clock

__all__ = ["errors", "unknown"]

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
            "Refused fields", _FIELD_COLUMNS, [*map(_field, found.fields)], found.fields_left_out
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


def unknown(figures: ReportFigures, name: str, clock: Clock) -> Html:
    """The list, the first ones open; nothing where there are none.

    Args:
        figures: What is told.
        name: The journal's file.
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
    return tag(
        "section",
        tag("h2", "Unknown", id="unknown"),
        tag("p", told, tag("code", f"cleverapp campaign resolve {quoted(name)}"), "."),
        _erased() if figures.summary.purged else _entries(figures, name, clock),
        aria_labelledby="unknown",
    )


def _erased() -> Html:
    return tag("p", "Recipients and texts were erased.", class_="quiet")


def _entries(figures: ReportFigures, name: str, clock: Clock) -> Html:
    entries = figures.unknown
    parts = [_listed(entries[:_OPEN_AT_ONCE], clock)]
    if rest := entries[_OPEN_AT_ONCE:]:
        shown = tag("summary", f"Show {number(len(rest))} more")
        parts.append(tag("details", shown, _listed(rest, clock)))
    if figures.unknown_in_all > len(entries):
        left_out = number(figures.unknown_in_all - len(entries))
        command = tag("code", f"cleverapp campaign unknown {quoted(name)}")
        parts.append(tag("p", f"And {left_out} more; all of them: ", command))
    return joined(parts)


def _listed(entries: Iterable[JournalEntry], clock: Clock) -> Html:
    rows = [
        [
            f"#{entry.index + 1}",
            _recipient(entry.message),
            _text(entry.message),
            "–" if entry.intent_at is None else time_tag(clock, entry.intent_at),
        ]
        for entry in entries
    ]
    return table("Messages of unknown outcome", _UNKNOWN_COLUMNS, rows, stacked=True)


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

"""Campaigns as a journal would tell of them, for tests of the report."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from attrs import frozen

from cleverapp_async import LimiterRegistry, LimitKey, SendMessage
from cleverapp_async.bulk.report.figures import compute_figures, in_doubt
from cleverapp_async.journal import (
    ErrorRecord,
    JournalEntry,
    JournalSession,
    JournalState,
    JournalSummary,
    SettledMessage,
)
from cleverapp_async.limits import ACCOUNT_QUOTAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cleverapp_async.bulk.report.figures import ReportFigures

BEGUN = 1_790_000_000.0
HOSTILE = (
    "<script>document.title='broken'</script>",
    '"><img src=x onerror="document.title=1">',
    "</td></table></main><h1>free</h1>",
    "<!-- <style>*{display:none}</style>",
    "\u202egnp.exe\u202c and \u2066isolates",
    "W" * 10_000,
    "👩‍👩‍👧‍👦 🏳️‍🌈 ❤️ " * 30,
    "nul \x00, bell \x07, escape \x1b[31m, delete \x7f, next \x85",
    "שלום עולם مرحبا بالعالم",
    "Z̸̢͎̪͖̦̓̓̀͗a̷̢̛͍͕͔̓l̵͚̻̔g̸̯̈́o̶̘̓" * 20,
    "half \ud800 a character",
    "&lt;already&gt; &amp; 'quoted'",
    "javascript:alert(1)",
    "tab\tline\nreturn\r end",
)


@frozen
class Row(SettledMessage):
    """A message that has a result."""

    waited: float | None = None
    on_wire: float | None = None
    attempts: int = 1


def summarise(
    rows: Iterable[Row],
    *,
    pending: Mapping[LimitKey | None, int] | None = None,
    sessions: Sequence[JournalSession] = (),
    duplicates: int = 0,
    retryable: int = 0,
    complete: bool = True,
    purged: bool = False,
) -> JournalSummary:
    """The numbers of rows that have a result, and of messages that wait."""
    by_key: defaultdict[LimitKey | None, Counter[JournalState]] = defaultdict(Counter)
    for row in rows:
        by_key[row.key][row.state] += 1
    for key, count in (pending or {}).items():
        by_key[key][JournalState.PENDING] += count
    return JournalSummary(
        created_at=BEGUN - 5,
        origin="https://app.cleverapp.pro/api/v1",
        complete=complete,
        purged=purged,
        messages=sum(counts.total() for counts in by_key.values()),
        duplicates=duplicates,
        deduplicated=True,
        by_key=dict(by_key),
        retryable_by_key={None: retryable} if retryable else {},
        sessions=tuple(sessions),
    )


def told(
    summary: JournalSummary,
    rows: Iterable[Row] = (),
    errors: Iterable[tuple[ErrorRecord, int]] = (),
    unknown: Iterable[JournalEntry] = (),
    *,
    running: bool = False,
    written_at: float = BEGUN + 100_000,
) -> ReportFigures:
    """The figures under the documented limits."""
    return compute_figures(
        summary,
        rows,
        errors,
        unknown,
        quotas_of=LimiterRegistry().quotas,
        account=ACCOUNT_QUOTAS,
        running=running,
        written_at=written_at,
    )


def paced(
    key: LimitKey, count: int, spacing: float, *, begin: float, chance: random.Random
) -> list[Row]:
    """Messages of one key, one after the other at its limit; few of them fail."""
    rows: list[Row] = []
    for place in range(count):
        left = begin + place * spacing + chance.uniform(0, 0.2)
        wire = chance.lognormvariate(-2, 0.5)
        fate = chance.random()
        if fate < 0.97:
            accepted = JournalState.ACCEPTED
            rows.append(Row(key, accepted, left, left + wire, left - begin, wire))
        elif fate < 0.995:
            rows.append(Row(key, JournalState.REJECTED, left, left + wire))
        else:
            rows.append(Row(key, JournalState.UNKNOWN, left, left + 30))
    return rows


def session(begin: float, end: float | None, ended: str | None) -> JournalSession:
    """One run."""
    return JournalSession(
        started_at=begin, ended_at=end, pid=4242, host="sender.example", ended=ended
    )


def errors_of(rows: Iterable[Row]) -> list[tuple[ErrorRecord, int]]:
    """The errors that the failed of the rows ended with."""
    states = Counter(row.state for row in rows)
    refused, lost = states[JournalState.REJECTED], states[JournalState.UNKNOWN]
    required = "Поле text обязательно для заполнения, когда image и file не указано."
    wrong = "Выбранное значение для contact id некорректно."
    message = f"sendMessage: contact_id: {wrong} (HTTP 422)"
    fields = (
        ("contact_id", "exists", (), wrong),
        ("text", "required_without_all", ("image", "file"), required),
    )
    told_unknown = "it may have reached the server: no answer within 60 s"
    return [
        (
            ErrorRecord(type="ValidationError", message=message, status=422, fields=fields[:1]),
            refused // 2,
        ),
        (
            ErrorRecord(type="ValidationError", message=message, status=422, fields=fields),
            refused // 4,
        ),
        (
            ErrorRecord(type="ForbiddenError", message="sendMessage: Forbidden", status=403),
            refused - refused // 2 - refused // 4,
        ),
        (ErrorRecord(type="OutcomeUnknownError", message=told_unknown), lost),
    ]


def entries_of(rows: Iterable[Row], texts: Sequence[str]) -> list[JournalEntry]:
    """The messages of unknown outcome among the rows."""
    return [
        JournalEntry(
            index=index,
            message=SendMessage(
                bot_id=7,
                messenger="telegram",
                contact_external_id=f"{79990000000 + index}",
                text=texts[index % len(texts)],
            ),
            key=row.key,
            state=row.state,
            intent_at=row.intent_at,
        )
        for index, row in enumerate(rows)
        if row.state in in_doubt(running=False)
    ]


def finished() -> ReportFigures:
    """A campaign of three keys that has ended after two runs."""
    chance = random.Random(1)
    rows = [
        *paced(LimitKey(7, "telegram"), 1900, 1.1, begin=BEGUN, chance=chance),
        *paced(LimitKey(7, "whatsapp"), 190, 10.1, begin=BEGUN, chance=chance),
        *paced(
            LimitKey(9, "whatsapp", "sendMessageToWhatsApp"), 600, 1.25, begin=BEGUN, chance=chance
        ),
    ]
    rows.sort(key=lambda row: row.ended_at)
    sessions = [
        session(BEGUN - 2, BEGUN + 700, "interrupted"),
        session(BEGUN + 705, BEGUN + 2100, "finished"),
    ]
    summary = summarise(rows, sessions=sessions, duplicates=17)
    texts = ["Здравствуйте! Ваш заказ готов, ждём вас сегодня до 20:00 на Лесной, 5."]
    return told(summary, rows, errors_of(rows), entries_of(rows, texts), written_at=BEGUN + 2150)


def running() -> ReportFigures:
    """A campaign of twelve keys that runs, with quiet hours and a crash behind it."""
    chance = random.Random(2)
    rows: list[Row] = []
    keys = [LimitKey(100 + bot, name) for bot in range(6) for name in ("telegram", "viber")]
    for place, key in enumerate(keys):
        for begin in (BEGUN, BEGUN + 12 * 3600, BEGUN + 40 * 3600):
            if place < 10 or begin > BEGUN:
                rows += paced(key, 900 - 60 * place, 12.0, begin=begin + 60 * place, chance=chance)
    rows.sort(key=lambda row: row.ended_at)
    sessions = [
        session(BEGUN - 10, None, None),
        session(BEGUN + 39 * 3600, None, None),
    ]
    pending: dict[LimitKey | None, int] = dict.fromkeys(keys, 5000)
    summary = summarise(rows, pending=pending, sessions=sessions, retryable=40)
    texts = ["Скидка 20 % до конца недели"]
    return told(
        summary,
        rows,
        errors_of(rows),
        entries_of(rows, texts),
        running=True,
        written_at=BEGUN + 43 * 3600,
    )


def empty() -> ReportFigures:
    """A campaign without messages."""
    return told(summarise([], sessions=[session(BEGUN, BEGUN + 0.4, "finished")]))


def hostile() -> ReportFigures:
    """A campaign with five thousand unknown and texts that want out of the page."""
    key = LimitKey(7, "telegram")
    odd = LimitKey(8, HOSTILE[0].lower()[:60])
    rows = [Row(key, JournalState.UNKNOWN, BEGUN + place, BEGUN + 9000) for place in range(5000)]
    rows.append(Row(odd, JournalState.REJECTED, BEGUN, BEGUN + 1))
    errors = [
        *((ErrorRecord(type="ServerError", message=text, status=502), 9) for text in HOSTILE),
        (ErrorRecord(type="OutcomeUnknownError", message="no answer came " * 30), 12),
        *(
            (
                ErrorRecord(
                    type="ValidationError",
                    message=text,
                    status=422,
                    fields=((text[:300], text[:50], (), text),),
                ),
                5,
            )
            for text in HOSTILE
        ),
        *(
            (ErrorRecord(type="ServerError", message=f"upstream {place}", status=502), 1)
            for place in range(150)
        ),
    ]
    ended = f"{HOSTILE[1]} {HOSTILE[4]}"
    sessions = [session(BEGUN, BEGUN + 5000, ended)]
    # A message refuses half a character by itself, long before any report.
    texts = [text for text in HOSTILE if "\ud800" not in text]
    return told(summarise(rows, sessions=sessions), rows, errors, entries_of(rows, texts))

from __future__ import annotations

import io
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cleverapp_async import (
    AccountKey,
    CleverAppClient,
    LimiterRegistry,
    LimitKey,
    Outcome,
    Quota,
    Schedule,
    SendMessage,
    SendOutcome,
)
from cleverapp_async._terminal import printable
from cleverapp_async.bulk import EtaMeter
from cleverapp_async.bulk.eta import next_slot
from cleverapp_async.cli.console import is_screen
from cleverapp_async.cli.recipients.messages import Defaults
from cleverapp_async.cli.recipients.source import open_source
from cleverapp_async.cli.recipients.template import Template
from cleverapp_async.cli.send.plan import Wanted, make_plan
from cleverapp_async.cli.send.progress import (
    LiveView,
    NoView,
    PlainView,
    Progress,
    say_rate,
)
from cleverapp_async.cli.send.report import show_report
from cleverapp_async.cli.send.tally import Tally, Workload
from cleverapp_async.limits import LimiterSnapshot

if TYPE_CHECKING:
    from tests.cli.command import Write

WANTED = Wanted(defaults=Defaults(text=Template.parse("Hi")))


def snapshot(queued: int, next_free: float) -> LimiterSnapshot:
    """Make a limiter's snapshot."""
    return LimiterSnapshot(
        queued=queued, in_flight=0, next_free=next_free, refusals=0, paused_for=0.0
    )


@pytest.mark.parametrize(
    ("queued", "next_free", "quotas", "seconds"),
    [
        (0, 0.0, (Quota(1, 10.0),), 0.0),
        (1, 17.0, (Quota(1, 10.0),), 7.0),
        (3, 37.0, (Quota(1, 10.0),), 7.0),
        (10, 12.0, (Quota(10, 10.0), Quota(100, 1.0)), 2.0),
        (2, 3.0, (), 3.0),
    ],
)
def test_the_next_slot_is_that_of_who_waits(
    queued: int, next_free: float, quotas: tuple[Quota, ...], seconds: float
) -> None:
    """The first of those who wait leaves one period earlier for each round that waits."""
    assert next_slot(snapshot(queued, next_free), quotas) == seconds


def begun(write: Write, bots: int, schedule: Schedule | None = None) -> Progress:
    """Give the progress of a send to one contact of each of so many bots, nothing sent yet."""
    header = "bot_id,messenger,contact_external_id,contact_id\n"
    rows = "".join(f"{bot},telegram,1,\n" for bot in range(1, bots + 1))
    with open_source(write("r.csv", f"{header}{rows},,,9\n"), None) as source:
        plan = make_plan(source, WANTED)
    client = CleverAppClient("TOKEN", limits=LimiterRegistry(account=Quota(1, 60.0)))
    tally = Tally(EtaMeter(schedule))
    tally.begin(Workload.of(plan.counts, client.limits, client.account))
    return Progress(tally, client, schedule)


def end(progress: Progress, bot_id: int, outcome: Outcome = Outcome.ACCEPTED) -> None:
    """Count the outcome of one bot's message."""
    message = SendMessage(bot_id=bot_id, messenger="telegram", contact_external_id="1", text="Hi")
    ended = SendOutcome(message=message, outcome=outcome, index=0)
    progress.tally.add(ended, LimitKey(bot_id, "telegram"))


async def test_plain_lines(write: Write) -> None:
    """A line comes when enough is done since the last one, and no sooner."""
    out = io.StringIO()
    progress = begun(write, 39)
    view = PlainView(Console(file=out, width=100), every=0.0)
    view.tick()
    view.start(progress)
    view.tick()
    assert out.getvalue() == ""
    end(progress, 1)
    view.tick()
    assert out.getvalue() == ""
    end(progress, 2, Outcome.REJECTED)
    view.tick()
    view.tick()
    view.stop()
    (line,) = out.getvalue().splitlines()
    assert line.startswith("2 of 40 done, 1 rejected; ")
    assert line.endswith("about 37 minutes left")


async def test_waiting_is_told_now_and_then() -> None:
    """Before a send begins it is told how far it is, as rarely as its progress later."""
    out = io.StringIO()
    view = PlainView(Console(file=out, width=100), every=0.0)
    view.wait("run.db: 5 messages read")
    PlainView(Console(file=out, width=100)).wait("too soon")
    NoView(Console(file=out)).wait("nobody asks")
    assert out.getvalue() == "run.db: 5 messages read …\n"


async def test_the_live_view_waits() -> None:
    """On a terminal a line tells how far it is before there is a table."""
    out = io.StringIO()
    view = LiveView(Console(file=out, width=100, force_terminal=True, highlight=False))
    view.wait("run.db: 5 messages read")
    view.stop()
    assert "run.db: 5 messages read …" in out.getvalue()


async def test_a_pause_is_told(write: Write) -> None:
    """While a refusal pauses what decides the end, that is told with how long."""
    progress = begun(write, 1)
    key = LimitKey(1, "telegram")
    progress.client.limits.pause(key, 300)
    assert progress.told().count("5 minutes") == 2


async def test_quiet_hours_are_told(write: Write) -> None:
    """Outside its hours a send tells until when, in their zone, and when it ends."""
    opens = datetime(2100, 1, 1, 9, tzinfo=UTC)
    progress = begun(write, 1, Schedule(at=opens, zone="UTC"))
    told = progress.told()
    assert "2100-01-01 09:00 UTC" in told
    assert told.endswith("2100-01-01 09:01 UTC")


async def test_hours_that_are_open_are_no_news(write: Write) -> None:
    """Within its hours a send tells its rate and its end."""
    opened = datetime(2001, 1, 1, tzinfo=UTC)
    progress = begun(write, 1, Schedule(at=opened, zone="UTC"))
    assert "1 minute" in progress.told()
    assert "per minute" not in progress.told()
    measured(progress, every=30.0)
    assert "; 2.0 per minute, " in progress.told()


def measured(progress: Progress, *, every: float, counted: int = 10) -> None:
    """Let outcomes of one bot have come, the last of them now."""
    now = time.time()
    for before in reversed(range(counted)):
        progress.tally.meter.note(LimitKey(1, "telegram"), now - before * every)


async def test_the_end_fits_the_rate_beside_it(write: Write) -> None:
    """The rate that is told is the one by which the end is estimated."""
    progress = begun(write, 39)
    assert "39 minutes" in progress.told()
    measured(progress, every=2.0)
    assert "; 1.0 per minute, " in progress.told()
    assert "39 minutes" in progress.told()


async def test_an_end_that_is_but_a_bound_is_told_as_one(write: Write) -> None:
    """What nothing was measured of goes by its limits; without any, by what was measured."""
    progress = begun(write, 39)
    measured(progress, every=300.0)
    assert "; 1.0 per minute, " in progress.told()
    assert "39 minutes" in progress.told()
    unlimited = CleverAppClient("TOKEN", limits=LimiterRegistry.unlimited())
    progress = Progress(Tally(), unlimited)
    progress.tally.begin(Workload.of({None: 40}, unlimited.limits, unlimited.account))
    measured(progress, every=300.0)
    assert progress.told() == "0 of 40 done; 12.0 per hour, about 3 hours 20 minutes left"


@pytest.mark.parametrize(
    ("rate", "told"),
    [(12.34, "12.3 per second"), (0.5, "30.0 per minute"), (0.01, "36.0 per hour")],
)
def test_slow_rates_are_no_zeros(rate: float, told: str) -> None:
    """A rate is told in a unit of time in which at least one message ends."""
    assert say_rate(rate) == told


async def test_plain_lines_are_rare(write: Write) -> None:
    """However much is done, ten seconds pass between two lines."""
    out = io.StringIO()
    progress = begun(write, 1)
    view = PlainView(Console(file=out))
    view.start(progress)
    end(progress, 1)
    view.tick()
    assert out.getvalue() == ""


async def test_the_live_table(write: Write) -> None:
    """The live table has a line for each bot and messenger with work left, and one in words."""
    out = io.StringIO()
    progress = begun(write, 2)
    view = LiveView(Console(file=out, width=100, force_terminal=True, highlight=False))
    view.start(progress)
    end(progress, 1)
    view.tick()
    view.say("said above")
    view.stop()
    text = out.getvalue()
    assert "telegram of bot 1" in text
    assert "done" in text
    assert "now" in text
    assert "route unknown" in text
    assert "1 of 3 done" in text
    assert "said above" in text


async def test_many_keys_are_cut(write: Write) -> None:
    """Of many bots those with work left are shown, and the others counted."""
    out = io.StringIO()
    progress = begun(write, 20)
    end(progress, 1)
    view = LiveView(Console(file=out, width=100, force_terminal=True, highlight=False))
    view.start(progress)
    view.stop()
    text = out.getvalue()
    assert "and 9 more" in text
    assert "telegram of bot 1 " not in text


async def test_all_done_is_told_without_a_guess(write: Write) -> None:
    """At the end no time is left to tell of."""
    progress = begun(write, 1)
    end(progress, 1)
    message = SendMessage(contact_id=9, text="Hi")
    ended = SendOutcome(message=message, outcome=Outcome.ACCEPTED, index=1)
    progress.tally.add(ended, None)
    assert progress.told() == "2 of 2 done"


def test_quiet_says_only_what_must_be_said() -> None:
    """The view that shows nothing still passes on what is said."""
    out = io.StringIO()
    view = NoView(Console(file=out, width=20))
    view.tick()
    view.say("a long line that is not broken")
    view.stop()
    assert out.getvalue() == "a long line that is not broken\n"


def test_a_servers_text_cannot_steer_the_terminal() -> None:
    """Control characters of a text from elsewhere become blanks."""
    assert printable("a\x1b[2J\nb\u202eЖ👩\u200d💻") == "a [2J b Ж👩\u200d💻"


def test_captured_standard_error_is_no_screen() -> None:
    """Where standard error is no terminal nothing is redrawn."""
    assert not is_screen()


async def test_the_live_table_tells_the_outcomes_apart(write: Write) -> None:
    """Each outcome has a column of its own, called as in the closing table, once there is one."""
    out = io.StringIO()
    progress = begun(write, 4)
    console = Console(file=out, width=100, force_terminal=True, highlight=False)
    view = LiveView(console)
    view.start(progress)
    assert not {"rejected", "not sent", "unknown"} & header(out)
    for bot, outcome in enumerate(Outcome, 1):
        end(progress, bot, outcome)
    assert progress.parts()[0] == "3 of 5 done, 1 rejected, 1 not sent, 1 unknown"
    view.tick()
    view.stop()
    assert header(out) >= {"accepted", "rejected", "not sent", "unknown", "queued", "next slot"}
    table = shown(out).splitlines()
    for bot in range(1, 5):
        line = next(line for line in reversed(table) if f"telegram of bot {bot}" in line)
        assert len(re.findall(r"\b1\b", line.replace(f"bot {bot}", ""))) == 1
    show_report(console, progress.tally)
    assert header(out) == {"accepted", "rejected", "not sent", "unknown"}


def shown(out: io.StringIO) -> str:
    """Give what a terminal was shown, without what steers it."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue()).replace("\r", "\n")


def header(out: io.StringIO) -> set[str]:
    """Give the columns of the table that was drawn last."""
    line = shown(out).rpartition("route  ")[2].splitlines()[0]
    return set(re.split(r"\s{2,}", line.strip()))


async def test_a_narrow_live_table_keeps_the_names(write: Write) -> None:
    """Where all outcomes occur, names of bots stay whole on 80 columns: the moments make room."""
    out = io.StringIO()
    progress = begun(write, 4)
    for bot, outcome in enumerate(Outcome, 1):
        end(progress, bot, outcome)
    view = LiveView(Console(file=out, width=80, force_terminal=True, highlight=False))
    view.start(progress)
    view.stop()
    assert header(out) == {"accepted", "rejected", "not sent", "unknown", "queued"}
    assert "telegram of bot 4 " in shown(out)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
async def test_no_line_reaches_the_right_edge(write: Write, width: int) -> None:
    """Room for the echo of Ctrl-C stays free, so that it moves nothing of what is redrawn."""
    out = io.StringIO()
    progress = begun(write, 39, Schedule(at=datetime(2001, 1, 1, tzinfo=UTC), zone="UTC"))
    measured(progress, every=2.0)
    view = LiveView(Console(file=out, width=width, force_terminal=True, highlight=False))
    view.start(progress)
    view.stop()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    lines = shown.replace("\r", "\n").split("\n")
    assert max(map(len, lines)) <= width - len("^C") - 1
    assert any(line.endswith("0 of 40 done") or "0 of 40 done;" in line for line in lines)
    assert ("route" in shown) is (width > 60)


def test_what_was_never_sent_is_not_done() -> None:
    """Neither the progress nor the closing sentence counts what a stopped send left unsent."""
    tally = Tally()
    key = LimitKey(7, "telegram")
    with_limits = LimiterRegistry()
    tally.begin(Workload.of({key: 3}, with_limits, AccountKey("")))
    message = SendMessage(contact_id=1, text="Hi")
    tally.add(SendOutcome(message=message, outcome=Outcome.ACCEPTED, index=0), key)
    for index in (1, 2):
        left = SendOutcome(message=message, outcome=Outcome.NOT_SENT, index=index)
        tally.add(left, key, tried=False)
    tally.finish()
    console = Console(file=io.StringIO(), width=200)
    show_report(console, tally)
    assert isinstance(console.file, io.StringIO)
    closing = console.file.getvalue().splitlines()[-1]
    assert closing.startswith("1 of 3 messages sent in ")
    assert "require" not in closing

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from cleverapp_async import CleverAppClient, LimiterRegistry, Outcome
from cleverapp_async.cli.console import make_console
from cleverapp_async.cli.errors import BadInputError, Exit
from cleverapp_async.cli.recipients.messages import Defaults
from cleverapp_async.cli.recipients.source import open_source
from cleverapp_async.cli.recipients.template import Template
from cleverapp_async.cli.send.outcomes import open_sink
from cleverapp_async.cli.send.plan import Wanted, make_plan
from cleverapp_async.cli.send.progress import NoView
from cleverapp_async.cli.send.runner import Runner
from cleverapp_async.cli.send.sources import CampaignMessages, FileMessages
from cleverapp_async.cli.signals import Interrupts
from cleverapp_async.journal import JournalReader
from cleverapp_async.simulator import Simulator, SimulatorLimits

if TYPE_CHECKING:
    from cleverapp_async.cli.send.plan import Plan
    from cleverapp_async.cli.send.tally import Tally
    from tests.cli.command import Write

WANTED = Wanted(defaults=Defaults(text=Template.parse("Hi")))
ROWS = 2500


def recipients(rows: int = ROWS) -> str:
    """Give CSV of so many recipients, each row as long as any other."""
    return "contact_id\n" + "".join(f"{number:06d}\n" for number in range(1, rows + 1))


def overwrite(path: str, content: str) -> None:
    """Change a file in place, its time of change kept as it was."""
    status = Path(path).stat()
    with Path(path).open("r+") as file:
        file.write(content)
        file.truncate()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_the_second_pass_gives_what_was_checked(write: Write) -> None:
    """The plan holds no message; the second pass gives them in the file's order."""
    with open_source(write("r.csv", recipients()), None) as source:
        plan = make_plan(source, WANTED)
        assert plan.total == ROWS
        assert [planned.line for planned in plan.messages()] == list(range(2, ROWS + 2))


def test_a_file_that_grew_is_refused(write: Write) -> None:
    """A file of another size or time of change is not sent at all."""
    path = write("r.csv", recipients(3))
    with open_source(path, None) as source:
        plan = make_plan(source, WANTED)
        with Path(path).open("a") as file:
            file.write("7\n")
        with pytest.raises(BadInputError, match=re.escape(path)):
            next(plan.messages())


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (recipients().replace("002300", "002301"), 2002),
        (recipients(ROWS + 600), 2002),
        (recipients(2000), 2001),
    ],
)
def test_a_change_under_way_is_refused(write: Write, changed: str, line: int) -> None:
    """Not a row is given of a block that differs from what was checked; its line is told."""
    path = write("r.csv", recipients())
    with open_source(path, None) as source:
        plan = make_plan(source, WANTED)
        messages = plan.messages()
        given = [next(messages).number]
        overwrite(path, changed)
        with pytest.raises(BadInputError, match=rf"line {line}\b"):
            given.extend(planned.number for planned in messages)
        assert given == list(range(1, 2001))


def test_more_blocks_than_were_checked(write: Write) -> None:
    """Rows added behind a whole last block are refused too."""
    path = write("r.csv", recipients(1000))
    with open_source(path, None) as source:
        plan = make_plan(source, WANTED)
        messages = plan.messages()
        next(messages)
        overwrite(path, recipients(1001))
        with pytest.raises(BadInputError, match=r"line 1002\b"):
            list(messages)


async def send(plan: Plan, simulator: Simulator, output: str) -> Tally:
    """Send a plan to a simulator without limits."""
    client = CleverAppClient(
        simulator.api_token, base_url=simulator.base_url, limits=LimiterRegistry.unlimited()
    )
    with open_sink(output) as sink, Interrupts() as interrupts:
        runner = Runner(
            source=FileMessages(plan, client),
            sink=sink,
            view=NoView(make_console()),
            interrupts=interrupts,
            announce=lambda *_: None,
        )
        return await runner.send()


async def test_a_change_while_sending_ends_it(write: Write, tmp_path: Path) -> None:
    """What stands before the change is sent and has its outcome; the rest is told not sent."""
    repeated = "contact_id\n" + "000001\n" * 1000
    path, output = write("r.csv", f"{repeated}000002\n"), tmp_path / "out.jsonl"
    async with Simulator(limits=SimulatorLimits.none()) as simulator:
        with open_source(path, None) as source:
            plan = make_plan(source, evolve(WANTED, drop_duplicates=True))
            overwrite(path, f"{repeated}000003\n")
            tally = await send(plan, simulator, str(output))
    assert tally.trouble is not None
    assert "line 1002" in tally.trouble
    assert tally.exit() is Exit.FAILED
    assert tally.outcomes[Outcome.ACCEPTED] == 1
    assert len(output.read_text().splitlines()) == 1


async def test_every_row_has_one_outcome(write: Write, tmp_path: Path) -> None:
    """Outcomes name their rows, each row once, and agree with what arrived."""
    output = tmp_path / "out.jsonl"
    async with Simulator(limits=SimulatorLimits.none()) as simulator:
        with open_source(write("r.csv", recipients(300)), None) as source:
            tally = await send(make_plan(source, WANTED), simulator, str(output))
        assert len(simulator.deliveries) == 300
    found = [json.loads(line) for line in output.read_text().splitlines()]
    assert sorted(record["row"] for record in found) == list(range(1, 301))
    assert all(record["line"] == record["row"] + 1 for record in found)
    assert all(record["contact_id"] == record["row"] for record in found)
    assert tally.exit() is Exit.OK


async def test_a_change_while_the_journal_fills(write: Write, tmp_path: Path) -> None:
    """A campaign whose file changes before all of it is read in sends nothing."""
    path, journal = write("r.csv", recipients()), tmp_path / "run.db"
    async with Simulator(limits=SimulatorLimits.none()) as simulator:
        with (
            open_source(path, None) as source,
            open_sink(None) as sink,
            Interrupts() as interrupts,
        ):
            messages = CampaignMessages(
                journal=str(journal),
                plan=make_plan(source, WANTED),
                client=CleverAppClient(simulator.api_token, base_url=simulator.base_url),
                warn=lambda: None,
            )
            runner = Runner(
                source=messages,
                sink=sink,
                view=NoView(make_console()),
                interrupts=interrupts,
                announce=lambda *_: pytest.fail("it never came to send"),
            )
            overwrite(path, recipients().replace("002300", "002301"))
            with pytest.raises(BadInputError, match=r"line 2002\b"):
                await runner.send()
        assert len(simulator.arrivals) == 0
    with JournalReader(journal) as reader:
        assert not reader.summary().complete


def test_a_journal_is_given_what_it_leaves_out_itself(write: Write) -> None:
    """What is shown has each recipient once; a journal gets all, and so the same list always."""
    path = write("r.csv", "contact_id,text\n1,a\n1,b\n2,a\n1,a\n3,a\n")
    by_recipient = evolve(WANTED, by_recipient=True)
    with open_source(path, None) as source:
        plan = make_plan(source, by_recipient)
        assert (plan.total, plan.duplicates) == (3, 2)
        assert [planned.number for planned in plan.messages()] == [1, 3, 5]
        assert [planned.number for planned in plan.given()] == [1, 2, 3, 4, 5]
        plan = make_plan(source, evolve(by_recipient, drop_duplicates=True))
        assert [planned.number for planned in plan.messages()] == [1, 3, 5]
        assert [planned.number for planned in plan.given()] == [1, 2, 3, 5]
        plan = make_plan(source, WANTED)
        assert list(plan.given()) == list(plan.messages())
        assert plan.counts_of_first(2).total() == 2

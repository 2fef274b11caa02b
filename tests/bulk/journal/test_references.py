"""What a user finds a message again by: given with it, never sent, and given back."""

from __future__ import annotations

import copy
import csv
import io
import json
import pickle
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import (
    CleverAppClient,
    InvalidRequestError,
    JournalError,
    LimiterRegistry,
    Message,
    SendMessage,
    SendMessageToWhatsApp,
    SqliteJournal,
)
from cleverapp_async.bulk.journal.messages import (
    MESSAGE_COLUMNS,
    MOST_COLUMNS,
    OUTCOME_COLUMNS,
    decode_columns,
    name_of_column,
    reference_columns,
)
from cleverapp_async.bulk.journal.sqlite.schema import APPLICATION_ID, INDEX_BY_KEY, TABLES_1
from cleverapp_async.bulk.report.csv import COLUMNS
from cleverapp_async.journal import (
    JournalReader,
    JournalState,
    export_csv,
    purge_journal,
    write_report,
)
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, opened, result
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ORDER = {"order_id": "A-17", "клиент": "№ 5"}
KINDS: list[Callable[[Mapping[str, str]], Message]] = [
    lambda reference: SendMessage(contact_id=1, text="Hi", reference=reference),
    lambda reference: SendMessageToWhatsApp(
        bot_id=1, phone="79991234567", text="Hi", reference=reference
    ),
]


def known(count: int) -> list[Message]:
    """Messages with the number of an order each."""
    return [
        SendMessage(contact_id=number + 1, text="Hi", reference={"order_id": f"A-{number}"})
        for number in range(count)
    ]


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a journal's CSV."""
    stream = io.BytesIO()
    export_csv(path, stream, mark=False)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode(), newline="")))


@pytest.mark.parametrize("kept", [False, True])
async def test_an_outcome_gives_it_back_and_nobody_else_sees_it(
    tmp_path: Path, *, kept: bool
) -> None:
    """With a journal and without one; what goes out is the request alone."""
    path = tmp_path / "run.db"
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        CleverAppClient(
            simulator.api_token,
            base_url=simulator.base_url,
            limits=LimiterRegistry.unlimited(),
        ) as client,
    ):
        given = known(3)
        run = client.run_campaign(SqliteJournal(path), given) if kept else client.send_many(given)
        found = {outcome.index: outcome.message.reference async for outcome in run}
    assert found == {number: {"order_id": f"A-{number}"} for number in range(3)}
    assert all(set(arrival.parameters) == {"contact_id", "text"} for arrival in simulator.arrivals)
    if kept:
        with JournalReader(path) as reader:
            assert [entry.message.reference for entry in reader.entries()] == [*found.values()]


@pytest.mark.parametrize("make", KINDS)
def test_it_is_no_part_of_the_request(make: Callable[[Mapping[str, str]], Message]) -> None:
    """Messages that differ in it alone are equal, and it is none of the parameters."""
    given = dict(ORDER)
    message = make(given)
    given.clear()
    assert message.reference == ORDER
    assert make({}).reference == {}
    assert message == make({})
    assert hash(message) == hash(make({}))
    assert message.parameters() == make({}).parameters()


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    ("wrong", "places"),
    [
        (None, ["reference"]),
        ("B-99", ["reference"]),
        ([("order_id", "B-99")], ["reference"]),
        ({"order_id": 17}, ["reference['order_id']", "str("]),
        ({"order_id": None}, ["reference['order_id']"]),
        ({"order_id": "\ud83d"}, ["reference['order_id']"]),
        ({17: "B-99"}, ["reference"]),
        ({" ": "B-99"}, ["reference"]),
        ({"\ud83d": "B-99"}, ["reference"]),
        ({"order_id": "A-17", "parts": ["B-99"]}, ["reference['parts']"]),
        ({"notes": "x" * 4000}, ["4005", "4000"]),
    ],
)
def test_what_cannot_be_kept_is_refused(
    make: Callable[[object], Message], wrong: object, places: list[str]
) -> None:
    """Anything but a few texts by their names is an error when the message is made."""
    with raises(InvalidRequestError, *places) as caught:
        make(wrong)
    assert caught.value.fields == ("reference",)
    assert "B-99" not in str(caught.value)


async def test_a_resume_keeps_that_of_the_first_reading(tmp_path: Path) -> None:
    """The same messages with other references, or none, resume the campaign."""
    path = tmp_path / "run.db"
    async with opened(path, known(3)) as journal:
        await journal.intend(1)
    for others in ([evolve(message, reference={}) for message in known(3)], None):
        async with opened(path, others) as journal:
            loaded = await load(journal, others)
            assert loaded.resumed
            assert [one.message.reference for one in loaded.orphans] in ([], [{"order_id": "A-1"}])
    with JournalReader(path) as reader:
        found = [entry.message.reference["order_id"] for entry in reader.entries()]
    assert found == ["A-0", "A-1", "A-2"]


async def test_an_export_has_a_column_for_each_name(tmp_path: Path) -> None:
    """The place comes first, others last; a name that is a column already gets another one."""
    path = tmp_path / "run.db"
    given: list[Message] = [
        SendMessage(contact_id=1, text="a", reference={"crm": "=5", "line": "2", "row": "1"}),
        SendMessage(
            contact_id=2, text="b", reference={"state": "Texas", "phone": "+79", "=x": "y"}
        ),
        SendMessage(contact_id=3, text="c"),
        SendMessageToWhatsApp(bot_id=1, phone="79991234567", text="d", reference={"name": "Anna"}),
    ]
    async with opened(path, given):
        pass
    rows = table(path)
    assert list(rows[0]) == [
        *("number", "row", "line", *COLUMNS[1:]),
        *("crm", "own_state", "'=x", "own_name"),
    ]
    assert [rows[0][name] for name in ("number", "row", "line", "crm")] == ["1", "1", "2", "'=5"]
    assert [rows[1][name] for name in ("state", "own_state", "phone", "'=x")] == [
        *("pending", "Texas", "'+79", "y")
    ]
    assert {rows[2][name] for name in ("row", "line", "crm", "own_state", "own_name")} == {""}
    assert [rows[3][name] for name in ("name", "own_name", "phone")] == ["", "Anna", "79991234567"]


async def test_an_export_without_references_is_what_it_was(tmp_path: Path) -> None:
    """Where no message has one there is no further column."""
    async with opened(tmp_path / "run.db", [evolve(one, reference={}) for one in known(2)]):
        pass
    assert list(table(tmp_path / "run.db")[0]) == list(COLUMNS)


async def test_a_report_shows_it_beside_the_message(tmp_path: Path) -> None:
    """Lists of what may have arrived and of what was rejected tell where it comes from."""
    path, page = tmp_path / "run.db", tmp_path / "report.html"
    given = [
        SendMessage(contact_id=1, text="a", reference={"row": "1", "line": "2", "crm": "<b>"}),
        SendMessage(contact_id=2, text="b", reference={"order_id": "A-17"}),
    ]
    async with opened(path, given) as journal:
        for index, state in enumerate((JournalState.UNKNOWN, JournalState.REJECTED)):
            await journal.intend(index)
            await journal.record(index, result(state, permanent=True, error="no"))
    write_report(path, page)
    told = page.read_text()
    assert "line 2, crm &lt;b&gt;" in told
    assert "order_id A-17" in told


async def test_a_purge_erases_it(tmp_path: Path) -> None:
    """Neither its texts nor its names are left in the file."""
    path = tmp_path / "run.db"
    given = [SendMessage(contact_id=1, text="a", reference={"passport": "4509 123456"})]
    async with opened(path, given) as journal:
        await journal.intend(0)
        await journal.record(0, ACCEPTED)
    assert purge_journal(path) == 1
    left = path.read_bytes()
    assert b"4509 123456" not in left
    assert b"passport" not in left
    with JournalReader(path) as reader:
        assert reader.reference_columns() == ()
    write_report(path, tmp_path / "report.html")


async def test_names_have_a_bound(tmp_path: Path) -> None:
    """A name for each message would be a column for each: that is refused, and nothing is sent."""
    given = [
        SendMessage(contact_id=number, text="a", reference={f"order {number}": "x"})
        for number in range(1, MOST_COLUMNS + 2)
    ]
    journal = SqliteJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    with raises(InvalidRequestError, MOST_COLUMNS):
        await load(journal, given)
    await load(journal, given[:-1])
    await journal.close("finished")
    with JournalReader(tmp_path / "run.db") as reader:
        assert len(reader.reference_columns()) == MOST_COLUMNS


async def test_a_journal_of_version_1_is_gone_on_with(tmp_path: Path) -> None:
    """Its messages have no references; a reader asks for the run that brings it up to date."""
    path = tmp_path / "run.db"
    with closing(sqlite3.connect(path)) as connection:
        for statement in (*TABLES_1, INDEX_BY_KEY):
            connection.execute(statement)
        connection.executescript(f"""
            PRAGMA application_id = {APPLICATION_ID};
            PRAGMA user_version = 1;
            INSERT INTO meta VALUES ('origin', '{ORIGIN}'), ('complete', 1), ('given', 1),
                ('duplicates', 0), ('deduplicated', 1);
            INSERT INTO key VALUES (0, NULL, NULL, NULL);
            INSERT INTO message VALUES (0, 0, 'sendMessage', '{{"contact_id":1,"text":"Hi"}}');
        """)  # noqa: S608 - made of constants
    with raises(JournalError, path), JournalReader(path):
        pass
    async with opened(path, known(1)):
        pass
    with JournalReader(path) as reader:
        assert [entry.message.reference for entry in reader.entries()] == [{}]
        assert reader.reference_columns() == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE message SET reference = '[1]'",
        "UPDATE message SET reference = '{\"a\": 1}'",
        "UPDATE message SET reference = 5",
        "UPDATE message SET reference = '{'",
    ],
)
async def test_a_damaged_reference_is_told(tmp_path: Path, statement: str) -> None:
    """What no journal has written is an error of the journal, as a damaged message is."""
    path = tmp_path / "run.db"
    async with opened(path, known(1)):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
    with JournalReader(path) as reader, pytest.raises(JournalError):
        list(reader.entries())


@pytest.mark.parametrize("told", [5, "{", '"a"', "[1]", str(["a"] * (MOST_COLUMNS + 1))])
def test_damaged_columns_are_told(told: str | int) -> None:
    """The same for the names of all references."""
    with pytest.raises(JournalError):
        decode_columns(told if isinstance(told, int) else told.replace("'", '"'))


WORDS = st.sampled_from([*MESSAGE_COLUMNS, *OUTCOME_COLUMNS, "row", "line", "crm", "own_"])
NAMES = st.builds(lambda count, word: "own_" * count + word, st.integers(0, 3), WORDS)


@given(reference=st.dictionaries(NAMES, st.just("x"), max_size=8))
@pytest.mark.parametrize("make", KINDS)
def test_columns_are_never_those_of_a_message_or_an_outcome(
    make: Callable[[Mapping[str, str]], Message], reference: dict[str, str]
) -> None:
    """Each name has a column of its own, from which the name is told again."""
    message = make(reference)
    columns = reference_columns(message)
    assert [name_of_column(column) for column in columns] == list(reference)
    assert not columns.keys() & {*message.parameters(), *OUTCOME_COLUMNS}
    assert set(COLUMNS) <= {*MESSAGE_COLUMNS, *OUTCOME_COLUMNS}


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("given", [{}, {"a": "b"}])
def test_nobody_changes_a_reference(
    make: Callable[[Mapping[str, str]], Message], given: dict[str, str]
) -> None:
    """Neither through the caller's own dict nor through the message; copies and pickles keep it."""
    before = dict(given)
    message = make(given)
    given["later"] = "x"
    kept = cast("dict[str, str]", message.reference)
    changes: list[Callable[[], object]] = [
        lambda: kept.update(a="c"),
        lambda: kept.__setitem__("a", "c"),
        lambda: kept.setdefault("z", "c"),
        lambda: kept.__ior__({"z": "c"}),
        lambda: kept.pop("a", None),
        kept.clear,
    ]
    for change in changes:
        with pytest.raises(TypeError):
            change()
    copies = [message, pickle.loads(pickle.dumps(message)), copy.deepcopy(message)]  # noqa: S301 - our own
    for one in (*copies, evolve(message, text="Bye")):
        assert one.reference == before
        assert type(one.reference) is type(kept)
        assert json.loads(json.dumps(one.reference)) == before


def test_what_is_kept_of_a_reference_is_what_was_checked() -> None:
    """A class of the user's own, whose ``values`` tell something else, gets nothing past."""

    class Sly(dict[str, object]):
        def values(self) -> Any:  # noqa: ANN401 - as of a dict
            return ["a"]

    with pytest.raises(InvalidRequestError) as caught:
        SendMessage(contact_id=1, text="Hi", reference=cast("Any", Sly(a=5)))
    assert caught.value.fields == ("reference",)

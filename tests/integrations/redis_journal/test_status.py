"""``cleverapp campaign`` looks into campaigns in Redis as into those in files."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cleverapp_async.cli.app import cleverapp
from cleverapp_async.integrations.redis_journal import RedisCampaign, RedisJournal
from cleverapp_async.journal import JournalState
from tests.integrations.rig import message, opened, result

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis_server import RedisServer

ORIGIN = "https://app.cleverapp.pro/api/v1"


async def made(redis: RedisServer) -> str:
    """The address of a campaign of 25 messages, none of them sent."""
    name = f"c{uuid.uuid4().hex}"
    async with RedisJournal(redis.url, name) as journal:
        await journal.load([message(number) for number in range(25)], origin=ORIGIN)
    return f"{redis.url}/{name}"


async def test_status_of_a_campaign_in_redis(redis: RedisServer) -> None:
    """The counts, the forecast and what can be done are there; its workers send it."""
    address = await made(redis)
    told = CliRunner().invoke(cleverapp, ["campaign", "status", address])
    assert told.exit_code == 1
    assert "25 messages" in told.stdout
    assert "cleverapp send" not in told.stdout
    as_json = CliRunner().invoke(cleverapp, ["campaign", "status", address, "--format", "json"])
    found = json.loads(as_json.stdout)
    assert found["messages"] == 25
    assert [one["command"] for one in found["commands"]] == [
        f"cleverapp campaign report {address} -o report.html"
    ]


async def test_the_lists_of_a_campaign_in_redis(
    redis: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is unknown or failed the lists are empty."""
    address = await made(redis)
    for name in ("unknown", "failed"):
        # Not by click's own runner, which puts both streams into one before click 8.2.
        with pytest.raises(SystemExit):
            cleverapp(["campaign", name, address])
        assert capsys.readouterr().out == ""


async def test_a_campaign_in_redis_is_settled_and_erased(
    redis: RedisServer, tmp_path: Path
) -> None:
    """Export, report, resolve and purge do what they do with a file."""
    address = await made(redis)
    invoke = CliRunner().invoke
    resolve = ["campaign", "resolve", address, "--as", "accepted", "--yes"]
    async with RedisJournal.at(address) as journal:
        chunk = await opened(journal, origin=ORIGIN)
        for index in range(2):
            await chunk.intend(index)
            await chunk.record(index, result(JournalState.UNKNOWN))
        locked = invoke(cleverapp, [*resolve, "--all"])
        assert (locked.exit_code, "in use by" in locked.output) == (2, True)
        await chunk.close("interrupted")
    assert invoke(cleverapp, [*resolve, "--number", "3"]).exit_code == 2
    assert invoke(cleverapp, [*resolve, "--number", "2"]).exit_code == 0
    listed = invoke(cleverapp, ["campaign", "unknown", address])
    assert [json.loads(line)["number"] for line in listed.stdout.splitlines()] == [1]
    page, table = tmp_path / "r.html", tmp_path / "all.csv"
    assert invoke(cleverapp, ["campaign", "report", address, "-o", str(page)]).exit_code == 0
    assert f"cleverapp campaign resolve {address} --all --as " in page.read_text("utf-8")
    assert invoke(cleverapp, ["campaign", "export", address, "-o", str(table)]).exit_code == 0
    assert table.read_bytes().count(b"accepted") == 1
    purge = ["campaign", "purge", address, "--yes"]
    assert invoke(cleverapp, purge).exit_code == 2
    assert invoke(cleverapp, [*purge, "--even-if-unfinished"]).exit_code == 0
    assert invoke(cleverapp, purge).exit_code == 0
    told = invoke(cleverapp, ["campaign", "status", address])
    assert "Recipients and texts were erased." in told.stdout
    sent = invoke(cleverapp, ["send", "--journal", address])
    assert (sent.exit_code, "by its workers" in sent.output) == (2, True)


def test_no_password_is_shown(redis: RedisServer) -> None:
    """What is told of a campaign, and the commands, name Redis without its password."""
    address = f"{redis.url}/spring"
    campaign = RedisCampaign.at(address.replace("redis://", "redis://:geheim@"))
    assert campaign.address == campaign.reader().name == address
    assert "geheim" not in repr(campaign)


def test_an_address_that_names_nothing(redis: RedisServer) -> None:
    """A campaign that is not there, no campaign, and no Redis each give one clear error."""
    wrong = {
        f"{redis.url}/nobody": "nobody",
        "redis://127.0.0.1:1/0/spring": "'spring'",
        redis.url: "redis://HOST:PORT/DATABASE/CAMPAIGN",
    }
    for address, words in wrong.items():
        told = CliRunner().invoke(cleverapp, ["campaign", "status", address])
        assert told.exit_code == 2, address
        assert words in told.output

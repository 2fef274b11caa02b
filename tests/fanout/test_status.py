"""``cleverapp campaign`` looks into campaigns in Redis as into those in files."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from click.testing import CliRunner

from cleverapp_async.cli.app import cleverapp
from cleverapp_async.integrations.redis_journal import RedisJournal
from tests.fanout.rig import message

if TYPE_CHECKING:
    from tests.redis_server import RedisServer

ORIGIN = "https://app.cleverapp.pro/api/v1"


async def made(redis: RedisServer) -> str:
    """The address of a campaign of 25 messages, none of them sent."""
    name = f"c{uuid.uuid4().hex}"
    async with RedisJournal(redis.url, name) as journal:
        await journal.load([message(number) for number in range(25)], origin=ORIGIN)
    return f"{redis.url}/{name}"


async def test_status_of_a_campaign_in_redis(redis: RedisServer) -> None:
    """The counts and the forecast are there; no command of files is offered."""
    address = await made(redis)
    told = CliRunner().invoke(cleverapp, ["campaign", "status", address])
    assert told.exit_code == 1
    assert "25 messages" in told.stdout
    assert "cleverapp send" not in told.stdout
    as_json = CliRunner().invoke(cleverapp, ["campaign", "status", address, "--format", "json"])
    found = json.loads(as_json.stdout)
    assert (found["messages"], found["commands"]) == (25, [])


async def test_the_lists_of_a_campaign_in_redis(redis: RedisServer) -> None:
    """Where nothing is unknown or failed the lists are empty."""
    address = await made(redis)
    for name in ("unknown", "failed"):
        told = CliRunner().invoke(cleverapp, ["campaign", name, address])
        assert told.stdout == ""


def test_an_address_that_names_nothing(redis: RedisServer) -> None:
    """A campaign that is not there, no campaign, and no Redis each give one clear error."""
    wrong = {
        f"{redis.url}/nobody": "nobody",
        "redis://127.0.0.1:1/0/spring": "cannot be read",
        redis.url: "names no campaign",
    }
    for address, words in wrong.items():
        told = CliRunner().invoke(cleverapp, ["campaign", "status", address])
        assert told.exit_code == 2, address
        assert words in told.output

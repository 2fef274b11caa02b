from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.cli.exits import BadInputError
from cleverapp_async.cli.simulate import make_seed

if TYPE_CHECKING:
    from tests.cli.command import Run, Write


def test_made_up_contacts() -> None:
    """As many contacts as asked for are made up, others with another seed."""
    world = make_seed(5, None, 1)
    assert world is not None
    assert len(world.contacts or ()) == 5
    assert make_seed(5, None, 1) == world
    assert make_seed(5, None, 2) != world
    assert make_seed(None, None, 1) is None


def test_a_seed_file(write: Write) -> None:
    """What the file names is there at the start."""
    contact = {"id": 5, "bot_id": 1, "messenger": "telegram", "external_id": "9"}
    world = make_seed(None, write("seed.json", json.dumps({"contacts": [contact]})), 0)
    assert world is not None
    assert [one.id for one in world.contacts or ()] == [5]


def test_what_cannot_be_a_world(write: Write) -> None:
    """Too many contacts, two sources, and files that are none are told."""
    path = write("seed.json", '{"contacts": 5}')
    for contacts, seed_file, told in (
        (10_000_000, None, "--contacts: contacts is from 0 to 9999999"),
        (5, path, "give --contacts or --seed-file, not both."),
        (None, path, "seed.json, $.contacts: "),
        (None, "/nowhere.json", "--seed-file /nowhere.json cannot be read: No such file"),
    ):
        with pytest.raises(BadInputError) as caught:
            make_seed(contacts, seed_file, 0)
        assert told in str(caught.value)


def test_a_seed_that_contradicts_itself(cleverapp: Run, write: Write) -> None:
    """A seed that no world can be made of ends it with 2, and with the place."""
    contact = {"id": 5, "bot_id": 1, "messenger": "telegram", "external_id": "9"}
    path = write("seed.json", json.dumps({"contacts": [contact, contact]}))
    ended = cleverapp("simulate", "--seed-file", path)
    assert ended.code == 2
    assert f"--seed-file {path}: " in ended.err
    assert "contacts[1]" in ended.err

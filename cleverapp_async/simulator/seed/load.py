"""Reads a seed file.

The form is on the simulator's page of the documentation. Unknown names are refused, so that a
slip of the pen is not taken for silence.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from ..state.records import SeedData, SeedError, SimulatedContact
from .node import Node
from .parts import names, read_bot, read_contact, read_list

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike


def load_seed(path: str | PathLike[str]) -> SeedData:
    """Read a seed file: JSON in UTF-8.

    Args:
        path: The file.

    Returns:
        What a simulator starts with.

    Raises:
        OSError: The file cannot be read.
        SeedError: It is no JSON, or no seed; the error names the place.
    """
    name = Path(path).name
    try:
        data: object = json.loads(
            Path(path).read_bytes(), parse_constant=_finite, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        place = f"{name}, line {error.lineno}, column {error.colno}"
        raise SeedError(place, f"no JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise SeedError(name, "no JSON in UTF-8") from None
    try:
        return parse_seed(data)
    except SeedError as error:
        raise SeedError(f"{name}, {error.place}", error.message) from None


def parse_seed(data: object) -> SeedData:
    """Read a seed from what a seed file holds.

    Args:
        data: What ``json.load`` gives.

    Raises:
        SeedError: It is no seed; the error names the place, such as ``$.contacts[3].bot_id``.
    """
    root = Node(data).record(names(SeedData))
    contacts = root.get("contacts")
    bots, lists = root.get("bots"), root.get("list_schemas")
    me, links = root.get("me"), root.get("short_links")
    return SeedData(
        None if contacts is None else tuple(read_contact(one) for one in contacts.items()),
        () if bots is None else tuple(read_bot(one) for one in bots.items()),
        () if lists is None else tuple(read_list(one) for one in lists.items()),
        None if me is None else {name: one.value for name, one in me.members().items()},
        {} if links is None else {name: one.text() for name, one in links.members().items()},
    )


def choose_seed(
    contacts: Iterable[SimulatedContact] | None,
    seed_file: str | PathLike[str] | None,
    seed_data: SeedData | None,
) -> SeedData:
    """Make one seed of a simulator's arguments.

    Raises:
        ValueError: Two of them say the same.
        OSError: The file cannot be read.
        SeedError: The file is no seed.
    """
    if seed_file is not None and seed_data is not None:
        msg = "give seed_file or seed_data, not both"
        raise ValueError(msg)
    seed = load_seed(seed_file) if seed_file is not None else seed_data or SeedData()
    if contacts is None:
        return seed
    if seed.contacts is not None:
        msg = "give the contacts in contacts or in the seed, not in both"
        raise ValueError(msg)
    return evolve(seed, contacts=tuple(contacts))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number

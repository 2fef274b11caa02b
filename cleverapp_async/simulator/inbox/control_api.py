"""The routes that change the simulator: contacts, faults, latency, limits."""

from __future__ import annotations

from typing import Final

from attrs import asdict

from ..seed.load import parse_contact
from ..state.records import SeedError, SimulatedContact
from .entries import Json, moment
from .query import InputError
from .routes import Call, Parameter, Route
from .specs import (
    read_faults,
    read_latency,
    read_limits,
    show_fault,
    show_latency,
    show_limits,
)

_SCANNED: Final = 10_000
"""Contacts that one request looks through."""

_CHUNK: Final = 500

_ADDED: Final = 100_000
"""Contacts that may be there for more to be added."""

_TEXT: Final = 4096
"""Characters of the longest message that a contact writes."""


async def _contacts(call: Call) -> Json:
    wanted, limit = call.text("query").casefold(), call.whole("limit")
    found: list[Json] = []
    last = call.whole("after_id")
    for _ in range(_SCANNED // _CHUNK):
        chunk = call.state.simulator.kept_contacts(last, _CHUNK)
        for contact in chunk:
            if len(found) == limit:
                return {"contacts": found, "next_id": last}
            last = contact.id
            if wanted in _folded(contact):
                found.append(_show_contact(contact))
        if len(chunk) < _CHUNK:
            return {"contacts": found, "next_id": None}
    return {"contacts": found, "next_id": last}


def _folded(contact: SimulatedContact) -> str:
    parts = (contact.name, contact.phone, contact.messenger, contact.external_id, *contact.tags)
    variables = (text for one in contact.variables for text in (one.name, one.value))
    return "\n".join((str(contact.id), *(part for part in parts if part), *variables)).casefold()


def _show_contact(contact: SimulatedContact) -> Json:
    created = contact.created_at
    return {
        "id": contact.id,
        "bot_id": contact.bot_id,
        "messenger": contact.messenger,
        "external_id": contact.external_id,
        "phone": contact.phone,
        "name": contact.name,
        "email": contact.email,
        "tags": list(contact.tags),
        "variables": [asdict(variable) for variable in contact.variables],
        "created_at": None if created is None else moment(created.timestamp()),
    }


async def _contact(call: Call) -> Json:
    return _show_contact(_find(call, keep=False))


def _find(call: Call, *, keep: bool) -> SimulatedContact:
    found = call.state.simulator.find_contact(call.path_id, keep=keep)
    if found is None:
        raise InputError("id", f"there is no contact {call.path_id}", 404)
    return found


async def _add_contact(call: Call) -> Json:
    _check_room(call)
    simulator = call.state.simulator
    contact = parse_contact(call.body.value)
    size = len(await call.request.read())
    if size > call.state.room:
        raise InputError("$", "the contacts that were added take 64 MiB: no more can be added", 409)
    made = simulator.add_contact(contact)
    call.state.room -= size
    call.state.feed.publish("contacts")
    return _show_contact(simulator.find_contact(made.id) or made)


async def _write(call: Call) -> Json:
    body = call.body.record(("text",), ("text",))
    text = body["text"].text()
    if len(text) > _TEXT:
        raise SeedError("$.text", f"at most {_TEXT} characters are taken, not {len(text)}")
    _check_room(call)
    return call.state.receive(_find(call, keep=True), text).whole()


def _check_room(call: Call) -> None:
    if call.state.simulator.count_contacts() >= _ADDED:
        raise InputError("$", f"there are {_ADDED} contacts already: no more can be added", 409)


async def _faults(call: Call) -> Json:
    simulator = call.state.simulator
    faults = simulator.armed_faults
    return {
        "faults": [show_fault(fault) for fault in faults],
        "struck": [simulator.fault_count(fault) for fault in faults],
    }


async def _put_faults(call: Call) -> Json:
    body = call.body.record(("faults",), ("faults",))
    faults = read_faults(body["faults"])
    simulator = call.state.simulator
    simulator.clear_faults()
    for fault in faults:
        simulator.add_fault(fault)
    call.state.feed.publish("faults")
    return await _faults(call)


async def _latency(call: Call) -> Json:
    return {"latency": show_latency(call.state.simulator.latency)}


async def _put_latency(call: Call) -> Json:
    body = call.body.record(("latency",), ("latency",))
    call.state.simulator.set_latency(read_latency(body["latency"]))
    call.state.feed.publish("latency")
    return await _latency(call)


async def _limits(call: Call) -> Json:
    simulator = call.state.simulator
    return show_limits(simulator.limits, simulator.window)


async def _put_limits(call: Call) -> Json:
    limits, window = read_limits(call.body)
    call.state.simulator.set_limits(limits, window)
    call.state.feed.publish("limits")
    return await _limits(call)


_NO_CONTACT: Final = {404: "There is no such contact."}
_TOO_MANY: Final = {409: "There are too many contacts for one more."}

ROUTES: Final = (
    Route(
        "GET",
        "/api/contacts",
        "listContacts",
        "Contacts with their tags and variables, by ascending id. Where everybody is a contact, "
        "those are listed that were named.",
        _contacts,
        "Contacts",
        (
            Parameter("query", "string", "A part of a name, a tag, an id and so on.", most=100),
            Parameter("limit", "integer", "How many, at most.", 1, 500, 100),
            Parameter("after_id", "integer", "Only those with a greater id.", 0, default=0),
        ),
    ),
    Route(
        "POST",
        "/api/contacts",
        "addContact",
        "Add a contact, in the form of a seed file; without an id it gets the next free one.",
        _add_contact,
        "Contact",
        body="NewContact",
        errors=_TOO_MANY,
        status=201,
    ),
    Route(
        "GET",
        "/api/contacts/{id}",
        "getContact",
        "A contact with its tags and variables.",
        _contact,
        "Contact",
        errors=_NO_CONTACT,
    ),
    Route(
        "POST",
        "/api/contacts/{id}/messages",
        "writeToBot",
        "Let a contact write to its bot: the message is listed, and tells nobody else.",
        _write,
        "Message",
        body="Writing",
        errors={**_NO_CONTACT, **_TOO_MANY},
        status=201,
    ),
    Route(
        "GET",
        "/api/faults",
        "getFaults",
        "The faults that are armed, in their order, and how often each has struck.",
        _faults,
        "ArmedFaults",
    ),
    Route(
        "PUT",
        "/api/faults",
        "setFaults",
        "Disarm all faults and arm these; an empty list disarms them.",
        _put_faults,
        "ArmedFaults",
        body="Faults",
    ),
    Route("GET", "/api/latency", "getLatency", "The delay of each way.", _latency, "Latency"),
    Route(
        "PUT",
        "/api/latency",
        "setLatency",
        "Delay each way otherwise from now on.",
        _put_latency,
        "Latency",
        body="Latency",
    ),
    Route("GET", "/api/limits", "getLimits", "The quotas, and how they count.", _limits, "Limits"),
    Route(
        "PUT",
        "/api/limits",
        "setLimits",
        "Enforce other quotas from now on; their windows are empty at first.",
        _put_limits,
        "Limits",
        body="Limits",
    ),
)

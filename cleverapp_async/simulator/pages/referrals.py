"""The page on the referral system of sibling brands' docs."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from ..context import Call, Decision, Endpoint
from ..laravel.parameters import Value, as_boolean, as_integer, elements
from ..laravel.rules import Rules, array, between, boolean, integer
from .contacts import show_contact
from .lookups import CONTACT_RULES, contact_channel, of_contact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..state.records import SimulatedContact

MAX_DEPTH: Final = 10
"""Referrers at most, and when the request does not say (the latter *assumed*)."""

_UP_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "depth": (integer, between(1, MAX_DEPTH)),
    "is_flat": (boolean,),
}

_DOWN_RULES: Final[Rules] = {**CONTACT_RULES, "filters": (array,)}


def _get_referrers(call: Call, contact: SimulatedContact) -> Decision:
    state, date = call.state, call.variants.date
    depth = call.integer("depth") or MAX_DEPTH
    ids = (contact.id, *islice(state.referrals.chain(contact.id), depth))
    people = [state.contacts.kept(contact_id) for contact_id in ids]
    flat: list[dict[str, object]] = [
        {
            "id": one.id,
            "name": one.name,
            "messenger": one.messenger,
            "created_at": date(state.contacts.since(one.id)),
        }
        for one in people
    ]
    if as_boolean(call.parameters.get("is_flat")):
        return call.answer(flat)
    for lower, upper in pairwise(flat):
        lower["referrer"] = upper
    return call.answer(flat[0])


def _filtered(call: Call, contact: SimulatedContact) -> Sequence[int]:
    state = call.state
    found = state.referrals.of(contact.id)
    filters = call.parameters.get("filters")
    if not isinstance(filters, dict):
        return found
    for key in ("tag_name", "tag_id"):
        wanted = filters.get(key)
        if wanted is None:
            continue
        names = [_tag_name(call, contact, key, value) for value in elements(wanted) or [wanted]]
        found = [one for one in found if any(name in state.tags.of_contact(one) for name in names)]
    return found


def _tag_name(call: Call, contact: SimulatedContact, key: str, value: Value) -> str | None:
    if key == "tag_name":
        return value if isinstance(value, str) else None
    tag_id = as_integer(value)
    return None if tag_id is None else call.state.tags.name(contact.bot_id, tag_id)


def _get_referrals(call: Call, contact: SimulatedContact) -> Decision:
    def show(contact_id: int) -> object:
        return show_contact(call.context, call.state.contacts.kept(contact_id))

    return call.answer_page(_filtered(call, contact), show)


def _get_count_referrals(call: Call, contact: SimulatedContact) -> Decision:
    count = {"count": len(_filtered(call, contact))}
    bare = call.variants.count_referrals == "bare"
    return call.answer_bare(count) if bare else call.answer(count)


ENDPOINTS: Final = (
    Endpoint("getReferrers", "GET", _UP_RULES, contact_channel, of_contact(_get_referrers)),
    Endpoint("getReferrals", "POST", _DOWN_RULES, contact_channel, of_contact(_get_referrals)),
    Endpoint(
        "getCountReferrals", "POST", _DOWN_RULES, contact_channel, of_contact(_get_count_referrals)
    ),
)

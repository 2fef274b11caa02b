"""Who has a lease, as Redis keeps it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ...bulk.journal.codec import decode_holder, encode_holder

if TYPE_CHECKING:
    from ...bulk.journal.records import LockHolder

__all__ = ["describe_holder", "read_lease"]


def describe_holder() -> str:
    """This process, and a token that tells two runs in it apart."""
    return encode_holder(token=secrets.token_hex(8))


def read_lease(told: str | None) -> LockHolder | None:
    """Who a lease names; None where there is no lease."""
    return None if told is None else decode_holder(told)

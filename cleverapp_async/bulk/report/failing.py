"""Why messages were not accepted: refused fields by rule, other errors by type and text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..journal.records import ErrorRecord

__all__ = ["KINDS_LISTED", "ErrorCount", "Failures", "FieldCount", "count_failures"]

KINDS_LISTED = 100
"""How many kinds of each are listed one by one."""


@frozen
class FieldCount:
    """One text of validation errors.

    Attributes:
        field: The parameter, as the API spells it.
        rule: The broken rule; None where the text is not known.
        message: The server's text.
        messages: How many times it came.
    """

    field: str
    rule: str | None
    message: str
    messages: int


@frozen
class ErrorCount:
    """One error that names no fields.

    Attributes:
        type: The error's class.
        status: The HTTP status; None where there was no answer.
        message: Its text.
        messages: How many messages ended with it.
    """

    type: str
    status: int | None
    message: str
    messages: int


@frozen
class Failures:
    """Why messages were not accepted, the most frequent first.

    Attributes:
        fields: Refused fields by rule and text, at most :data:`KINDS_LISTED`.
        fields_left_out: Kinds of these beyond that.
        others: Errors that name no fields, at most :data:`KINDS_LISTED`.
        others_left_out: Kinds of these beyond that.
    """

    fields: tuple[FieldCount, ...]
    fields_left_out: int
    others: tuple[ErrorCount, ...]
    others_left_out: int


def count_failures(errors: Iterable[tuple[ErrorRecord, int]]) -> Failures:
    """Group a journal's errors.

    Args:
        errors: Errors and how many messages ended with each.
    """
    fields: Counter[tuple[str, str | None, str]] = Counter()
    others: Counter[tuple[str, int | None, str]] = Counter()
    for error, messages in errors:
        for name, rule, _, text in error.fields:
            fields[name, rule, text] += messages
        if not error.fields:
            others[error.type, error.status, error.message] += messages
    return Failures(
        tuple(FieldCount(*kind, count) for kind, count in fields.most_common(KINDS_LISTED)),
        max(len(fields) - KINDS_LISTED, 0),
        tuple(ErrorCount(*kind, count) for kind, count in others.most_common(KINDS_LISTED)),
        max(len(others) - KINDS_LISTED, 0),
    )

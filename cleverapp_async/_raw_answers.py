"""The raw answers of the calls made inside a block, without a second request."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._response import RawResponse

__all__ = ["note_answer", "raw_answers"]

_kept: ContextVar[list[RawResponse] | None] = ContextVar(
    "cleverapp_async_raw_answers", default=None
)


@contextmanager
def raw_answers() -> Generator[list[RawResponse], None, None]:
    """Keep the raw answers of all calls made inside the block, those of refused attempts too.

    ::

        with raw_answers() as answers:
            tags = await client.get_bot_tags(bot_id=7)
        answers[-1].status, answers[-1].headers, answers[-1].body

    Tasks started inside the block count as inside; those of others do not.
    """
    answers: list[RawResponse] = []
    before = _kept.set(answers)
    try:
        yield answers
    finally:
        _kept.reset(before)


def note_answer(raw: RawResponse) -> None:
    """Keep an answer, if a block asked for it."""
    answers = _kept.get()
    if answers is not None:
        answers.append(raw)

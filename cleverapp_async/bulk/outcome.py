"""What became of one message of a bulk send, and the errors that did not come from the server."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import ParamSpec, TypeVar, cast

from attrs import field, frozen

from .._arguments import told_of
from ..errors import CleverAppError, JournalError, NotSentError, Outcome, OutcomeUnknownError
from ..models.contact import Contact
from ..models.messages import Message, SendReceipt

__all__ = [
    "SendOutcome",
    "ask_journal",
    "ask_journal_list",
    "broken_promise",
    "expected_answer",
    "is_cancelled",
    "journal_failure",
    "outcome_of_run",
    "stopped_error",
    "unexpected_error",
]

P = ParamSpec("P")
T = TypeVar("T")


@frozen(kw_only=True)
class SendOutcome:
    """One message, and what is known of it.

    Attributes:
        message: The message as it was given: ``send_many`` takes it again. Where the source gave
            what is no message (a dict, None, …), that, and ``NOT_SENT``.
        outcome: ``ACCEPTED``, ``REJECTED``, ``NOT_SENT`` or ``UNKNOWN``.
        index: Its place among the messages given, counted from 0, as Python counts. What people
            are shown is :attr:`number`, counted from 1.
        receipt: What it took; None unless it was accepted.
        contact: The contact that sendMessageToWhatsApp answered; None for other messages.
        error: Why it was not accepted; None where it was.
    """

    message: Message
    outcome: Outcome
    index: int
    receipt: SendReceipt | None = field(default=None, repr=False)
    contact: Contact | None = field(default=None, repr=False)
    error: CleverAppError | None = None

    @property
    def number(self) -> int:
        """Its number for people, counted from 1: what the command line, lists and reports show."""
        return self.index + 1

    @property
    def accepted(self) -> bool:
        """Whether the server took it."""
        return self.outcome is Outcome.ACCEPTED


# Where the modules of this package are.
_OURS = str(Path(__file__).parents[1])


def stopped_error(outcome: Outcome) -> CleverAppError:
    """The error of a message that a run was stopped before or in the middle of."""
    if outcome is Outcome.UNKNOWN:
        return OutcomeUnknownError("it may have reached the server: cancelled before the answer")
    return NotSentError("not sent: the run was stopped")


def outcome_of_run(ended: Mapping[Outcome, int]) -> Outcome:
    """What an error that stops a run says of all its messages: the worst that is known of any.

    ``NOT_SENT`` invites to send everything again. So it is ``UNKNOWN`` as soon as one message was
    accepted, too: of the run as a whole it is true neither that it arrived nor that it did not.

    Args:
        ended: How many messages ended with each outcome.
    """
    if ended.get(Outcome.ACCEPTED) or ended.get(Outcome.UNKNOWN):
        return Outcome.UNKNOWN
    return Outcome.REJECTED if ended.get(Outcome.REJECTED) else Outcome.NOT_SENT


def unexpected_error(outcome: Outcome, error: BaseException) -> CleverAppError:
    """The error of a message whose sending failed for a fault in this package or in a callback."""
    kind = OutcomeUnknownError if outcome is Outcome.UNKNOWN else NotSentError
    frames = traceback.extract_tb(error.__traceback__)
    # The innermost frame is where it was raised: outside of this package it is a callback or a
    # limiter of the user's own.
    if frames and not frames[-1].filename.startswith(_OURS):
        return kind(f"what the SDK called failed, such as a limiter: {told_of(error)}")
    return kind(f"the SDK failed, please report it: {told_of(error)}")


def journal_failure(method: Callable[..., object], error: BaseException) -> CleverAppError:
    """What a journal raised, as an error that stops a run; a journal may raise anything.

    Only errors of the journal stay as they are: another one of ours would tell what became of a
    message, which a journal cannot know.

    Args:
        method: The method of the journal that raised it.
        error: What it raised; the cause of the error that is made.
    """
    if isinstance(error, JournalError):
        return error
    told = f"{type(error).__name__}: " if isinstance(error, CleverAppError) else ""
    found = broken_promise(method, f"raised {told}{told_of(error)}")
    found.__cause__ = error
    return found


async def ask_journal(method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a method of a journal answers; whatever it raises is an error of the journal.

    It is also called in here: a plain function raises before there is anything to wait for.

    Raises:
        JournalError: It failed.
    """
    try:
        return await method(*args, **kwargs)
    except JournalError:
        raise
    except asyncio.CancelledError as error:
        # Two things look alike here: somebody cancels this task, which must go on as a
        # cancellation, or the journal awaited something of its own that was cancelled, which is a
        # failure of the journal.
        if is_cancelled():
            raise
        raise journal_failure(method, error) from error
    except Exception as error:  # a journal of a user's own raises anything
        raise journal_failure(method, error) from error


def is_cancelled() -> bool:
    """Whether this task was cancelled, so that a cancellation is not the journal's own."""
    # `cancelling` counts the requests to cancel this task; a CancelledError that merely came out of
    # something that was awaited leaves it at 0.
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def ask_journal_list(
    kind: type[object] | UnionType,
    method: Callable[P, Awaitable[Sequence[T]]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Sequence[T]:
    """What a method of a journal lists.

    Args:
        kind: What each item must be.
        method: The method.
        *args: What it is given.
        **kwargs: What it is given by name.

    Raises:
        JournalError: It failed, or gave no sequence, or something else in it.
    """
    answer = cast("object", await ask_journal(method, *args, **kwargs))
    if not isinstance(answer, Sequence):
        raise _wrong_answer(method, "sequence", answer)
    for item in cast("Sequence[object]", answer):
        if not isinstance(item, kind):
            name = kind.__name__ if isinstance(kind, type) else str(kind)
            wanted = f"sequence of {name.rpartition('.')[2]}"
            raise _wrong_answer(method, wanted, item, "one with a")
    return cast("Sequence[T]", answer)


def expected_answer(method: Callable[..., object], kind: type[T], answer: object) -> T:
    """What a method of a journal answered, where it is what the protocol says.

    A method that forgets its ``return`` is so named at once, in place of an error of ours later.

    Raises:
        JournalError: It is something else.
    """
    if isinstance(answer, kind):
        return answer
    raise _wrong_answer(method, kind.__name__, answer)


def _wrong_answer(
    method: Callable[..., object], wanted: str, answer: object, gave: str = "a"
) -> JournalError:
    return broken_promise(method, f"must give a {wanted}, and gave {gave} {type(answer).__name__}")


def broken_promise(method: Callable[..., object], told: str) -> JournalError:
    """The error of a journal that does not do what the protocol says.

    Args:
        method: Its method.
        told: What that must do, and did, behind the method's name.
    """
    return JournalError(f"the journal failed: {_method_name(method)} {told}")


def _method_name(method: Callable[..., object]) -> str:
    owner = type(getattr(method, "__self__", method)).__name__
    return f"{owner}.{getattr(method, '__name__', '')}"

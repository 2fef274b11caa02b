"""What a send is about to do, before it does it: how many messages, which first, out of what."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from attrs import frozen

from ...bulk.journal.records import JournalState, LockHolder, Resend
from ...bulk.journal.sqlite.reader import JournalReader
from ...errors import JournalError, JournalMismatchError
from ...limits.quota import LimitKey
from ...models.route import Route
from ..campaign.reader import is_begun, journal_errors, look
from .first import FirstOfCampaign, is_sent
from .plan import Plan, Planned

if TYPE_CHECKING:
    from ...bulk.journal.records import JournalEntry
    from .options import SendOptions


__all__ = ["Ahead", "holds_campaign", "look_ahead", "unreadable", "with_line"]


@frozen(kw_only=True)
class Ahead:
    """What a send is about to do.

    Attributes:
        counts: The messages that it sends, by what limits them.
        total: All messages of the list, or those that a campaign has left.
        shown: Some of those that it sends, to be looked at.
        resumed: Whether they are those of a campaign that was begun before.
        holder: Who sends this campaign now, so that nobody else can; None: nobody.
    """

    counts: Mapping[LimitKey | None, int]
    total: int
    shown: list[Planned]
    resumed: bool = False
    holder: LockHolder | None = None

    @property
    def sent(self) -> int:
        """How many messages it sends."""
        return sum(self.counts.values())


def unreadable(journal: str | None) -> str | None:
    """Why nobody can look into a journal before a run opens it; None where that can be done.

    One of an earlier version is such: the run brings it up to date, and nothing else may.

    Args:
        journal: Its path; None: there is none.
    """
    if journal is None or not is_begun(journal):
        return None
    try:
        with JournalReader(journal):
            return None
    except JournalError as error:
        return str(error)


def holds_campaign(journal: str) -> bool:
    """Whether a journal was filled, so that its messages are sent and no others.

    Raises:
        CommandError: It cannot be read.
    """
    if not is_begun(journal):
        return False
    with journal_errors(), JournalReader(journal) as reader:
        return reader.summary().complete


def with_line(error: JournalMismatchError, plan: Plan | None) -> JournalError:
    """The same with the line of the file on which the message stands that differs.

    Args:
        error: What is told of the message.
        plan: The checked list; None: the messages come from the journal.
    """
    line = None if plan is None or error.index is None else plan.line_of(error.index)
    if plan is None or line is None:
        return error
    return JournalError(f"{plan.source.name}, line {line}: {error}")


def look_ahead(plan: Plan | None, options: SendOptions) -> Ahead:
    """Find out what a send would do; nothing is sent, and nothing is written.

    Where a campaign goes on, the list is compared with it first, as the run will do it again.

    Args:
        plan: The checked list; None: the messages come from the journal.
        options: What is asked for.

    Raises:
        CommandError: The journal cannot be read, or is another campaign's.
    """
    journal = options.campaign.journal
    if journal is not None and (plan is None or holds_campaign(journal)):
        return _of_campaign(journal, plan, options)
    return _of_list(plan, options) if plan is not None else Ahead(counts={}, total=0, shown=[])


def _of_list(plan: Plan, options: SendOptions) -> Ahead:
    most, counts = plan.total, plan.counts
    if options.first is not None:
        most = options.first.of(plan.total)
        counts = plan.counts_of_first(most)
    shown = options.shown.of(islice(plan.messages(), most))
    return Ahead(counts=counts, total=plan.total, shown=shown)


def _of_campaign(journal: str, plan: Plan | None, options: SendOptions) -> Ahead:
    campaign, origin = options.campaign, options.settings.origin()
    again = campaign.resend
    with journal_errors(), JournalReader(journal) as reader:
        given = None if plan is None else (planned.message for planned in plan.given())
        try:
            reader.compare(given, origin=origin, deduplicate=not campaign.allow_duplicates)
        except JournalMismatchError as error:
            raise with_line(error, plan) from None
        state = look(reader)
        # Where nobody runs it, what was under way is unknown as soon as it is resumed.
        under_way = state.holder is not None or again.unknown
        counts = state.summary.to_send(again, under_way=under_way)
        total = sum(counts.values())
        if options.first is not None:
            part = FirstOfCampaign.find(reader, options.first, again, under_way=under_way)
            counts = dict(part.counts)
        entries = reader.entries(*_states(again, under_way=under_way))
        sent = (entry for entry in entries if is_sent(entry, again, under_way=under_way))
        # In the order of the list: those among its first ones come before all others.
        shown = options.shown.of(islice(map(_planned, sent), sum(counts.values())))
    return Ahead(counts=counts, total=total, shown=shown, resumed=True, holder=state.holder)


def _states(resend: Resend, *, under_way: bool) -> set[JournalState]:
    """The states that messages which are sent can have: the others need not be read."""
    return {
        state for state in JournalState if resend.takes(state, permanent=False, under_way=under_way)
    }


def _planned(entry: JournalEntry) -> Planned:
    """A message of a campaign as one of a list, called by its number."""
    key = entry.key
    route = None if key is None else Route(key.bot_id, key.messenger)
    return Planned(entry.number, None, entry.message, route)

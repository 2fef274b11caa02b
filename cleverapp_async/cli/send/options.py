"""What ``cleverapp send`` is asked for, and what must hold before anything is sent.

Some options do not go together. The rest is looked at besides the list; a dry run does the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

from attrs import asdict, define, evolve, field, frozen

from ..._mounts import is_stream
from ...bulk.journal.records import Resend
from ...bulk.journal.sqlite.reader import check_openable
from ...client import CleverAppClient
from ...config import DEFAULT_BASE_URL
from ..atomic_file import check_new_file
from ..campaign.state import LeftOut, find_campaign, is_begun, journal_errors
from ..errors import BadInputError, CommandError, Exit
from ..recipients.messages import Defaults
from ..recipients.source import InputFormat, ReadingOptions
from ..send_settings import SendSettings
from ..shared_options import read_token
from .partial import First, TestMessage
from .plan import Plan
from .preview import Choice

__all__ = ["CampaignOptions", "Preflight", "RecipientOptions", "SendOptions"]

_LONGEST_NAME = 500
_NAMED = {"format": "input_format", "test": "test_to"}


@frozen(kw_only=True)
class RecipientOptions:
    """Which rows of which file are sent, and with what filled in.

    Attributes:
        path: The file, ``-`` for standard input; None: none is given.
        format: How it is written; None: its suffix or first bytes tell.
        reading: How it is read.
        defaults: For rows that do not say otherwise.
        only: For outcomes of an earlier send: the outcomes whose rows are sent.
        skip_bad_rows: Whether the good rows are sent although others are faulty.
        faults: A new file for the faults of rows; None: the first of each kind are shown alone.
        delimiter: The sign between its cells; None: that of the list, or else a comma.
        drop_duplicates: Whether rows that repeat recipient and message are left out.
        test: The one message that is sent, to an address of one's own; None: all are sent.
    """

    path: str | None
    format: InputFormat | None = None
    reading: ReadingOptions = field(factory=ReadingOptions)
    defaults: Defaults = field(factory=Defaults)
    only: frozenset[str] = frozenset()
    skip_bad_rows: bool = False
    faults: str | None = None
    delimiter: str | None = None
    drop_duplicates: bool = False
    test: TestMessage | None = None

    def given(self) -> list[str]:
        """The names of those that need a file."""
        names = ("format", "only", "skip_bad_rows", "faults", "drop_duplicates", "test")
        filled_in = [name for name, _ in self.defaults.given]
        reading = [one for one, value in asdict(self.reading, recurse=False).items() if value]
        if self.defaults.phone_region is not None:
            filled_in.append("phone_region")
        return filled_in + reading + [name for name in names if getattr(self, name)]


@frozen(kw_only=True)
class CampaignOptions:
    """Whether a campaign is kept, and which of its messages are sent again.

    Attributes:
        journal: The journal's path; None: no campaign is kept.
        resend_unknown: Whether what an earlier run may have sent is sent again.
        retry_rejected: Whether what was refused for good is sent again.
        allow_duplicates: Whether a recipient gets all of its messages, not the first alone.
        left_out: The faulty rows that its last run says are not in the journal.
    """

    journal: str | None = None
    resend_unknown: bool = False
    retry_rejected: bool = False
    allow_duplicates: bool = False
    left_out: LeftOut | None = None

    @property
    def resend(self) -> Resend:
        """Which messages with a result are sent again."""
        return Resend(unknown=self.resend_unknown, rejected=self.retry_rejected)

    def given(self) -> list[str]:
        """The names of those that need a journal."""
        names = ("resend_unknown", "retry_rejected", "allow_duplicates")
        return [name for name in names if getattr(self, name)]


@frozen(kw_only=True)
class SendOptions:
    """All options of ``cleverapp send``; see its help.

    Attributes:
        recipients: Which rows are sent.
        campaign: Whether a campaign is kept.
        settings: How they are sent.
        first: How many of them, from the first one on; None: all.
        shown: Which messages are shown before the first one leaves.
        dry_run: Whether nothing is sent.
        yes: Whether nobody is asked before the first one leaves.
        output: Where outcomes go, ``-`` for standard output; None: nowhere.
        chosen: Whether nobody named that place, and a new file was chosen.
        quiet: Whether only what must be said is said.
        verbose: Whether the log is shown.

    Raises:
        BadInputError: Some do not go together.
    """

    recipients: RecipientOptions
    campaign: CampaignOptions
    settings: SendSettings
    first: First | None = None
    shown: Choice = field(factory=Choice)
    dry_run: bool
    yes: bool = False
    output: str | None
    quiet: bool
    verbose: bool
    chosen: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse options that would do nothing."""
        recipients, campaign = self.recipients, self.campaign
        if recipients.delimiter is not None and recipients.faults is None:
            raise BadInputError("--delimiter is for the file of --faults: give that, too.")
        if recipients.path is None and campaign.journal is None:
            raise BadInputError("FILE is missing: give one, or the --journal of a campaign.")
        if (given := campaign.given()) and campaign.journal is None:
            raise BadInputError(f"{_option(given[0])} needs a campaign: give its --journal.")
        if recipients.test is not None and given:
            raise BadInputError(
                f"--test-to sends one message, and none of a campaign: leave {_option(given[0])} "
                "out."
            )
        if campaign.journal is not None and not find_campaign(campaign.journal).resumable:
            raise BadInputError("a campaign in Redis is sent by its workers, not by one command.")
        if recipients.path is None and campaign.journal is not None:
            given = recipients.given()
            given += ["allow_duplicates"] if campaign.allow_duplicates else []
            if given:
                raise BadInputError(
                    f"{_option(given[0])} needs FILE: without it the messages come from the "
                    "journal, unchanged."
                )
            if not is_begun(campaign.journal):
                raise BadInputError(
                    f"there is no journal {campaign.journal}: give FILE to begin one."
                )
        if self.first is not None:
            self._check_first()
        self.settings.limits.check_scale(self.settings.base_url)

    def _check_first(self) -> None:
        """Refuse to send a part of a list where nothing would keep the rest of it."""
        if self.recipients.test is not None:
            raise BadInputError(
                "--first and --test-to are both given, and a test is one message: leave one out."
            )
        if self.dry_run or self.campaign.journal is not None:
            return
        if self.output == "-" and sys.stdout.isatty():
            raise BadInputError(
                "--first needs something that keeps which messages are left: give --journal "
                "RUN.db, and `cleverapp send --journal RUN.db` sends them later, or --output FILE, "
                "and `cleverapp send FILE --only not_sent` does."
            )

    def left_out(self, plan: Plan | None) -> LeftOut | None:
        """What of the list is not in the campaign's journal.

        Args:
            plan: The checked list; None: it was read by an earlier run, which has told it.
        """
        told, kept = self.recipients.faults, self.campaign.left_out
        if plan is None or not plan.bad:
            return kept if plan is None else None
        faults = None if told is None or is_stream(told) else _kept_name(told)
        found = LeftOut(
            rows=plan.bad,
            lines=tuple(plan.faults.lines),
            source=_kept_name(plan.source.name) or "the list",
            faults=faults,
        )
        # The same list again: what an earlier run listed the faults in is still true.
        same = kept is not None and kept.rows == found.rows and kept.lines == found.lines
        return kept if same and faults is None else found

    def of_test(self) -> SendOptions:
        """The same for a test message, which is in no campaign and waits for no hours."""
        output = "-" if self.output is None else self.output
        return evolve(self, campaign=CampaignOptions(), output=output)


def _kept_name(name: str) -> str | None:
    """A file's name, unless it is too long for a note, or no text."""
    return name if len(name) <= _LONGEST_NAME and name.isprintable() else None


def _option(name: str) -> str:
    return f"--{_NAMED.get(name, name).replace('_', '-')}"


@define(kw_only=True)
class Preflight:
    """The checks of a send that need nothing of its list; none of them leaves a trace.

    Each is made, whatever the others find, so that a dry run can tell all that would be refused.

    Attributes:
        settings: How messages are sent.
        journal: The campaign's journal; None: no campaign is kept.
        begins: Whether a campaign is begun where the journal holds none.
        new_files: What is written, by the option that names it: None where nothing is, and ``-``
            for standard output, which is for the outcomes alone.
        client: Who sends the messages; None where the token or the base URL cannot work.
        refusals: What a send would be refused for.
    """

    settings: SendSettings
    journal: str | None
    begins: bool
    new_files: tuple[tuple[str, str | None], ...]
    client: CleverAppClient | None = field(init=False, default=None)
    refusals: list[CommandError] = field(init=False, factory=list[CommandError])

    def __attrs_post_init__(self) -> None:
        """Make all checks."""
        self._check(self._make_client)
        for option, path in self.new_files:
            if path is not None and (option, path) != ("--output", "-"):
                self._check(partial(check_new_file, option, path))
        self._check(self._check_journal)
        self._check(self._check_names)

    def refuse(self) -> CleverAppClient:
        """Who sends the messages.

        Raises:
            CommandError: Something would be refused: the first of it.
        """
        if self.refusals or self.client is None:
            raise self.refusals[0]
        return self.client

    def tell(self, code: Exit = Exit.OK, *, told: CommandError | None = None) -> Exit:
        """Tell everything that a send would be refused for.

        Args:
            code: What the dry run ends with otherwise.
            told: What is told anyway.

        Returns:
            What the send would end with.
        """
        for refusal in self.refusals:
            if told is None or told.message != refusal.message:
                refusal.show()
        return Exit(self.refusals[0].exit_code) if self.refusals else code

    def _check(self, check: Callable[[], object]) -> None:
        try:
            check()
        except CommandError as error:
            self.refusals.append(error)

    def _make_client(self) -> None:
        try:
            token = read_token(self.settings.token_file)
        except CommandError as error:
            self.refusals.append(error)
            self.settings.origin()
        else:
            self.client = self.settings.client(token)

    def _check_names(self) -> None:
        """Refuse one name for two files: they would write over each other."""
        taken = {} if self.journal is None else {os.path.realpath(self.journal): "--journal"}
        for option, path in self.new_files:
            if path is None or path == "-" or is_stream(path):
                continue
            other = taken.setdefault(os.path.realpath(path), option)
            if other != option:
                raise BadInputError(
                    f"{other} and {option} both name the file {path}. Give each its own."
                )

    def _check_journal(self) -> None:
        if self.journal is None:
            return
        origin = self._base_url if self.client is None else self.client.base_url
        with journal_errors():
            check_openable(self.journal, origin, create=self.begins)

    @property
    def _base_url(self) -> str:
        return (self.settings.base_url or DEFAULT_BASE_URL).strip()

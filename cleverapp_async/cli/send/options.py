"""The options of ``cleverapp send``, grouped as they are used."""

from __future__ import annotations

from pathlib import Path

from attrs import asdict, field, frozen

from ...client import CleverAppClient
from ...config import DEFAULT_BASE_URL, ClientConfig
from ...errors import ConfigurationError
from ..campaign.state import Resuming
from ..errors import BadInputError, CommandError, Exit
from ..recipients.messages import Defaults
from ..recipients.numbers import DEFAULT_REGION
from ..recipients.source import InputFormat, ReadingOptions
from ..shared_options import GivenHours, LimitSettings

__all__ = ["CampaignOptions", "ClientOptions", "RecipientOptions", "SendOptions"]


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
        drop_duplicates: Whether rows that repeat recipient and message are left out.
    """

    path: str | None
    format: InputFormat | None = None
    reading: ReadingOptions = field(factory=ReadingOptions)
    defaults: Defaults = field(factory=Defaults)
    only: frozenset[str] = frozenset()
    skip_bad_rows: bool = False
    faults: str | None = None
    drop_duplicates: bool = False

    def given(self) -> list[str]:
        """The names of those that need a file."""
        names = ("format", "only", "skip_bad_rows", "faults", "drop_duplicates")
        filled_in = [name for name, _ in self.defaults.given]
        reading = [one for one, value in asdict(self.reading, recurse=False).items() if value]
        if self.defaults.phone_region != DEFAULT_REGION:
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
    """

    journal: str | None = None
    resend_unknown: bool = False
    retry_rejected: bool = False
    allow_duplicates: bool = False

    def given(self) -> list[str]:
        """The names of those that need a journal."""
        names = ("resend_unknown", "retry_rejected", "allow_duplicates")
        return [name for name in names if getattr(self, name)]


@frozen(kw_only=True)
class ClientOptions:
    """Who sends, where to, and how quickly.

    Attributes:
        token_file: Where the token stands; None: in the environment.
        base_url: Where the API lives; None: CleverApp's own.
        concurrency: Requests on the wire at once.
        attempt_timeout: Seconds for one attempt, from its start to the whole answer.
        limits: The limits that are kept.
    """

    token_file: str | None
    base_url: str | None
    concurrency: int
    attempt_timeout: float
    limits: LimitSettings

    def client(self, token: str) -> CleverAppClient:
        """The client that sends.

        Raises:
            CommandError: The token or the base URL cannot work: exit 3.
        """
        config = ClientConfig(max_in_flight=self.concurrency, attempt_timeout=self.attempt_timeout)
        try:
            return CleverAppClient(
                token,
                base_url=self.base_url or DEFAULT_BASE_URL,
                config=config,
                limits=self.limits.registry(),
            )
        except ConfigurationError as error:
            raise CommandError(f"{error}.", Exit.CONFIGURATION) from None


@frozen(kw_only=True)
class SendOptions:
    """All options of ``cleverapp send``; see its help.

    Attributes:
        recipients: Which rows are sent.
        campaign: Whether a campaign is kept.
        sender: Who sends.
        hours: When messages may leave.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
        dry_run: Whether nothing is sent.
        output: Where outcomes go, ``-`` for standard output; None: nowhere.
        quiet: Whether only what must be said is said.
        verbose: Whether the log is shown.

    Raises:
        BadInputError: Some do not go together.
    """

    recipients: RecipientOptions
    campaign: CampaignOptions
    sender: ClientOptions
    hours: GivenHours
    drain_timeout: float
    dry_run: bool
    output: str | None
    quiet: bool
    verbose: bool

    def __attrs_post_init__(self) -> None:
        """Refuse options that would do nothing."""
        recipients, campaign, sender = self.recipients, self.campaign, self.sender
        if recipients.path is None and campaign.journal is None:
            raise BadInputError("FILE is missing: give one, or a --journal to go on with.")
        if campaign.journal is None and (given := campaign.given()):
            raise BadInputError(f"{_option(given[0])} is for a campaign: give its --journal.")
        if recipients.path is None and campaign.journal is not None:
            given = recipients.given()
            given += ["allow_duplicates"] if campaign.allow_duplicates else []
            if given:
                raise BadInputError(
                    f"{_option(given[0])} needs FILE: without it the messages are those in the "
                    "journal, as they are."
                )
            if not Path(campaign.journal).exists():
                raise BadInputError(
                    f"there is no journal {campaign.journal}: give FILE to begin one."
                )
        scaled = sender.limits.scale != 1.0
        if scaled and not (sender.base_url or "").startswith("http://"):
            raise BadInputError("--scale is for a simulator on this machine: give its --base-url.")

    def resuming(self, journal: str, base_url: str) -> Resuming:
        """What the command that goes on with the campaign is made of.

        Args:
            journal: The journal's path.
            base_url: Where the campaign is sent to.
        """
        return Resuming(
            journal=journal,
            base_url=base_url,
            token_file=self.sender.token_file,
            limits=self.sender.limits,
            hours=self.hours,
            concurrency=self.sender.concurrency,
            attempt_timeout=self.sender.attempt_timeout,
            drain_timeout=self.drain_timeout,
            retry_rejected=self.campaign.retry_rejected,
        )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"

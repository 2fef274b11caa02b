"""The options of ``cleverapp send``, and what they make."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from ..client import CleverAppClient
from ..config import DEFAULT_BASE_URL, ClientConfig
from ..errors import ConfigurationError
from ..limits.quota import Quota
from .campaign.state import Resuming
from .errors import BadInputError, CommandError, Exit
from .params import LimitOverride
from .plan import Wanted
from .recipients.messages import Defaults
from .recipients.source import InputFormat
from .schedule_options import GivenHours
from .shared_options import LimitSettings

__all__ = ["Sending"]

_OF_A_JOURNAL = ("resend_unknown", "retry_rejected", "allow_duplicates")
_OF_A_FILE = (
    "format",
    "sheet",
    "only",
    "skip_bad_rows",
    "drop_duplicates",
    "allow_duplicates",
)


@frozen(kw_only=True)
class Sending:
    """The options of ``cleverapp send``; see its help.

    Raises:
        BadInputError: Some do not go together.
    """

    path: str | None
    format: InputFormat | None
    sheet: str | None
    defaults: Defaults
    only: frozenset[str]
    skip_bad_rows: bool
    drop_duplicates: bool
    dry_run: bool
    output: str | None
    journal: str | None
    resend_unknown: bool
    retry_rejected: bool
    allow_duplicates: bool
    hours: GivenHours
    drain_timeout: float
    token_file: str | None
    base_url: str | None
    concurrency: int
    attempt_timeout: float
    limits: tuple[LimitOverride, ...]
    account_limit: tuple[Quota, ...] | None
    scale: float
    quiet: bool
    verbose: bool

    def __attrs_post_init__(self) -> None:
        """Refuse options that would do nothing."""
        if self.path is None and self.journal is None:
            raise BadInputError("FILE is missing: give one, or a --journal to go on with.")
        if self.journal is None:
            for name in _OF_A_JOURNAL:
                if getattr(self, name):
                    raise BadInputError(f"{_option(name)} is for a campaign: give its --journal.")
        if self.path is None:
            given = [*(name for name, _ in self.defaults.given), *self._of_the_file()]
            if given:
                raise BadInputError(
                    f"{_option(given[0])} needs FILE: without it the messages are those in the "
                    "journal, as they are."
                )
            if self.journal is not None and not Path(self.journal).exists():
                raise BadInputError(f"there is no journal {self.journal}: give FILE to begin one.")
        if self.scale != 1.0 and not (self.base_url or "").startswith("http://"):
            raise BadInputError("--scale is for a simulator on this machine: give its --base-url.")

    def wanted(self) -> Wanted:
        """Which rows are sent.

        A journal tells duplicates itself, without memory; only a dry run has none to ask.
        """
        by_recipient = self.journal is not None and self.dry_run and not self.allow_duplicates
        return Wanted(
            defaults=self.defaults,
            only=self.only,
            drop_duplicates=self.drop_duplicates or by_recipient,
            seek_duplicates=self.journal is None or self.drop_duplicates or by_recipient,
            by_recipient=by_recipient,
        )

    def resuming(self, base_url: str | None = None) -> Resuming:
        """What the command that goes on with the journal is made of.

        Args:
            base_url: Where the campaign is sent to, where that is known better.
        """
        return Resuming(
            journal=self.journal or "",
            base_url=base_url or self.base_url,
            token_file=self.token_file,
            limits=self.limit_settings(),
            hours=self.hours,
            concurrency=self.concurrency,
            attempt_timeout=self.attempt_timeout,
            drain_timeout=self.drain_timeout,
            retry_rejected=self.retry_rejected,
        )

    def limit_settings(self) -> LimitSettings:
        """The limits that are kept."""
        return LimitSettings(overrides=self.limits, account=self.account_limit, scale=self.scale)

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
                limits=self.limit_settings().registry(),
            )
        except ConfigurationError as error:
            raise CommandError(f"{error}.", Exit.CONFIGURATION) from None

    def _of_the_file(self) -> list[str]:
        return [name for name in _OF_A_FILE if getattr(self, name)]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"

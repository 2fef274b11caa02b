"""What must hold before anything is sent, besides the list: a dry run asks for the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from attrs import define, field

from ...bulk.journal.sqlite.reader import check_openable
from ...client import CleverAppClient
from ...config import DEFAULT_BASE_URL
from ..atomic_file import is_stream
from ..campaign.reader import journal_errors
from ..errors import BadInputError, CommandError, Exit
from ..send_settings import SendSettings
from ..shared_options import read_token

__all__ = ["Preflight", "check_new_file"]


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
        return (self.settings.base_url or DEFAULT_BASE_URL).strip().rstrip("/")


def check_new_file(option: str, path: str) -> None:
    """Make sure that a file could be made; it is not made.

    Args:
        option: The option that names it.
        path: Its name.

    Raises:
        BadInputError: The name is taken, or ``-``, or its folder does not exist or cannot be
            written.
    """
    if path == "-":
        raise BadInputError(f"{option} takes a file: standard output is for the outcomes.")
    if is_stream(path):
        if not os.access(path, os.W_OK):
            raise BadInputError(f"{option} {path} cannot be written. Give another name.")
        return
    # A link that leads nowhere takes a name, too.
    if os.path.lexists(path):
        raise BadInputError(
            f"{option} {path} exists, and no file is overwritten. "
            "Give another name, or move the file away."
        )
    folder = Path(path).parent
    if not folder.is_dir():
        raise BadInputError(
            f"{option} {path} cannot be written: there is no folder {folder}. Make it first."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInputError(
            f"{option} {path} cannot be written: the folder {folder} may only be read. Let it be "
            "written, or give another name."
        )

"""A journal in, a page out."""

# ruff: noqa: PLC0415 - the parts of the report are loaded when one is asked for

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import JournalError
from ...limits.defaults import ACCOUNT_QUOTAS

if TYPE_CHECKING:
    from datetime import tzinfo

    from ...limits.quota import Quota
    from .timeline import QuotasOf

__all__ = ["write_report"]


def write_report(
    journal: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    quotas_of: QuotasOf | None = None,
    account: tuple[Quota, ...] = ACCOUNT_QUOTAS,
    zone: tzinfo | None = None,
) -> None:
    """Write what is known of a campaign as one self-contained HTML page.

    It may be written while the campaign runs. The page holds recipients and texts of messages in
    doubt, so that it is readable by its owner alone (mode 0600), as the journal is. An existing
    file is replaced once the new one is whole.

    Args:
        journal: The campaign's journal.
        output: The page's file.
        quotas_of: What limits a key, drawn as lines; None for the documented limits.
        account: What limits all keys together; empty for nothing.
        zone: The time zone of all times; None for this machine's.

    Raises:
        JournalError: The journal cannot be read, or the page would be written over it.
        OSError: The page cannot be written.
    """
    from ...limits.registry import LimiterRegistry
    from ..journal.reader import JournalReader
    from .figures import figure, in_doubt
    from .page import write_page

    _check_apart(Path(journal), Path(output))
    with JournalReader(journal) as reader:
        running = reader.holder() is not None
        summary = reader.summary()
        figures = figure(
            summary,
            reader.settled(),
            reader.errors(),
            () if summary.purged else reader.entries(*in_doubt(running=running)),
            quotas_of=quotas_of or LimiterRegistry().quotas,
            account=account,
            running=running,
            written_at=time.time(),
        )
    _replace(Path(output), write_page(figures, Path(journal).name, zone))


def _check_apart(journal: Path, output: Path) -> None:
    """Refuse to write the page over what it is read from."""
    path = journal.resolve()
    its = {path.with_name(path.name + end) for end in ("", "-wal", "-shm", ".lock")}
    if output.resolve() in its:
        raise JournalError(f"{output} belongs to the journal: give the report another name")


def _replace(path: Path, text: str) -> None:
    """Write a file of its own beside the name, readable by its owner alone, then name it so."""
    import tempfile

    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise

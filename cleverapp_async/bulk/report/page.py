"""A journal in, a page out: one file that loads nothing, runs nothing and brings its own style."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import tempfile
import time
from datetime import tzinfo
from importlib.resources import files
from pathlib import Path

from ..._arguments import check_callable, check_instance, check_path, wrong_argument
from ..._mounts import is_stream
from ...errors import JournalError
from ...limits.quota import ACCOUNT_QUOTAS, Quota, QuotasOf, check_quotas
from ...limits.registry import LimiterRegistry
from .._wall_clock import as_zone
from ..journal.protocol import CampaignReader
from ..journal.records import JournalState
from ..journal.sqlite.reader import JournalReader
from .csv import open_campaign
from .figures import ReportFigures, compute_figures, in_doubt
from .html import Clock, Html, tag
from .problems import errors, rejected, unknown
from .sends import runs, sends, times
from .summary import by_key, top

__all__ = ["write_page", "write_report"]


def write_page(
    figures: ReportFigures,
    name: str,
    zone: tzinfo | None = None,
    *,
    title: str | None = None,
    remark: str | None = None,
) -> str:
    """The report as one HTML page.

    Its policy lets a browser load, run and style nothing but the one style sheet in it, which the
    policy names by its digest.

    Args:
        figures: What is told.
        name: What the campaign is called in commands: :attr:`CampaignReader.name`.
        zone: The time zone of all times; None for this machine's.
        title: What the campaign is called on the page; None: by its name.
        remark: What else is to be looked at, in a sentence; None: nothing.
    """
    clock = Clock(zone, Clock(zone).offset(figures.written_at))
    title = title or name
    style = files(__name__.rpartition(".")[0]).joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="referrer", content="no-referrer"),
        tag("meta", name_="robots", content="noindex"),
        tag("title", f"Campaign {title}"),
        tag("style", Html(style)),
    )
    body = tag(
        "body",
        top(figures, name, title, clock, remark),
        tag(
            "main",
            sends(figures, clock),
            by_key(figures),
            errors(figures),
            unknown(figures, name, clock),
            rejected(figures, name, clock),
            times(figures),
            runs(figures, clock),
        ),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en').source}\n"


def write_report(
    journal: str | os.PathLike[str] | CampaignReader,
    output: str | os.PathLike[str],
    *,
    quotas_of: QuotasOf | None = None,
    account: tuple[Quota, ...] = ACCOUNT_QUOTAS,
    zone: tzinfo | str | None = None,
    title: str | None = None,
    remark: str | None = None,
) -> None:
    """Write what is known of a campaign as one self-contained HTML page.

    It may be written while the campaign runs. The page holds recipients, texts and references of
    messages in doubt, so that it is readable by its owner alone (mode 0600), as the journal is. An
    existing file is replaced once the new one is whole; a device or a pipe is written to.

    Args:
        journal: The file of the campaign's journal, or a reader that is open, of a campaign
            wherever it is kept.
        output: The page's file.
        quotas_of: What limits a key, drawn as lines; None for the documented limits.
        account: What limits all keys together; empty for nothing.
        zone: The time zone of all times, or its name such as ``Europe/Moscow``; None for this
            machine's.
        title: What the campaign is called on the page; None: by the name of its journal.
        remark: What else is to be looked at, in a sentence of yours, such as which rows of a list
            were left out; None: nothing.

    Raises:
        InvalidRequestError: An argument cannot work; it is named.
        ConfigurationError: A quota is not valid, or no time zone has that name.
        JournalError: The journal cannot be read, or the page would be written over it.
        OSError: The page cannot be written.
    """
    check_path("output", output, wrong_argument)
    if quotas_of is not None:
        check_callable("quotas_of", quotas_of, "a function of a LimitKey, or None", wrong_argument)
    check_instance("account", account, tuple | list, "a tuple of Quota(...)", wrong_argument)
    check_quotas("account", *account)
    if title is not None:
        check_instance("title", title, str, "a text, or None", wrong_argument)
    if remark is not None:
        check_instance("remark", remark, str, "a text, or None", wrong_argument)
    told_in = as_zone(zone)
    with open_campaign(journal) as reader:
        if isinstance(reader, JournalReader):
            _check_apart(reader.path, Path(output))
        name, running = reader.name, reader.holder() is not None
        summary = reader.summary()
        figures = compute_figures(
            summary,
            reader.settled(),
            reader.errors(),
            () if summary.purged else reader.entries(*in_doubt(running=running)),
            () if summary.purged else reader.entries(JournalState.REJECTED),
            quotas_of=quotas_of or LimiterRegistry().quotas,
            account=account,
            running=running,
            written_at=time.time(),
        )
    _replace(Path(output), write_page(figures, name, told_in, title=title, remark=remark))


def _check_apart(journal: Path, output: Path) -> None:
    """Refuse to write the page over what it is read from."""
    path = journal.resolve()
    its = {path.with_name(path.name + end) for end in ("", "-wal", "-shm", ".lock")}
    if output.resolve() in its:
        raise JournalError(f"{output} belongs to the journal: give the report another name")


def _replace(path: Path, text: str) -> None:
    """Write a temporary file beside it, readable by its owner alone, then rename that.

    A device or a pipe is no file to be replaced: it is written to.
    """
    if is_stream(path):
        with path.open("wb") as stream:
            stream.write(text.encode())
        return
    if path.exists() and not path.is_file():
        told = "a folder or something else that is no plain file has its name"
        raise OSError(errno.EEXIST, told, str(path))
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise

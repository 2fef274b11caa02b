"""The page: one file that asks for nothing, runs nothing and takes its style alone."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from .clock import Clock
from .markup import Html, tag
from .show_errors import errors
from .show_runs import runs
from .show_sends import sends
from .show_states import by_key
from .show_times import times
from .show_top import top
from .show_unknown import unknown

if TYPE_CHECKING:
    from datetime import tzinfo

    from .figures import ReportFigures

__all__ = ["write_page"]


def write_page(figures: ReportFigures, name: str, zone: tzinfo | None = None) -> str:
    """The report as one HTML page.

    Its policy lets a browser load, run and style nothing but the one style sheet in it, which the
    policy names by its digest.

    Args:
        figures: What is told.
        name: The journal's file, without its folder.
        zone: The time zone of all times; None for this machine's.
    """
    clock = Clock(zone)
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
        tag("title", f"Campaign {name}"),
        tag("style", Html(style)),
    )
    body = tag(
        "body",
        top(figures, name, clock),
        tag(
            "main",
            sends(figures, clock),
            by_key(figures),
            errors(figures),
            unknown(figures, name, clock),
            times(figures),
            runs(figures, clock),
        ),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en').source}\n"

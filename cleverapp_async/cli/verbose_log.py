"""The package's log on standard error, for ``--verbose``."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["verbose_log"]


@contextmanager
def verbose_log(*, on: bool) -> Generator[None]:
    """Show the package's log while the block runs; the token is in none of it.

    Args:
        on: Whether it is shown at all.
    """
    log = logging.getLogger("cleverapp_async")
    before = log.level
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    if on:
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)

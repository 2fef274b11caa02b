"""What reports of errors, and logs, could show to whoever reads them."""

from __future__ import annotations

import logging
import pickle
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["everything_logged", "everything_of"]


def everything_of(error: BaseException) -> Iterator[str]:
    """All that a report of an error could show, with the variables of frames, but the test's own.

    An error of this package is chained to no other one, which would have to be searched as well.
    """
    yield from (repr(error), str(error), repr(error.args), repr(vars(error)))
    yield repr(pickle.dumps(error))
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    for frame in report.stack:
        if "/tests/" in frame.filename:
            frame.locals = None
    yield "".join(report.format())
    assert error.__cause__ is None
    assert error.__context__ is None


class _Everything(logging.Handler):
    """Keeps every record whole, as the most talkative handler would write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text, the arguments and the attributes."""
        self.lines.append(f"{self.format(record)} {record.args!r} {vars(record)!r}")


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """All that any logger of the program says inside the block, at DEBUG."""
    handler = _Everything()
    root = logging.getLogger()
    # The server's own side is not what is tested: it may know the URL.
    named = [root, *(logging.getLogger(name) for name in ("cleverapp_async", "aiohttp", "asyncio"))]
    levels = [logger.level for logger in named]
    for logger in named:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        for logger, level in zip(named, levels, strict=True):
            logger.setLevel(level)

"""What a report of an error could show to whoever reads it."""

from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["everything_of"]


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

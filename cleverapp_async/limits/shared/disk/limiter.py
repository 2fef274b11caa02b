"""The limiter of one key whose log lies in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..limiter import SharedLimiter

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FileLimiter"]


class FileLimiter(SharedLimiter):
    """A :class:`SharedLimiter` that a resumed campaign may prime.

    The log in the file outlives the process, but a journal may come from another machine, or the
    file may be gone. What is primed counts in this process's own window alone, which stands in
    series with the log: so nothing that the log knows, too, is counted twice.
    """

    def prime(self, ages: Sequence[float]) -> None:
        """Count requests that were made before; see :meth:`PrimableLimiter.prime`.

        Raises:
            ClientStateError: The limiter serves another event loop.
        """
        self._own.prime(ages)

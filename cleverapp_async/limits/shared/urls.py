"""Whether the URL of a Redis can be read as it was meant."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["UNREADABLE_URL", "is_readable"]

UNREADABLE_URL = (
    "the URL of Redis cannot be read: it is like redis://:password@host:6379/0; in a password, / "
    "is written %2F, ? is %3F and # is %23, and behind the host, @ is %40"
)
"""What is told instead of the URL, which may hold a password."""


def is_readable(url: str) -> bool:
    """Whether a URL has no ``@`` behind its host: else it is cut within a password.

    What comes before a ``/``, ``?`` or ``#`` is taken for host and port, and shown as such.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "unix" or "@" not in parts.path + parts.query + parts.fragment

"""How the keys of Redis are called: those of one campaign lie in one hash slot of a cluster."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from attrs import frozen

from ..._arguments import check_instance, wrong_setting
from ..._redis.client import check_url
from ...errors import ConfigurationError

__all__ = [
    "DEFAULT_PREFIX",
    "LOAD",
    "KeyNames",
    "campaign_name",
    "check_word",
    "safe_address",
    "split_address",
]

DEFAULT_PREFIX = "cleverapp"

LOAD = "load"
"""The unit whose lease a producer has; chunks have their numbers."""

_FORBIDDEN = frozenset("{}*?[]\\/ \t\r\n")


def check_word(name: str, value: str) -> str:
    """A word that can be part of a key.

    Raises:
        ConfigurationError: It is empty, or holds braces, a slash, a space or a wildcard.
    """
    check_instance(name, value, str, "a plain word such as 'spring-2026'", wrong_setting)
    if not value or set(value) & _FORBIDDEN:
        raise ConfigurationError(
            f"{name} must be a plain word such as 'spring-2026', not {value!r}: it becomes part "
            "of the names of keys"
        )
    return value


def split_address(address: str) -> tuple[str, str]:
    """The URL of Redis and the campaign that ``redis://host:6379/0/CAMPAIGN`` names.

    The number of the database may be left out.

    Raises:
        ConfigurationError: It names no campaign, or is no URL; it is not repeated, as it may hold
            a password.
    """
    check_url(address, "address")
    parts = urlsplit(address)
    path, _, campaign = parts.path.rpartition("/")
    if not campaign or (not path and campaign.isdecimal()):
        raise ConfigurationError(
            "the address names no campaign: write redis://HOST:PORT/DATABASE/CAMPAIGN"
        )
    return urlunsplit(parts._replace(path=path)), check_word("campaign", campaign)


def safe_address(url: str, campaign: str) -> str:
    """The address of a campaign, as :func:`split_address` reads it, without user and password.

    Raises:
        ConfigurationError: The URL is none.
    """
    check_url(url)
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = f"{parts.path.rstrip('/')}/{campaign}"
    return urlunsplit(parts._replace(netloc=host, path=path, query="", fragment=""))


def campaign_name(campaign: str) -> str:
    """What a campaign is called in errors."""
    return f"the campaign {campaign!r} in Redis"


@frozen
class KeyNames:
    """The keys of one campaign.

    Attributes:
        prefix: What all keys begin with.
        campaign: Its name.
    """

    prefix: str
    campaign: str

    def _key(self, part: str) -> str:
        return f"{self.prefix}:{{campaign:{self.campaign}}}:{part}"

    @property
    def meta(self) -> str:
        """Hash: facts of the campaign."""
        return self._key("meta")

    @property
    def keys(self) -> str:
        """Hash: limit keys by their rows."""
        return self._key("keys")

    @property
    def counts(self) -> str:
        """Hash: messages by ``row:state``."""
        return self._key("counts")

    @property
    def left(self) -> str:
        """Hash: by chunk, how many messages a run would send or has on its way."""
        return self._key("left")

    @property
    def fences(self) -> str:
        """Hash: by unit, the number of its last lease."""
        return self._key("fences")

    @property
    def sessions(self) -> str:
        """Hash: runs by unit and fence."""
        return self._key("sessions")

    @property
    def addresses(self) -> str:
        """Hash: first message by address, while messages are read in."""
        return self._key("addresses")

    def lease(self, unit: str) -> str:
        """String: who has a chunk, or reads messages in; it expires."""
        return self._key(f"lease:{unit}")

    def messages(self, chunk: int) -> str:
        """Hash: the messages of a chunk by index."""
        return self._key(f"messages:{chunk}")

    def duplicates(self, chunk: int) -> str:
        """Hash: what was left out of a chunk by index."""
        return self._key(f"duplicates:{chunk}")

    def fates(self, chunk: int) -> str:
        """Hash: what became of the messages of a chunk by index."""
        return self._key(f"fates:{chunk}")

    def of_chunk(self, chunk: int) -> tuple[str, ...]:
        """All keys of one chunk."""
        return (
            self.messages(chunk),
            self.duplicates(chunk),
            self.fates(chunk),
            self.lease(str(chunk)),
        )

    @property
    def of_all(self) -> tuple[str, ...]:
        """The keys that all chunks share; the fences come last."""
        return (
            self.keys,
            self.counts,
            self.left,
            self.sessions,
            self.addresses,
            self.meta,
            self.fences,
        )

"""What a failed call to Redis means: whether waiting may help, and if not, what does.

Only the failures named here are worth waiting for: a server that is away, starts, elects a master
or has too much to do. Whatever else an answering server or its client says is told at once.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from attrs import evolve, frozen
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ClusterDownError,
    InvalidResponse,
    RedisClusterException,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import TimeoutError as LateError

from .._arguments import said_by, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Fault", "examine", "fault_of"]

_LATE = (TimeoutError, LateError)

_PASSING = (LostError, LateError, OSError, ClusterDownError, TryAgainError)
_LASTING = (AuthenticationError, AuthorizationError, PermissionError, InvalidResponse)
_PASSING_SSL = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_PASSING_TEXT = re.compile(
    r"^(BUSY|LOADING|NOREPLICAS)\b|max number of clients|reachable node|not covered", re.IGNORECASE
)
_NO_CLUSTER = "Cluster mode is not enabled"
_ARGUMENTS = re.compile(r",? with args beginning with:.*", re.DOTALL)

_TLS = "the URL begins with rediss:// where the server speaks TLS, and with redis:// elsewhere"
_CREDENTIALS = "check the user and the password: redis://USER:PASSWORD@HOST:PORT/0"
_CLUSTER = "this server is part of a cluster: use a client of redis.asyncio.RedisCluster"
_UNKNOWN = "remove the cause, because waiting does not help"

_REMEDIES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (
            r"NoPermission|NOPERM|no permissions|ser executing the script|ACL failure",
            "allow this user the commands and keys that docs/fleet.md lists",
        ),
        (r"Authentication|Authorization|NOAUTH|WRONGPASS|unauthenticated", _CREDENTIALS),
        (r"PermissionError|Errno 13|Error 13", "let this process use the socket's file"),
        (r"DB index|Invalid Database", "give a database that the server has, such as …:6379/0"),
        (r"MovedError|AskError|CrossSlot|MOVED|CROSSSLOT|not allowed in cluster", _CLUSTER),
        (
            _NO_CLUSTER,
            "this server is not part of a cluster: give its URL, not a client of a cluster",
        ),
        (r"ReadOnly|READONLY", "this server is a replica: give the address of its master"),
        (
            r"OutOfMemory|OOM\b",
            "its memory is full: raise maxmemory, and set maxmemory-policy noeviction",
        ),
        (r"MISCONF", "it cannot write to its disk: free space there, or see its log for the cause"),
        (r"WRONGTYPE", "another program uses this key: choose another prefix, or database"),
        (r"DENIED|protected mode", "give the server a password, or set protected-mode no"),
        (
            r"unknown command",
            "the server lacks or hides a command that docs/fleet.md lists: enable it",
        ),
        (r"InvalidResponse", "the server there is not Redis: check the host and the port"),
        (
            r"different (event )?loop|another loop|Event loop is closed",
            "the client was used in another event loop: make one in each (each asyncio.run)",
        ),
        (r"SSLError|SSL:|CertVerification", _TLS + "; its certificate must be trusted here"),
    )
)


@frozen
class Fault:
    """Why a call failed.

    Attributes:
        told: What the client said, without passwords.
        remedy: What to do; None if waiting may help.
        stale: Whether the cause may be only a connection that died since it was last used.
    """

    told: str
    remedy: str | None
    stale: bool

    @property
    def sentence(self) -> str:
        """The end of a sentence that begins with the name of a Redis."""
        if self.remedy is None:
            return f"cannot be reached ({self.told})"
        return f"cannot be used ({self.told}): {self.remedy}"


def fault_of(error: BaseException, client: object, timeout: float) -> Fault:
    """What an exception of a client means, whatever its type.

    Args:
        error: The exception.
        client: The client of redis-py, whose password must not be told; None: there is none yet.
        timeout: Seconds after which an answer counts as late.
    """
    told = _without_secrets(error, client)
    if isinstance(error, _LATE):
        told = f"no answer within {timeout:g} s"
    # A time-out is never stale: a connection that the server had closed fails at once.
    if _passes(error):
        stale = isinstance(error, (LostError, OSError)) and not isinstance(error, _LATE)
        return Fault(told, None, stale)
    if isinstance(error, InvalidResponse):
        # What is no Redis may send anything back, the password included.
        told = "InvalidResponse: the answer is not in the protocol of Redis"
    # redis-py wraps what went wrong, so that the words of the server may stand in a cause.
    causes = " ".join(map(said_by, _chain(error)))
    remedies = (remedy for pattern, remedy in _REMEDIES if pattern.search(causes))
    return Fault(told, next(remedies, _UNKNOWN), stale=False)


async def examine(fault: Fault, client: object, seconds: float) -> Fault:
    """Look closer at a connection that never worked: a wrong scheme looks like an outage.

    Args:
        fault: What is known; one that lasts is given back as it is.
        client: The client of redis-py.
        seconds: For how long to look.
    """
    if fault.remedy is None and await _speaks_otherwise(client, seconds):
        return evolve(fault, remedy=_TLS, stale=False)
    return fault


def _passes(error: BaseException) -> bool:
    chain = list(_chain(error))
    # First what lasts: it may be the cause of something that looks as if it passed.
    if any(isinstance(each, _LASTING) or _NO_CLUSTER in said_by(each) for each in chain):
        return False
    if any(isinstance(each, ssl.SSLError) and not isinstance(each, _PASSING_SSL) for each in chain):
        return False
    if isinstance(error, (RedisError, RedisClusterException)) and _PASSING_TEXT.search(
        text_of(error)
    ):
        return True
    return isinstance(error, _PASSING)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it came of."""
    # By identity: an exception of the caller's own may compare as it likes.
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _settings(client: object) -> Mapping[str, object]:
    pool = getattr(client, "connection_pool", client)
    settings: object = getattr(pool, "connection_kwargs", None)
    return cast("Mapping[str, object]", settings) if isinstance(settings, dict) else {}


def _without_secrets(error: BaseException, client: object) -> str:
    """What a client said; nothing of it where the password stands in it, however it is written.

    To blot out the password alone would show where a short one stands in a text that all know.
    """
    told = _ARGUMENTS.sub("", said_by(error))
    password = str(_settings(client).get("password") or "")
    forms = {password, repr(password)[1:-1], repr(password.encode())[2:-1], quote(password, "")}
    # Not in the type's name, in which a password such as "Error" would be found every time.
    shown = told.removeprefix(type(error).__name__)
    return f"{type(error).__name__}: ***" if any(form and form in shown for form in forms) else told


async def _speaks_otherwise(client: object, seconds: float) -> bool:
    """Whether a server speaks TLS to a client that does not, or the other way round."""
    settings = _settings(client)
    host, port = settings.get("host"), settings.get("port")
    if not isinstance(host, str) or port is None:
        return False
    connection: object = getattr(getattr(client, "connection_pool", None), "connection_class", None)
    secured = "SSL" in getattr(connection, "__name__", "")
    context = None
    if not secured:
        # Without the trusted certificates, which take long to load: nothing is sent over it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host, int(str(port)), ssl=context)
            try:
                if not secured:
                    # The handshake was done, so that the server speaks TLS.
                    return True
                writer.write(b"PING\r\n")
                return await reader.read(1) in {b"+", b"-"}
            finally:
                writer.transport.abort()
                await asyncio.sleep(0)
    except ssl.SSLError as error:
        # It asks for a certificate of ours: that is TLS.
        return "ALERT" in (error.reason or "")
    except (OSError, EOFError):
        return False

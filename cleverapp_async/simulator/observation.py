"""A request as it came and its answer, for whoever watches: the token is struck out of both.

The token is struck where the server reads it (a parameter of the query, a form or JSON, under any
spelling of its name that PHP takes for the same), wherever a known token stands literally, and in
headers that carry credentials. Then the struck request is read again as the server reads it: a
body in which that still finds a token is withheld.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from email.parser import BytesParser
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

from aiohttp import web
from attrs import evolve, field, frozen

from .laravel.parameters import Value, elements, read_pairs, read_parameters
from .laravel.replies import Reply
from .request_log import Arrival

STRUCK: Final = "***"
"""What stands where the token stood."""

SHOWN: Final = 65_536
"""Characters of a body that are shown."""

_READ: Final = 2**20
"""Bytes of the largest body that is searched for tokens; a larger one is withheld."""

_PARAMETER: Final = "api_token"
_LITERAL: Final = range(6, 513)
"""How many characters a token has that is looked for everywhere: a shorter one may be a part of any
word, and of a longer one the search would take long."""

_SECRET_HEADER: Final = re.compile(r"authorization|cookie|token|secret|api-?key", re.IGNORECASE)
_ASSIGNED: Final = re.compile(
    r"""(api_token["']?\s*(?:[:=]|%3d)\s*["']?)[^\s"'&,;<>}]+""", re.IGNORECASE
)
_JSON_STRING: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_JSON_COLON: Final = re.compile(r"\s*:\s*")
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")


@frozen
class RequestText:
    """A request as it came, without the token.

    Args:
        method: GET, POST and so on.
        target: The path and the query, as they were written.
        version: Such as ``HTTP/1.1``.
        headers: Names and values, in their order.
        body: The body as text, at most its first 65,536 characters.
        size: Bytes of the whole body.
        withheld: Why the body, or its rest, is not here: ``long``, ``secret`` where a token might
            be left in it, or None.
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: str
    size: int
    withheld: str | None


@frozen
class AnswerText:
    """An answer as it was made.

    Args:
        status: The HTTP status.
        headers: Names and values.
        body: The body as text, at most its first 65,536 characters.
        size: Bytes of the whole body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    size: int


@frozen
class Observation:
    """One entry of the log with what was read and what was answered.

    Args:
        arrival: The log's entry.
        request: The request; None where none could be read.
        answer: The answer; None where a fault came in between, or nothing could be read.
    """

    arrival: Arrival
    request: RequestText | None
    answer: AnswerText | None


Observer: TypeAlias = Callable[[Observation], None]
"""Whom a simulator tells of each arrival, in the turn of the loop in which it was counted."""


@lru_cache(maxsize=16)
def _spellings(token: str) -> re.Pattern[str]:
    """A token as it may stand in a URL, a form or JSON: each character plain or escaped."""
    return re.compile("".join(map(_spellings_of_character, token)))


def _spellings_of_character(character: str) -> str:
    encoded = character.encode("utf-8", "surrogatepass")
    utf16 = character.encode("utf-16-be", "surrogatepass")
    units = (utf16[at : at + 2].hex() for at in range(0, len(utf16), 2))
    plain = [re.escape(character), re.escape(json.dumps(character)[1:-1])]
    if character in " /":
        plain.append({" ": r"\+", "/": r"\\/"}[character])
    percent = "".join(f"%(?i:{byte:02x})" for byte in encoded)
    escaped = "".join(rf"\\u(?i:{unit})" for unit in units)
    return f"(?:{'|'.join([*plain, percent, escaped])})"


@frozen
class _Secrets:
    """The tokens that may stand in a text, and the path of the webhook, as secret as one."""

    patterns: tuple[re.Pattern[str], ...] = field(repr=False)

    @classmethod
    def of(cls, *tokens: Value) -> _Secrets:
        """All spellings of these secrets."""
        words = {one for one in tokens if isinstance(one, str) and len(one) in _LITERAL}
        # The longest first: a token that is a part of another one must not be struck out of its
        # middle.
        return cls(tuple(map(_spellings, sorted(words, key=len, reverse=True))))

    def strike(self, text: str) -> str:
        """A text without the tokens themselves."""
        for pattern in self.patterns:
            text = pattern.sub(STRUCK, text)
        return text

    def strike_all(self, text: str) -> str:
        """A text without the tokens, and without anything that is named as one."""
        return _ASSIGNED.sub(rf"\1{STRUCK}", self.strike(text))

    def strike_value(self, value: Value) -> Value:
        """A parameter's value without the tokens."""
        if isinstance(value, str):
            return self.strike(value)
        # Loops, for a comprehension would be one more frame on the stack for every level.
        if isinstance(value, list):
            items: list[Value] = []
            for one in value:
                items.append(self.strike_value(one))  # noqa: PERF401 - see above
            return items
        if isinstance(value, dict):
            members: dict[str, Value] = {}
            for name, one in value.items():
                members[self.strike(name)] = self.strike_value(one)
            return members
        return value


def observe_unread(arrival: Arrival) -> Observation:
    """What is known of bytes that were no whole request."""
    return Observation(arrival, None, None)


def observe(
    arrival: Arrival,
    request: web.BaseRequest,
    body: bytes,
    tokens: tuple[Value, ...],
    reply: Reply | None,
) -> Observation:
    """What is known of a request that was read.

    Args:
        arrival: The log's entry.
        request: The request.
        body: Its whole body.
        tokens: The token that is accepted, the one that was sent or None, the webhook's path.
        reply: The answer, unless a fault came in between.
    """
    secrets = _Secrets.of(*tokens)
    parameters = {
        secrets.strike(name): secrets.strike_value(value)
        for name, value in arrival.parameters.items()
    }
    messenger = arrival.messenger
    return Observation(
        evolve(
            arrival,
            endpoint=secrets.strike_all(arrival.endpoint),
            messenger=None if messenger is None else secrets.strike(messenger),
            parameters=parameters,
        ),
        _request_text(request, body, secrets),
        None if reply is None else _answer_text(reply, secrets),
    )


def _request_text(request: web.BaseRequest, body: bytes, secrets: _Secrets) -> RequestText:
    path, mark, query = request.raw_path.partition("?")
    kind = request.headers.get("Content-Type", "")
    text, withheld = "", None if not body else "long"
    if len(body) <= _READ:
        # By name first, then by value: what stands under another name is found as well.
        whole = secrets.strike(_strike_body(body, kind))
        text, withheld = whole[:SHOWN], "long" if len(whole) > SHOWN else None
        # The proof that nothing was missed: read as the server reads it, the body must hold no
        # token any more.
        if _has_token(read_parameters("", whole.encode(), kind).get(_PARAMETER)):
            text, withheld = "", "secret"
    version = request.version
    return RequestText(
        request.method,
        secrets.strike_all(path) + mark + secrets.strike_all(_strike_pairs(query)),
        f"HTTP/{version.major}.{version.minor}",
        tuple(_headers(request.headers, secrets)),
        text,
        len(body),
        withheld,
    )


def _answer_text(reply: Reply, secrets: _Secrets) -> AnswerText:
    headers = {"Content-Type": reply.content_type, **reply.headers}
    # Four bytes are the longest character of UTF-8: so many bytes hold all characters that are
    # shown.
    body = reply.body[: 4 * SHOWN].decode(errors="replace")[:SHOWN]
    return AnswerText(
        reply.status, tuple(_headers(headers, secrets)), secrets.strike(body), len(reply.body)
    )


def _headers(headers: Mapping[str, str], secrets: _Secrets) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        hidden = _SECRET_HEADER.search(name) is not None
        yield secrets.strike(name), STRUCK if hidden else secrets.strike_all(value)


def _strike_body(body: bytes, content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        body = _strike_parts(body, content_type)
    text = body.decode(errors="replace")
    if kind == "application/x-www-form-urlencoded":
        text = _strike_pairs(text)
    elif kind.endswith(("/json", "+json")):
        text = _strike_json(text)
    return _ASSIGNED.sub(rf"\1{STRUCK}", text)


def _strike_pairs(text: str) -> str:
    """A query or a form whose token is struck, whichever spelling of its name PHP takes."""
    return "&".join(map(_strike_pair, text.split("&")))


def _strike_pair(pair: str) -> str:
    name, _, value = pair.partition("=")
    return f"{name}={STRUCK}" if value and _names_parameter(unquote_plus(name)) else pair


def _names_parameter(name: str) -> bool:
    """Whether PHP reads the token from a field of this name, such as ``api.token``."""
    # Asked of the very code that reads parameters, so that no spelling is known to one of them
    # alone.
    return _PARAMETER in read_pairs([(name, "")])


def _strike_json(text: str) -> str:
    """JSON as it was written, but for the values of members that are called as the token is."""
    decoder = json.JSONDecoder()
    kept: list[str] = []
    done = 0
    # In JSON a quotation mark begins or ends a string, so that strings are found one by one.
    for match in _JSON_STRING.finditer(text):
        colon = _JSON_COLON.match(text, match.end())
        # Inside a value that was struck already, or no name of a member: a text is followed by no
        # colon.
        if match.start() < done or colon is None or not _names_token(match[0]):
            continue
        try:
            _, end = decoder.raw_decode(text, colon.end())
        except (ValueError, RecursionError):
            break
        kept += [text[done : colon.end()], f'"{STRUCK}"']
        done = end
    return "".join((*kept, text[done:]))


def _names_token(quoted: str) -> bool:
    try:
        name: object = json.loads(quoted, strict=False)
    except ValueError:
        return False
    return name == _PARAMETER


def _strike_parts(body: bytes, content_type: str) -> bytes:
    """A multipart form with the payload of the token's part struck."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "replace")
    boundary = BytesParser().parsebytes(head).get_boundary()
    if not boundary:
        return body
    # Cut at the boundary and joined again: what is not struck stays byte for byte.
    mark = b"--" + boundary.encode("utf-8", "replace")
    return mark.join(map(_strike_part, body.split(mark)))


def _strike_part(part: bytes) -> bytes:
    start = part.lstrip(b"\r\n")
    blank = _BLANK_LINE.search(start)
    if blank is None:
        return part
    name = (
        BytesParser()
        .parsebytes(start[: blank.end()])
        .get_param("name", header="content-disposition")
    )
    if not isinstance(name, str) or not _names_parameter(name):
        return part
    return part[: len(part) - len(start)] + start[: blank.end()] + STRUCK.encode() + b"\r\n"


def _has_token(value: Value) -> bool:
    """Whether anything but the struck token is left of a parameter."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (list, dict)):
            waiting += elements(one)
        elif one not in {None, STRUCK}:
            return True
    return False

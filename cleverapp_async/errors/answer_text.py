"""What an answer says, in one line for the text of an error: its words, a page's title, its JSON.

Answers come from the API, but also from proxies, portals and web servers that know nothing of it,
and those answer with pages. The markup of a page helps nobody: its title does.
"""

from __future__ import annotations

import html
import json
import re
from typing import cast

__all__ = ["answer_text", "is_html", "page_title"]

_SHOWN = 200
_PAGE = re.compile(
    r"(?>\s+|<\?xml\b[^>]*>|<!--.*?-->)*+<(?:!doctype\s+html|html|head|body|title|meta|style|script"
    r"|center|div|pre|br|h[1-6]|[bp])\b",
    re.IGNORECASE | re.DOTALL,
)
# A title or a heading that was cut off counts to the end of what came of it.
_TITLE = re.compile(r"<title\b[^>]*>(.*?)(?:</title|\Z)", re.IGNORECASE | re.DOTALL)
_HEADING = re.compile(r"<h[1-6]\b[^>]*>(.*?)(?:</h[1-6]|\Z)", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|title)\b.*?(?:</\1\s*>|\Z)|<[a-z/!?][^>]*(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_shower = json.JSONEncoder(ensure_ascii=False, default=repr)


def answer_text(body: object) -> str:
    """What an answer says, for the text of an error.

    Args:
        body: The decoded JSON of the answer, or its text where it is not JSON.

    Returns:
        The server's own words, untouched, where it has some in ``error`` or ``message``; else the
        title of an HTML page, or the beginning of the text or the JSON.
    """
    if words := _words(body):
        return words
    if not isinstance(body, str):
        return _cut(_begin_of(body))
    if not is_html(body):
        return _cut(_one_line(body))
    title = page_title(body) or _cut(_seen(body))
    return f"an HTML page: {title}" if title else "an HTML page without text"


def is_html(text: str) -> bool:
    """Whether a text is an HTML page, or a part of one, such as an error that PHP prints."""
    return _PAGE.match(text) is not None


def page_title(page: str) -> str:
    """The title of an HTML page, else its first heading; empty where it has neither."""
    for pattern in (_TITLE, _HEADING):
        found = pattern.search(page)
        if found and (title := _seen(found[1])):
            return _cut(title)
    return ""


def _seen(markup: str) -> str:
    """The text of a piece of HTML, without tags, scripts and styles."""
    return _one_line(html.unescape(_UNSEEN.sub(" ", markup)))


def _one_line(text: str) -> str:
    """A text in one line, without characters that a terminal would obey."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _words(body: object) -> str | None:
    if isinstance(body, dict):
        said = cast("dict[str, object]", body)
        for name in ("error", "message"):
            text = said.get(name)
            if isinstance(text, str) and text:
                return text
    return None


def _begin_of(body: object) -> str:
    """A value as JSON, written no further than it is shown: it may be nested without bound."""
    shown = ""
    for part in _shower.iterencode(body):
        shown += part
        if len(shown) > _SHOWN:
            break
    return shown

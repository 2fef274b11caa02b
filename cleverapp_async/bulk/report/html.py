"""HTML in which every text is escaped, whoever wrote it: texts, numbers, times, tables and charts.

Charts are inline SVG that stretches to any width: every word stands beside them, in HTML.
"""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, tzinfo
from html import escape
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...limits.quota import Quota
    from .timeline import Bars


__all__ = [
    "NOTHING",
    "AltText",
    "Clock",
    "Column",
    "Html",
    "bar_chart",
    "foreign",
    "joined",
    "number",
    "percent",
    "plain",
    "plural",
    "quoted",
    "seconds",
    "share_bar",
    "shortened",
    "strip",
    "table",
    "tag",
    "tell_quota",
    "time_tag",
]

# They join letters and emoji, or hold a number and its unit together.
_JOINERS = "\u200c\u200d\u00a0"
_TOGETHER = "\u00a0"
_LEAST_SHARE = 0.1
# Below that many seconds: the unit, how many of it are a second, and its decimals.
_SHORT = (
    (0.00995, "ms", 1000, 1),
    (0.9995, "ms", 1000, 0),
    (9.995, "s", 1, 2),
    (59.95, "s", 1, 1),
)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def plain(text: str) -> str:
    """A text without invisible characters: control, direction and half characters are named.

    Writing from right to left keeps its direction; what turns the direction of others does not.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in _JOINERS else f"⟨U+{ord(one):04X}⟩" for one in text
    )


def shortened(text: str, most: int) -> str:
    """A text on one line, of at most so many characters; an ellipsis tells that it was longer."""
    # Cut before it is split: a text may have megabytes of blanks.
    line = " ".join(text[: 20 * most].split())
    if len(line) <= most and len(text) <= 20 * most:
        return line
    return f"{line[: most - 1]}…"


def number(count: int) -> str:
    """A whole number with its thousands apart: ``12,345``."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """A number of things: ``1 message``, ``12,345 messages``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def quoted(name: str) -> str:
    """A file's name as a word of a shell's command that no parser takes for an option."""
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


def percent(part: int, whole: int) -> str:
    """A share in per cent; only nothing is shown as 0 %, and only all of it as 100 %."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < _LEAST_SHARE:
        return f"<{_LEAST_SHARE}{_TOGETHER}%"
    if 0 < 100 - share < _LEAST_SHARE:
        return f">{100 - _LEAST_SHARE}{_TOGETHER}%"
    return f"{share:.1f}".removesuffix(".0") + f"{_TOGETHER}%"


def seconds(duration: float) -> str:
    """A duration in two units at most: ``0.4 ms``, ``87 ms``, ``1.25 s``, ``2 h 5 min``."""
    for below, unit, scale, digits in _SHORT:
        if duration < below:
            shown = f"{scale * duration:.{digits}f}"
            return f"{shown.rstrip('0').removesuffix('.') if digits else shown}{_TOGETHER}{unit}"
    whole = round(duration)
    first = next(place for place, (size, _) in enumerate(_UNITS) if whole >= size)
    said: list[str] = []
    for size, name in _UNITS[first : first + 2]:
        count, whole = divmod(whole, size)
        if count:
            said.append(f"{count}{_TOGETHER}{name}")
    return " ".join(said)


def tell_quota(quota: Quota) -> str:
    """A quota in words: ``10 per 10 s``."""
    return f"{number(quota.limit)} per {seconds(quota.period)}"


# Ten thousand years from 1970 no date can hold: what a broken clock wrote is shown as the nearest.
_LAST = 250_000_000_000


@frozen
class Clock:
    """Shows moments.

    Attributes:
        zone: The time zone; None for this machine's.
        usual: The offset that the page says its times have, such as ``UTC+03:00``: a moment with
            another one, before or after the clocks were changed, is told with it. None: no moment
            is.
    """

    zone: tzinfo | None = None
    usual: str | None = None

    def at(self, moment: float) -> datetime:
        """Unix seconds as a moment in the zone."""
        return datetime.fromtimestamp(min(max(moment, 0), _LAST), UTC).astimezone(self.zone)

    def offset(self, moment: float) -> str:
        """The zone's offset at a moment, such as ``UTC+03:00``."""
        written = self.at(moment).strftime("%z")
        return "UTC" if written == "+0000" else f"UTC{written[:3]}:{written[3:5]}"

    def zone_at(self, moment: float) -> str:
        """The zone's name and its offset at a moment, such as ``Europe/Moscow (UTC+03:00)``."""
        offset = self.offset(moment)
        name = getattr(self.zone, "key", None) or self.at(moment).strftime("%Z")
        # Many zones have no name but their offset.
        named = isinstance(name, str) and name != offset and name[:1].isalpha()
        return f"{name} ({offset})" if named else offset

    def exact(self, moment: float) -> str:
        """A moment to the millisecond with its offset, as programs read it (ISO 8601)."""
        return self.at(moment).isoformat("T", "milliseconds")

    def written(self, moment: float) -> str:
        """A moment to the second, with its offset where that is not the usual one."""
        told = f"{self.at(moment):%Y-%m-%d %H:%M:%S}"
        offset = self.offset(moment)
        return told if self.usual in {None, offset} else f"{told} {offset}"


_ALONE = frozenset({"br", "meta"})


@frozen
class Html:
    """Markup that this package wrote.

    Attributes:
        source: The markup.
    """

    source: str


NOTHING = Html("")
"""No markup at all."""


def joined(parts: Iterable[Html | str]) -> Html:
    """Markup and texts in a row, the texts escaped."""
    return Html("".join(_source(part) for part in parts))


def tag(name: str, *content: Html | str, **attributes: str | float | None) -> Html:
    """One element.

    Args:
        name: Its name.
        *content: What is in it; texts are escaped.
        **attributes: Its attributes, escaped; None leaves one out. An underscore at the end
            goes, others become hyphens.
    """
    opened = [name]
    for given, value in attributes.items():
        if value is not None:
            written = given.rstrip("_").replace("_", "-")
            opened.append(f'{written}="{escape(plain(str(value)))}"')
    inside = "".join(_source(part) for part in content)
    closed = "" if name in _ALONE else f"</{name}>"
    return Html(f"<{' '.join(opened)}>{inside}{closed}")


def foreign(text: str, most: int = 200) -> Html:
    """A text from outside: on one line, shortened, its writing direction isolated.

    Args:
        text: The text.
        most: How many characters of it are shown.
    """
    return tag("bdi", shortened(text, most))


def _source(part: Html | str) -> str:
    return part.source if isinstance(part, Html) else escape(plain(part))


@frozen
class Column:
    """A column of a table.

    Attributes:
        head: What stands above it.
        kind: How its cells look: ``name``, ``said``, ``when`` or ``figure``.
    """

    head: str
    kind: str = "figure"


def table(
    label: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Html | str]],
    *,
    total: Sequence[Html | str] | None = None,
    stacked: bool = False,
    tall: bool = False,
) -> Html:
    """A table whose rows are named by their first cells.

    Args:
        label: What it holds, for those who do not see it.
        columns: Its columns.
        rows: Its cells.
        total: The cells of a last row that sums the others up.
        stacked: Whether the cells of a row stand below each other on a phone, the first as heading.
        tall: Whether it scrolls down inside itself.
    """
    heads = (tag("th", column.head, scope="col", class_=column.kind) for column in columns)
    body = [_row(columns, row, stacked=stacked) for row in rows]
    if total is not None:
        body.append(_row(columns, total, class_="total", stacked=stacked))
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", *heads)),
            tag("tbody", *body),
            class_="stack" if stacked else None,
        ),
        class_="scroll tall" if tall else "scroll",
        role="region",
        aria_label=label,
        tabindex=0,
    )


def _row(
    columns: Sequence[Column],
    row: Sequence[Html | str],
    *,
    class_: str | None = None,
    stacked: bool,
) -> Html:
    cells = (
        tag(
            "td" if place else "th",
            tag("span", cell) if stacked else cell,
            scope=None if place else "row",
            class_=column.kind,
            data_label=column.head if stacked and place else None,
        )
        for place, (column, cell) in enumerate(zip(columns, row, strict=True))
    )
    return tag("tr", *cells, class_=class_)


def time_tag(clock: Clock, moment: float) -> Html:
    """A moment to the second for people, and to the millisecond with its offset for programs."""
    return tag("time", clock.written(moment), datetime=clock.exact(moment))


_HEIGHT = 100
_HEADROOM = 1.08
_FEW_BARS = 80
_SLIT = 0.14
_LEAST_BAR = 1.5
_NARROWEST = 0.006
_WIDE = 1000


@frozen
class AltText:
    """What a chart says to those who do not see it.

    Attributes:
        name: An identifier that no other chart on the page has.
        title: What it shows, in a few words.
        description: What is to be seen on it.
    """

    name: str
    title: str
    description: str


def bar_chart(bars: Bars, alt: AltText) -> Html:
    """Sends by bin as bars, with the most that the limits allow in a bin as a dashed line.

    Args:
        bars: The chart.
        alt: What it says.
    """
    top = _HEADROOM * max(bars.peak, bars.most or 0, 1)
    # Slits between many narrow bars would leave nothing of them.
    slit = _SLIT if len(bars.counts) <= _FEW_BARS else 0.0
    shapes = [tag("path", class_="bars", d=_outline(bars.counts, top, slit))]
    if bars.most is not None:
        at = _short(_HEIGHT - _HEIGHT * bars.most / top)
        shapes.append(tag("path", class_="limit", d=f"M0 {at}H{len(bars.counts)}"))
    return _picture(alt, (len(bars.counts), _HEIGHT), shapes, "chart")


def _outline(counts: Sequence[int], top: float, slit: float) -> str:
    drawn: list[str] = []
    for place, count in enumerate(counts):
        if count:
            # A single send among thousands is still seen.
            height = _short(max(_HEIGHT * count / top, _LEAST_BAR))
            left, wide = _short(place + slit / 2), _short(1 - slit)
            drawn.append(f"M{left} {_HEIGHT}v-{height}h{wide}v{height}z")
    return "".join(drawn)


def strip(parts: Iterable[tuple[float, float]], whole: int, alt: AltText) -> Html:
    """A strip on which some parts are filled.

    Args:
        parts: Where each begins and ends, from 0 to ``whole``.
        whole: How wide the strip is.
        alt: What it says.
    """
    drawn = "".join(f"M{_short(begin)} 0H{_short(end)}V1H{_short(begin)}z" for begin, end in parts)
    return _picture(alt, (whole, 1), [tag("path", d=drawn)], "strip")


def share_bar(shares: Sequence[tuple[str, int]], alt: AltText) -> Html:
    """One bar that is divided by shares; a share that is not zero is always visible.

    Args:
        shares: The class of each part, and how large it is.
        alt: What it says.
    """
    total = sum(size for _, size in shares) or 1
    widths = [(part, max(size / total, _NARROWEST)) for part, size in shares if size]
    scale = _WIDE / (sum(width for _, width in widths) or 1)
    drawn: list[Html] = []
    left = 0.0
    for part, width in widths:
        right = left + scale * width
        drawn.append(
            tag("path", class_=part, d=f"M{_short(left)} 0H{_short(right)}V1H{_short(left)}z")
        )
        left = right
    return _picture(alt, (_WIDE, 1), drawn, "shares")


def _picture(alt: AltText, size: tuple[int, int], shapes: Iterable[Html], class_: str) -> Html:
    return tag(
        "svg",
        tag("title", alt.title, id=f"{alt.name}-title"),
        tag("desc", alt.description, id=f"{alt.name}-desc"),
        *shapes,
        class_=class_,
        role="img",
        aria_labelledby=f"{alt.name}-title {alt.name}-desc",
        viewBox=f"0 0 {size[0]} {size[1]}",
        preserveAspectRatio="none",
    )


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")

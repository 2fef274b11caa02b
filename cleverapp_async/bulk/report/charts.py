"""Charts as inline SVG that stretch to any width: every word stands beside them, in HTML.

A chart holds shapes alone, so that stretching distorts no letter, and has its figures in words
as title and description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from .html import Html, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .timeline import Bars

__all__ = ["AltText", "bar_chart", "share_bar", "strip"]

_HEIGHT = 100
_HEADROOM = 1.08
_FEW_BARS = 80
_SLIT = 0.14
_LEAST_BAR = 1.5
_LEAST_SHARE = 0.006
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
    widths = [(part, max(size / total, _LEAST_SHARE)) for part, size in shares if size]
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

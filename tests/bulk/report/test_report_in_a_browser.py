"""The page in a real browser: what only a browser can tell."""

from __future__ import annotations

import struct
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.bulk.report.page import write_page
from tests.browser import Page, open_browser
from tests.bulk.report import campaigns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cleverapp_async.bulk.report.figures import ReportFigures

CAMPAIGNS = [campaigns.finished, campaigns.running, campaigns.empty, campaigns.hostile]
SCREENS = [(360, 740), (1280, 900)]

# The width that the page asks for, words of names that stand on two lines although one has room for
# them, elements that no template has, and the least contrast between a text and what is behind it
# (WCAG asks for 4.5).
FACTS = """
(() => {
  document.querySelectorAll("details").forEach(one => one.open = true);
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [[r, .2126], [g, .7152], [b, .0722]].reduce((sum, [c, share]) => {
    c /= 255;
    return sum + share * (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  }, 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  let least = 21;
  for (const element of document.body.querySelectorAll("*:not(svg *)")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [one, other] = [parse(getComputedStyle(element).color), behind(element)].map(light);
    least = Math.min(least, (Math.max(one, other) + .05) / (Math.min(one, other) + .05));
  }
  const root = document.documentElement;
  return {
    wide: root.scrollWidth - innerWidth,
    broken: [...document.querySelectorAll(".name bdi, h1, dt")].flatMap(one => {
      const words = [];
      const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
      for (let node; (node = walker.nextNode());)
        for (const match of node.data.matchAll(/[A-Za-z_]{4,24}/g)) {
          const range = document.createRange();
          range.setStart(node, match.index);
          range.setEnd(node, match.index + match[0].length);
          const tops = [...range.getClientRects()].map(box => Math.round(box.top));
          if (new Set(tops).size > 1 && !/\\S{25}/.test(node.data)) words.push(match[0]);
        }
      return words;
    }),
    outside: [...document.querySelectorAll("body *:not(svg *)")].filter(one =>
      one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll")).length,
    strange: document.querySelectorAll(
      "script, img, iframe, link, form, [onerror], [style]").length,
    title: document.title,
    dark: light(parse(getComputedStyle(document.body).backgroundColor)) < .2,
    least,
  };
})()
"""
COMPLAINTS = {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}


async def look(page: Page, file: Path, width: int, height: int, scheme: str) -> None:
    """Open the page on such a screen, and hold it against what is promised."""
    await page.look_like(width, height, scheme)
    await page.go(file)
    facts = await page.evaluate(FACTS)
    assert isinstance(facts, dict)
    assert facts["wide"] <= 0, "the page scrolls sideways"
    assert facts["outside"] == 0, "something stands outside of the screen"
    assert facts["broken"] == [], "a word is broken that a line has room for"
    assert facts["strange"] == 0, "a text became an element"
    assert facts["title"] == "Campaign run.db"
    assert facts["dark"] is (scheme == "dark")
    assert facts["least"] >= 4.5, "a text is hard to read"
    assert not [event for event in page.events if event[0] in COMPLAINTS]
    asked = [event for name, event in page.events if name == "Network.requestWillBeSent"]
    assert [event["documentURL"] for event in asked] == [file.as_uri()]
    picture = await page.screenshot()
    file.with_name(f"{file.stem}-{width}-{scheme}.png").write_bytes(picture)
    assert struct.unpack(">II", picture[16:24]) == (width, height)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("made", CAMPAIGNS)
async def test_a_browser_shows_the_page(made: Callable[[], ReportFigures], tmp_path: Path) -> None:
    """On a phone and a desk, in light and dark, it fits, is legible and asks for nothing."""
    file = tmp_path / f"{made.__name__}.html"
    file.write_text(write_page(made(), "run.db", UTC), "utf-8")
    async with open_browser(tmp_path / "profile") as page:
        for width, height in SCREENS:
            for scheme in ("light", "dark"):
                await look(page, file, width, height, scheme)


@pytest.mark.timeout(240)
async def test_the_policy_stops_what_a_page_must_not_do(tmp_path: Path) -> None:
    """Were a script, a style or a picture to get into the page, the browser would refuse it."""
    page_text = write_page(campaigns.empty(), "run.db", UTC)
    intruders = (
        "<script>document.title = 'broken'</script>"
        "<style>body { display: none }</style>"
        "<img src='http://127.0.0.1:9/a.png' onerror='document.title = 1'>"
        "<p id='styled' style='display: none'></p>"
    )
    file = tmp_path / "page.html"
    file.write_text(page_text.replace("</body>", f"{intruders}</body>"), "utf-8")
    async with open_browser(tmp_path / "profile") as page:
        await page.go(file)
        assert await page.evaluate("document.title") == "Campaign run.db"
        assert await page.evaluate("getComputedStyle(document.body).display") == "block"
        shown = "getComputedStyle(document.getElementById('styled')).display"
        assert await page.evaluate(shown) == "block"
        refused = [event for name, event in page.events if name == "Log.entryAdded"]
        assert len(refused) >= 4
        arrived = [name for name, _ in page.events if name == "Network.responseReceived"]
        assert len(arrived) == 1

"""The check of the site's links: that it would notice one that leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site_links import broken

if TYPE_CHECKING:
    from pathlib import Path


def test_a_link_that_leads_nowhere_is_named_with_its_page(tmp_path: Path) -> None:
    """A file that is not there is found, and so is an anchor that its page does not have."""
    (tmp_path / "ru").mkdir()
    (tmp_path / "page.html").write_text(
        '<h1 id="title">T</h1> <a href="#title">here</a> <a href="#lost">x</a>'
        '<a href="ru/page.html#%D0%B4%D0%B0">there</a> <a href="ru/other.html">x</a>'
        '<a href="https://example.com/">out</a> <script src="lost.js?v=1"></script>',
        encoding="utf-8",
    )
    (tmp_path / "ru" / "page.html").write_text(
        '<p id="да"></p> <a href="../page.html#title">there</a> <a href="../page.html#да">x</a>',
        encoding="utf-8",
    )
    assert list(broken(tmp_path)) == [
        "page.html: #lost",
        "page.html: lost.js?v=1",
        "page.html: ru/other.html",
        "ru/page.html: ../page.html#да",
    ]

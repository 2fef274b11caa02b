"""The Russian pages: which English page each renders, and whether that has changed since.

The first line of a rendering names its original and the digest of that. ``python -m
tests.translations`` lists the renderings that are stale; with pages as arguments it notes that they
have been brought up to date.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from tests.paths import ROOT, RUSSIAN

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Rendering", "code_of", "shape_of"]

_NOTE: Final = re.compile(r"<!-- renders ([\w./-]+), digest ([0-9a-f]{16}) -->\n")
_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_DRAWN: Final = re.compile(r"[─-╿▀-◿]")
_COMMENT: Final = re.compile(r"(^|[ \t]+)#.*$", re.MULTILINE)


@frozen
class Rendering:
    """A Russian page.

    Attributes:
        page: Its file.
        original: The English page that it renders.
        digest: The digest of the original that was rendered.
    """

    page: Path
    original: Path
    digest: str

    @classmethod
    def read(cls, page: Path) -> Rendering:
        """What the first line of a page says.

        Raises:
            ValueError: It does not say which page it renders.
        """
        note = _NOTE.match(page.read_text(encoding="utf-8"))
        if note is None:
            raise ValueError(f"{page} does not begin with `<!-- renders PAGE, digest … -->`")
        return cls(page, ROOT / note[1], note[2])

    @property
    def stale(self) -> bool:
        """Whether the original is another one now."""
        return self.digest != digest_of(self.original)

    def accept(self) -> None:
        """Note that the page renders its original as that is now."""
        name = self.original.relative_to(ROOT).as_posix()
        note = f"<!-- renders {name}, digest {digest_of(self.original)} -->\n"
        text = self.page.read_text(encoding="utf-8")
        self.page.write_text(_NOTE.sub(lambda _: note, text, count=1), encoding="utf-8")


def digest_of(page: Path) -> str:
    """What changes with every change of a page."""
    return sha256(page.read_text(encoding="utf-8").encode()).hexdigest()[:16]


def code_of(text: str) -> list[tuple[str, str]]:
    """The blocks of a page with their languages, without comments, which may be translated.

    Of a drawing only the number of its lines counts: there are words in it.
    """
    return [(language, _bare(language, code)) for language, code in _BLOCK.findall(text)]


def _bare(language: str, code: str) -> str:
    if language == "text" and _DRAWN.search(code):
        return "\n" * code.count("\n")
    if language in {"python", "py"}:
        return _without_comments(code)
    return _COMMENT.sub("", code)


def _without_comments(code: str) -> str:
    lines = code.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith("# type:"):
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines)


def shape_of(text: str) -> list[str]:
    """The order of the headings, by their level, and of the rows of tables."""
    plain = _BLOCK.sub("", text)
    return re.findall(r"^(#+(?= )|\|(?=.*\|$))", plain, re.MULTILINE)


def _main(accepted: Iterable[str]) -> int:
    for name in accepted:
        Rendering.read(Path(name)).accept()
    stale = [one for one in map(Rendering.read, RUSSIAN) if one.stale]
    for one in stale:
        sys.stdout.write(f"{one.page.relative_to(ROOT)} renders an earlier {one.original.name}\n")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

"""Cells that a spreadsheet would take for formulas: marked on the way out, read back as they were.

A cell that begins with ``=``, ``+``, ``-`` or ``@``, in full width as well, with blanks or what
nobody sees before it or not, or that begins with a tab or the end of a line, gets an apostrophe
before it. So does one that already begins with apostrophes before all that: taking one off is then
always right. Numbers that are text, such as ``+79991234567`` or ``-5``, get one too: a spreadsheet
would make a long number of the first and lose its plus.
"""

from __future__ import annotations

import re

__all__ = ["escape", "unescape"]

# Blanks, control characters, and those of no width; then a sign, full-width and small forms too.
_UNSEEN = r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
_FORMULA = rf"(?:[\t\r\n]|{_UNSEEN}*+{_SIGN})"
_DANGEROUS = re.compile(rf"'*+{_FORMULA}")
_ESCAPED = re.compile(rf"'++{_FORMULA}")


def escape(cell: str) -> str:
    """The cell as no spreadsheet computes it."""
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def unescape(cell: str) -> str:
    """The cell as it was before :func:`escape`."""
    return cell[1:] if _ESCAPED.match(cell) else cell

"""Cells that a spreadsheet would take for formulas: marked on the way out, read back as they were.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return gets an apostrophe
before it, and so does one that already begins with apostrophes before such a character: taking
one off is then always right. Numbers that are text, such as ``+79991234567`` or ``-5``, get one
too: a spreadsheet would make a long number of the first and lose its plus.
"""

from __future__ import annotations

import re

__all__ = ["escape", "unescape"]

_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escape(cell: str) -> str:
    """The cell as no spreadsheet computes it."""
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def unescape(cell: str) -> str:
    """The cell as it was before :func:`escape`."""
    return cell[1:] if _ESCAPED.match(cell) else cell

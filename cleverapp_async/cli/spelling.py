"""What somebody may have meant who wrote a word that is not known: one rule for all words."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["close_to", "did_you_mean", "fold"]

# Letters of Cyrillic that look like Latin ones, as a wrong keyboard layout puts them into a word.
_LOOKALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")
_SIMILAR = 0.8
_SHORT = 4
_MOST_TOLD = 3


def fold(name: str) -> str:
    """What is left of a name when case, blanks, ``_``, ``-`` and other signs do not count."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("ё", "е")
    letters = "".join(character for character in plain if character.isalnum())
    if any("a" <= letter <= "z" for letter in letters):
        letters = letters.translate(_LOOKALIKES)
    return letters


def close_to(word: str, known: Iterable[str]) -> str | None:
    """The known word that another is a slip of the pen away from; None where there is none.

    Args:
        word: What somebody wrote.
        known: What could be meant.
    """
    return next(iter(_all_close(word, known)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question about a word that is not known, with a space before it; empty where none is near.

    Args:
        word: The word.
        known: The words that are known.
    """
    near = _all_close(word, known)[:_MOST_TOLD]
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _all_close(word: str, known: Iterable[str]) -> list[str]:
    """The known words near another, the nearest first; the only one where case alone differs."""
    written = fold(word)
    by_fold = {fold(one): one for one in known}
    if written in by_fold:
        return [by_fold[written]]
    if len(written) < _SHORT:
        return []
    found = get_close_matches(written, by_fold, _MOST_TOLD, _SIMILAR)
    found += [
        one
        for one in by_fold
        if len(one) >= _SHORT and one not in found and _one_slip(written, one)
    ]
    return [by_fold[one] for one in found]


def _one_slip(word: str, other: str) -> bool:
    """Whether one letter is missing, too many or another one, or two have changed places."""
    if abs(len(word) - len(other)) > 1:
        return False
    changes = [
        (word[i:j], other[k:m])
        for tag, i, j, k, m in SequenceMatcher(None, word, other, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    if len(changes) == 1:
        return max(map(len, changes[0])) == 1
    # Two neighbours that changed places are, for the matcher, a letter taken off and put back.
    moved = [there or here for there, here in changes]
    return len(word) == len(other) and len(moved) == 2 and moved[0] == moved[1]  # noqa: PLR2004 - the two neighbours

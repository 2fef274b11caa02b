"""The messengers as people call them, and how long a text each of them takes."""

from __future__ import annotations

from functools import lru_cache

from ...models.route import Messenger
from .columns import close_to, fold

__all__ = ["LONGEST_TEXTS", "known_messenger", "meant_messenger"]

LONGEST_TEXTS = {"telegram": 4096, "max": 4000}
"""Characters of a text, where they are known."""

_CALLED = {
    Messenger.TELEGRAM: ("tg", "tgm", "tlg", "телеграм", "телеграмм", "телега", "тг"),
    Messenger.WHATSAPP: (
        *("wa", "wapp", "watsapp", "whatsup", "ватсап", "вотсап", "вацап", "уотсап", "васап"),
        *("ватсапп", "вотсапп", "вс"),
    ),
    Messenger.VIBER: ("vb", "vbr", "вайбер"),
    Messenger.VK: ("vkontakte", "вк", "вконтакте"),
    Messenger.MAX: ("макс",),
    Messenger.ICQ: ("аська",),
}
_BY_NAME = {fold(name): one.value for one, names in _CALLED.items() for name in (one, *names)}
_LONG_ENOUGH = 4


def known_messenger(name: str) -> bool:
    """Whether the documentation knows a messenger of this name."""
    return name.lower() in set(Messenger)


@lru_cache(1000)
def meant_messenger(written: str) -> tuple[str | None, str | None]:
    """The known messenger that a word is, or else the one that may be meant by it.

    Args:
        written: What somebody wrote.

    Returns:
        The messenger in the API's spelling, where only case and blanks differ; and the one that is
        probably meant, where another word is used for it, or a letter is wrong.
    """
    word = fold(written)
    known = next((one.value for one in Messenger if fold(one) == word), None)
    if known is not None:
        return known, None
    if word in _BY_NAME:
        return None, _BY_NAME[word]
    close = close_to(written, (name for name in _BY_NAME if len(name) >= _LONG_ENOUGH))
    return None, None if close is None else _BY_NAME[fold(close)]

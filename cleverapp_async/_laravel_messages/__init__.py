"""Reads the texts of the Laravel framework, in which the API says what is wrong with a parameter.

:mod:`.wording` tells which rule a text speaks of and what it names, :mod:`.naming` which parameters
these names stand for. What the framework may say is data: ``language_pack.toml``, which is read
with the first text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import cast

from attrs import frozen

__all__ = ["LanguagePack", "language_pack"]


@frozen
class LanguagePack:
    """The texts of all versions of the framework's language pack, as the file explains them.

    Attributes:
        synonyms: Lines of words that the packs use for one another.
        wordings: The names of the rules, with a space between them, and their wording.
        attributes: The words that stand for a parameter, by the parameter's name.
    """

    synonyms: Sequence[str]
    wordings: Sequence[tuple[str, str]]
    attributes: Mapping[str, Sequence[str]]


@cache
def language_pack() -> LanguagePack:
    """The language pack, read once."""
    data = tomllib.loads(files(__name__).joinpath("language_pack.toml").read_text("utf-8"))
    shorthands = cast("dict[str, str]", data["shorthands"])
    wordings = cast("list[tuple[str, str]]", data["wordings"])
    return LanguagePack(
        synonyms=cast("list[str]", data["synonyms"]),
        wordings=[(rules, wording.format_map(shorthands)) for rules, wording in wordings],
        attributes=cast("dict[str, list[str]]", data["attributes"]),
    )

"""Which encoding a text file is in, where that can be told for certain, and its lines.

UTF-8 and UTF-16 prove themselves. The Russian encodings of one byte a character do not: any bytes
are some text in each of them. They are told apart by how Russian words look: by how often each
letter comes, and where capitals stand (in KOI8-R the small letters have the places that the
capitals have in cp1251). What does not stand out clearly is not guessed.
"""

from __future__ import annotations

import codecs
import math
import re
from typing import TYPE_CHECKING, BinaryIO

from attrs import frozen

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OLE_MARK", "Encoding", "EncodingError", "check_encoding", "find_encoding", "text_lines"]

OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What encrypted workbooks and those of Excel 97 begin with, and no text does."""

_CHUNK = 1 << 16
_SMALL_CHUNK = 1 << 13  # while a list is sent: what is read ahead does not see a change any more
_SAMPLE = 1 << 16  # bytes that are scored: more makes nothing clearer, and takes longer
_LONGEST_LINE = 1 << 24
# That of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"
_RUSSIAN = ("cp1251", "cp866", "koi8-r", "mac-cyrillic")
_RIVALS = ("iso8859-5", "cp855")
"""Too rare to be believed; but where one of them fits best, none of the others does."""
# Bytes that say something else than their characters: texts would be changed by reading them.
_NO_TEXT = {
    *("idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf_7", "charmap", "hz"),
    *("undefined", "mbcs", "oem"),
}
_REMEDY = (
    "Save it as UTF-8 (in Excel: CSV UTF-8), or say which encoding it is in, such as "
    "--encoding cp1251"
)
# How often a letter comes among 10,000 of Russian texts.
_LETTERS = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
_COUNTS = (
    *(1097, 845, 801, 735, 670, 626, 547, 473, 454, 440, 349, 321, 298, 281, 262, 201, 190),
    *(174, 170, 165, 159, 144, 121, 97, 94, 73, 64, 48, 36, 32, 26, 4, 4),
)
_OFTEN = dict(zip(_LETTERS, _COUNTS, strict=True))
_OTHER_LETTERS = "іїєґўәғқңөұүһ"  # of Ukrainian, Belarusian and Kazakh
_PUNCTUATION = "«»„“”‘’–—…\u00a0"
_SIGNS = "№€•·©®°±§"
# Likelihoods of one character, as natural logarithms; the commonest letter has -2.2, the rarest
# -7.8.
_RARE = math.log(1 / 30)
_UNLIKELY = math.log(1 / 10_000)
# No single letter decides: the rarest against the commonest is a difference of 5.6.
_CERTAIN = 8.0
_WORD = re.compile(rb"[!-~]{0,30}[\x80-\xff][!-~\x80-\xff]{0,99}")
_FEW_LETTERS = 48
_LONGEST_WORD = 60
_SHOWN = 3
# A Russian text has about -3.2 a character on average. A wrong reading of it has less: from -3.6,
# where most small letters have the same places (cp1251 and mac-cyrillic), to -10 and below.
_PLAUSIBLE = -4.5
_POSSIBLE = -5.5  # of a word that may be a rare one


class EncodingError(BadInputError):
    """A file cannot be read as text.

    Args:
        what: What is wrong, in whole sentences.
        remedy: What to do about it, without a full stop.

    Attributes:
        what: The same.
    """

    def __init__(self, what: str, remedy: str = _REMEDY) -> None:
        super().__init__(f"{what} {remedy}.")
        self.what = what


@frozen
class Encoding:
    """In which encoding a file is read.

    Attributes:
        name: As Python calls it.
        newline: What ends its lines: a lone carriage return in files of old Macs.
        told: Whether people are to be told, since it is not UTF-8 and nobody gave it.
    """

    name: str
    newline: str = "\n"
    told: bool = False


def check_encoding(name: str) -> str:
    """The encoding of this name, as Python calls it.

    Raises:
        ValueError: There is none for texts; the message says so.
    """
    try:
        found = codecs.lookup(name.strip()).name
        "".encode(found)
    except (LookupError, UnicodeError):
        found = ""
    if not found or found.replace("-", "_") in _NO_TEXT:
        raise ValueError(
            f"{name!r} is no encoding of texts such as utf-8, utf-16, cp1251, cp866 or koi8-r"
        )
    return found


def find_encoding(source: str, stream: BinaryIO, given: str | None = None) -> Encoding:
    """Tell the encoding of a file; its length costs time, but no memory.

    Args:
        source: The file's name, for errors.
        stream: Its content.
        given: The encoding, where it is known.

    Raises:
        BadInputError: It cannot be told for certain.
    """
    stream.seek(0)
    start = stream.read(_SAMPLE)
    # What somebody says is not doubted: bytes that do not fit are told when they are read.
    if given is not None:
        return Encoding(given, _newline(start, given))
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    if marked is not None:
        return Encoding(marked, _newline(start, marked), told=marked != "utf-8")
    if b"\0" in start:
        # UTF-16 without a mark: text in ASCII has a zero in every other byte, on one side or the
        # other.
        wide = [name for name in ("utf-16-le", "utf-16-be") if _is_text(start, name)]
        if len(wide) == 1:
            return Encoding(wide[0], _newline(start, wide[0]), told=True)
        raise EncodingError(
            f"{source}: it holds zero bytes, as no text does. Is it the right file?"
        )
    place, sample = _beyond_utf8(stream)
    if place is None:
        _check_utf8(source, *_first_letters(stream))
        return Encoding("utf-8", _newline(start, "utf-8"))
    scores = _scores(sample)
    (best, name), (second, _) = scores[:2]
    # The mean difference times the number of characters is the logarithm of how much likelier the
    # best reading is than the next: e to the 8th, about 3,000 times.
    if name in _RIVALS or best < _PLAUSIBLE or (best - second) * _letters(sample) < _CERTAIN:
        names = [name for score, name in scores if score >= _PLAUSIBLE][:_SHOWN]
        raise EncodingError(
            f"{source}, line {place}: it is not UTF-8, and which encoding it is in cannot be told "
            f"for certain{_readings(sample, names)}."
        )
    return Encoding(name, _newline(start, name), told=True)


def _scores(sample: bytes) -> list[tuple[float, str]]:
    """How much a sample looks like Russian in each encoding, the best first."""
    # Where the sample is the same text in two of them, either will do.
    texts = {sample.decode(name, "replace"): name for name in (*_RIVALS, *reversed(_RUSSIAN))}
    return sorted(((_likeness(text), name) for text, name in texts.items()), reverse=True)


def _readings(sample: bytes, names: list[str]) -> str:
    """What the first word beyond ASCII would be in each encoding, as the end of a sentence."""
    word = next((word for word in sample.split() if not word.isascii()), b"")[:_LONGEST_WORD]
    told = ", ".join(f"{word.decode(name, 'replace')!r} in {name}" for name in names)
    return f": it would read {told}" if told else ""


def _check_utf8(source: str, place: int, sample: bytes) -> None:
    """Refuse a few letters that are UTF-8 by chance: a Russian word of one byte a letter may be.

    Args:
        source: The file's name, for errors.
        place: The line of the first of them.
        sample: They and what is beside them; empty where there are so many that chance is ruled
            out, or none.

    Raises:
        BadInputError: They read as Russian in another encoding, and as no Russian in UTF-8.
    """
    if not sample:
        return
    # Letters of Cyrillic, and pictures, prove UTF-8: nobody writes what they would be otherwise.
    if any(
        "\u0400" <= letter < "\u0530" or letter > "\uffff"
        for letter in sample.decode("utf-8", "ignore")
    ):
        return
    names = [
        name
        for score, name in _scores(sample)
        if score >= _POSSIBLE and name in _RUSSIAN and _is_of_words(sample.decode(name, "replace"))
    ]
    if names:
        raise EncodingError(
            f"{source}, line {place}: it may be in several encodings"
            f"{_readings(sample, ['utf-8', *names[:_SHOWN]])}.",
            f"Say which is meant, such as --encoding {names[0]}, or --encoding utf-8",
        )


def _first_letters(stream: BinaryIO) -> tuple[int, bytes]:
    """The words beyond ASCII of a file of UTF-8, with the line of the first, where they are few.

    Where more than a few letters are beyond ASCII, nothing is given: they are UTF-8 for certain.
    """
    stream.seek(0)
    first, line, rest = 0, 1, b""
    found: list[bytes] = []
    while chunk := rest + stream.read(_CHUNK):
        # A word that the chunk may cut is looked at with the next one.
        cut = chunk.rfind(b"\n", -_LONGEST_WORD) + 1 if len(chunk) >= _CHUNK else 0
        whole, rest = (chunk[:cut], chunk[cut:]) if cut else (chunk, b"")
        for word in () if whole.isascii() else _WORD.finditer(whole):
            first = first or line + whole.count(b"\n", 0, word.start())
            found.append(word[0])
            if sum(map(_letters, found)) > _FEW_LETTERS:
                return 0, b""
        line += whole.count(b"\n")
    return first, b" ".join(found)


def text_lines(source: str, stream: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The lines of a file with their ends, without the marks at its beginning.

    Args:
        source: The file's name, for errors.
        stream: Its content.
        encoding: How it is read.

    Raises:
        BadInputError: A line is not in this encoding, or has no end.
    """
    # Decoded piece by piece: a character that the chunk cuts is kept in the decoder for the next
    # one.
    decoder = codecs.getincrementaldecoder(encoding.name)()
    end = encoding.newline
    number, begun = 1, False
    pieces: list[str] = []  # of a line whose end is not read yet
    length = 0
    stream.seek(0)
    while True:
        chunk = stream.read(_SMALL_CHUNK)
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeError as error:
            number += _lines_before(error, encoding)
            raise EncodingError(
                f"{source}, line {number}: it is not {encoding.name.upper()}."
            ) from None
        # Several marks may stand there, where files were put together; an empty first chunk of text
        # is a mark alone.
        if not begun:
            text = text.lstrip(_MARK)
            begun = bool(text)
        first, *others = text.split(end)
        pieces.append(first)
        if others:
            # `pieces` are joined once a line: adding to a text chunk by chunk would copy a long
            # line over and over.
            for line in ("".join(pieces), *others[:-1]):
                _check_line(source, number, line, encoding)
                yield line + end
                number += 1
            pieces, length = [others[-1]], 0
        length += len(pieces[-1])
        if length > _LONGEST_LINE:
            raise BadInputError(
                f"{source}, line {number}: it is longer than {_LONGEST_LINE >> 20} million "
                "characters. Is it a list at all?"
            )
        if not chunk:
            break
    rest = "".join(pieces)
    if rest:
        _check_line(source, number, rest, encoding)
        yield rest


def _check_line(source: str, number: int, line: str, encoding: Encoding) -> None:
    """Refuse a line of UTF-8 in a file of another encoding: two files were put together.

    Raises:
        BadInputError: It is one; its people would get letters that nobody can read.
    """
    if line.isascii() or not encoding.told or encoding.name not in _RUSSIAN:
        return
    try:
        # The bytes as they were in the file.
        line.encode(encoding.name).decode("utf-8")
    except UnicodeError:
        return
    raise BadInputError(
        f"{source}, line {number}: it is UTF-8, and other lines are {encoding.name.upper()}. Save "
        "the whole file in one encoding, such as UTF-8."
    )


def _lines_before(error: UnicodeError, encoding: Encoding) -> int:
    if not isinstance(error, UnicodeDecodeError):
        return 0
    before = error.object[: error.start].decode(encoding.name, "ignore")
    return before.count(encoding.newline)


def _newline(start: bytes, name: str) -> str:
    text = start.decode(name, "ignore")
    return "\r" if "\r" in text and "\n" not in text else "\n"


def _is_text(start: bytes, name: str) -> bool:
    """Whether the beginning of a file is text in this encoding of two bytes a character."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(start)
    except UnicodeError:
        return False
    # In the wrong order of bytes a line's end is a character that no text has.
    plain = sum(character < "\u0600" or "\u2000" <= character < "\u2200" for character in text)
    ended = any(mark in text for mark in "\r\n") or len(start) < _SAMPLE
    return ended and plain > 0.9 * len(text) and "\0" not in text


def _beyond_utf8(stream: BinaryIO) -> tuple[int | None, bytes]:
    """The line of the first byte that is not UTF-8, None for none, and what stands around such."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    line, sample = 1, b""
    found: int | None = None
    while len(sample) < _SAMPLE:
        chunk = stream.read(_CHUNK)
        if found is None:
            try:
                # Decoding UTF-8 is the quickest check that there is; its text is thrown away.
                decoder.decode(chunk, not chunk)
                line += chunk.count(b"\n")
            except UnicodeDecodeError as error:
                found = line + error.object[: error.start].count(b"\n")
        if found is not None:
            sample += b"\n".join(part for part in chunk.splitlines() if not part.isascii())
        if not chunk:
            break
    return found, sample[:_SAMPLE]


def _letters(sample: bytes) -> int:
    """How many characters of a sample are beyond ASCII, each of them a byte."""
    return sum(byte >= 0x80 for byte in sample)  # noqa: PLR2004 - where ASCII ends


def _is_of_words(text: str) -> bool:
    """Whether everything beyond ASCII are Russian letters, as they may stand in words."""
    return all(
        letter.isascii() or (letter.lower() in _OFTEN and not _breaks_a_word(before, letter))
        for before, letter in zip(f" {text}", text, strict=False)
    )


def _likeness(text: str) -> float:
    """How much a text looks like Russian: the mean logarithm over what is beyond ASCII."""
    score, count, before = 0.0, 0, " "
    for character in text:
        # Latin letters, digits and signs of ASCII are the same in all of these encodings, and tell
        # nothing.
        if not character.isascii():
            count += 1
            small = character.lower()
            if small in _OFTEN:
                score += math.log(_OFTEN[small] / 10_000)
                score += _UNLIKELY if _breaks_a_word(before, character) else 0
            elif character in _PUNCTUATION:
                score += _RARE
            elif character in _SIGNS and not before.isalpha():
                score += 2 * _RARE
            else:
                score += _UNLIKELY if small in _OTHER_LETTERS else 2 * _UNLIKELY
        before = character
    return score / max(1, count)


def _breaks_a_word(before: str, letter: str) -> bool:
    """Whether no word has such a letter here: behind a sign, a letter of Latin, or in capitals."""
    if not before.isalpha():
        return before in _SIGNS
    return before.isascii() or (before.islower() and letter.isupper())

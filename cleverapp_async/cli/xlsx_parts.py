"""The parts of an XLSX file, read no further than a bound: what inflates is not taken in."""

from __future__ import annotations

import posixpath
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from attrs import frozen

from .errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    Started = Callable[[str, dict[str, str]], object]

__all__ = ["OLE_MARK", "SheetPart", "XlsxParts", "open_parts"]

OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What encrypted workbooks and those of Excel 97 begin with."""

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedStrings.xml"
_SMALL = ("[Content_Types].xml", "_rels/.rels", "xl/styles.xml")
_SMALL_PART = 32 << 20
_LARGE_PART = 1 << 30
_CHUNK = 1 << 18
_OTHERS = {"xl/workbook.bin": "XLSB", "content.xml": "OpenDocument"}
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# What a broken archive makes the standard library raise, whichever of its fields is wrong.
_BROKEN = (
    BadZipFile,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
_DAMAGED = "Copy it again, or open it in the spreadsheet program and save it anew as XLSX."


@frozen
class SheetPart:
    """A sheet of a workbook.

    Attributes:
        name: What the workbook calls it.
        path: Its place in the file.
        visible: Whether the spreadsheet program shows it.
    """

    name: str
    path: str
    visible: bool


@frozen
class XlsxParts:
    """An open XLSX file.

    Attributes:
        source: What errors call it.
    """

    source: str
    _archive: ZipFile

    def sheets(self) -> tuple[SheetPart, ...]:
        """The sheets with cells, in the order of the workbook.

        Raises:
            BadInputError: The file is damaged.
        """
        targets: dict[str, str] = {}
        found: list[SheetPart] = []

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag.endswith("Relationship") and attributes.get("Type", "").endswith("/worksheet"):
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(tag: str, attributes: dict[str, str]) -> None:
            if tag.rpartition(":")[2] != "sheet":
                return
            key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            if key in targets:
                shown = attributes.get("state", "visible") == "visible"
                found.append(SheetPart(attributes.get("name", ""), _path(targets[key]), shown))

        self.walk(_RELATIONS, relation, _SMALL_PART)
        self.walk(_WORKBOOK, sheet, _SMALL_PART)
        return tuple(found)

    def measure(self) -> None:
        """Read what is taken into memory with every sheet, to see that it ends.

        Raises:
            BadInputError: It is damaged, or inflates beyond all reason.
        """
        there = set(self._archive.namelist())
        for name, most in ((_STRINGS, _LARGE_PART), *((name, _SMALL_PART) for name in _SMALL)):
            if name in there:
                for _ in self._chunks(name, most):
                    pass

    def walk(self, part: str, started: Started, most: int = _LARGE_PART) -> None:
        """Tell every element of a part where it begins.

        Args:
            part: Its place in the file.
            started: Takes an element's name as written, with its prefix, and its attributes.
            most: Bytes that it may inflate to.

        Raises:
            BadInputError: It is missing or damaged, or inflates beyond all reason.
        """
        parser = expat.ParserCreate()
        parser.StartElementHandler = started
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            for chunk in self._chunks(part, most):
                parser.Parse(chunk)
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError) as error:  # the latter: an unknown encoding
            raise self.damaged(f"{part}: {error}") from None

    def damaged(self, told: str) -> BadInputError:
        """The error for a file that is not what it should be."""
        return BadInputError(f"{self.source} is damaged ({told}). {_DAMAGED}")

    def _refuse_doctype(self, *_: object) -> None:
        raise self.damaged("it declares a document type, which no workbook does")

    def _chunks(self, name: str, most: int) -> Iterator[bytes]:
        try:
            part = self._archive.getinfo(name)
        except KeyError:
            raise self.damaged(f"it has no {name}") from None
        declared = part.file_size
        # The reader stops at the declared size: one that is too low would hide the rest. This is
        # beyond the bound by more than one chunk, so that the bound is always met first.
        part.file_size = most + 2 * _CHUNK
        size = 0
        try:
            with self._archive.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise BadInputError(
                            f"{self.source}: {name} inflates to more than {most >> 20} MiB, so it "
                            "is not read. Save the sheet as CSV, which is read row by row."
                        )
                    yield chunk
        except _BROKEN as error:
            raise self.damaged(f"{name}: {error}") from None
        finally:
            part.file_size = declared
        if size != declared:
            raise self.damaged(f"{name} has another size than it says")


@contextmanager
def open_parts(source: str, stream: BinaryIO) -> Generator[XlsxParts]:
    """Open an XLSX file; the stream stays open.

    Args:
        source: What errors call it.
        stream: Its content.

    Raises:
        BadInputError: It is no XLSX, and what it is where that can be told.
    """
    stream.seek(0)
    if stream.read(len(OLE_MARK)) == OLE_MARK:
        raise _refuse_ole(source, stream)
    try:
        archive = ZipFile(stream)
    except _BROKEN as error:
        raise BadInputError(
            f"{source} is damaged or cut short, or no XLSX at all ({error}). {_DAMAGED}"
        ) from None
    with archive:
        names = archive.namelist()
        parts = XlsxParts(source, archive)
        if _WORKBOOK not in names:
            kind = next((_OTHERS[name] for name in names if name in _OTHERS), None)
            if kind is None:
                raise parts.damaged(f"it has no {_WORKBOOK}")
            raise BadInputError(f"{source} is {kind}. Save it as XLSX.")
        if len(set(names)) < len(names):
            raise parts.damaged("it holds a part twice")
        yield parts


def _refuse_ole(source: str, stream: BinaryIO) -> BadInputError:
    tail = b""
    while chunk := stream.read(_CHUNK):
        if _ENCRYPTED in tail + chunk:
            return BadInputError(
                f"{source} is encrypted with a password. Open it in the spreadsheet program, take "
                "the password off and save it."
            )
        tail = chunk[-len(_ENCRYPTED) :]
    return BadInputError(f"{source} is in the format of Excel 97 (XLS). Save it as XLSX.")


def _path(target: str) -> str:
    """Where a relation of the workbook points to."""
    if target.startswith(("/", "xl/")):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join("xl", target))

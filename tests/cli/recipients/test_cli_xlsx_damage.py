from __future__ import annotations

import io
import struct
import zlib
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.recipients.rows import Row
from tests.cli.workbook import Workbook, refusal, table

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"

GOOD = Workbook({"S": [["contact_id", "text"], *([n, f"Hi {n}"] for n in range(200))]}).content()


def encrypted(mark: str) -> bytes:
    """Give a file of the container that encrypted workbooks and old ones share."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + mark.encode("utf-16-le") + bytes(99)


def other(name: str) -> bytes:
    """Give a ZIP file that is no XLSX."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr(name, "")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "damaged or cut short"),
        (GOOD[:-100], "damaged or cut short"),
        (GOOD[: len(GOOD) // 2], "damaged or cut short"),
        (b"a,b\n1,2\n", "damaged or cut short, or no XLSX"),
        (encrypted("EncryptedPackage"), "is encrypted with a password"),
        (encrypted("Workbook"), "Excel 97 (XLS). Save it as XLSX"),
        (other("xl/workbook.bin"), "is XLSB. Save it as XLSX"),
        (other("content.xml"), "is OpenDocument. Save it as XLSX"),
        (other("word/document.xml"), "it has no xl/workbook.xml"),
        (Workbook({"S": []}, changed={SHEET: None}).content(), f"it has no {SHEET}"),
        (Workbook({"S": []}, changed={SHEET: "<a><b></a>"}).content(), "mismatched tag"),
        (Workbook({"S": []}, changed={SHEET: "<!DOCTYPE a><a/>"}).content(), "document type"),
        (
            Workbook({"S": [[1]]}, changed={STRINGS: "<sst><si><t>"}).content(),
            "damaged",
        ),
        (
            Workbook({"S": []}, changed={SHEET: '<row><c r="1?"><v>1</v></c></row>'}).content(),
            "is damaged",
        ),
        (
            Workbook({"S": []}, changed={SHEET: '<row><c r="XFE1"><v>1</v></c></row>'}).content(),
            "a cell in row 1, column 16385",
        ),
        (
            Workbook({"S": []}, changed={SHEET: '<row><c r="AAAA1"><v>1</v></c></row>'}).content(),
            "a cell in column 'AAAA'",
        ),
        (Workbook({}).content(), "has no sheet with cells"),
    ],
)
def test_unusable_files_are_told(content: bytes, told: str) -> None:
    """A file that is damaged, cut short, encrypted or something else is told with the remedy."""
    found = refusal(content)
    assert found.startswith("r.xlsx")
    assert told in found


@given(st.data())
def test_damage_ends_in_one_clear_error_or_none(data: st.DataObject) -> None:
    """Whatever byte is broken, the rows are read or the file is refused: nothing else is raised."""
    broken = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    assert is_read_or_refused(bytes(broken))


@given(st.data())
def test_a_broken_part_ends_in_one_clear_error_or_none(data: st.DataObject) -> None:
    """The same for what stands inside, with the checksums right."""
    with ZipFile(io.BytesIO(GOOD)) as good:
        parts = {name: good.read(name).decode() for name in good.namelist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    part = parts[name]
    start = data.draw(st.integers(0, len(part)))
    end = data.draw(st.integers(start, min(len(part), start + 20)))
    put = data.draw(st.sampled_from(["", "<", "9", "-1", "99999999999999999999", "r=", '"', " "]))
    changed = {name: part[:start] + put + part[end:]}
    assert is_read_or_refused(Workbook({}, changed=parts | changed).content())


def is_read_or_refused(content: bytes) -> bool:
    """Read a workbook; whatever else it raises breaks the test."""
    try:
        list(table(content).records)
    except BadInputError as error:
        return str(error).startswith("r.xlsx")
    return True


def stray(place: str) -> bytes:
    """Give a workbook with a header in A1 and a value far away."""
    cells = f'<row><c r="A1"><v>1</v></c></row><row><c r="{place}"><v>2</v></c></row>'
    return Workbook({"S": []}, changed={SHEET: f"<sheetData>{cells}</sheetData>"}).content()


def test_a_stray_cell_far_away_takes_no_memory() -> None:
    """A value in the last cell of a sheet is told, and 17 billion cells are not made of it."""
    told = refusal(stray("XFD1048576"))
    assert "it reaches to XFD1048576, which makes 17,179,869,184 cells for 2 values" in told
    assert "Clear what stands away from the table" in told


def test_long_and_wide_sheets_are_read() -> None:
    """A sheet may be as long or as wide as a spreadsheet allows."""
    assert [record.line for record in table(stray("A1048576")).records] == [1048576]
    assert table(stray("XFD1")).columns == ("1", "2")


def test_a_declared_size_is_not_believed() -> None:
    """A sheet that says it is as large as can be costs what its values cost."""
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="str"><v>contact_id</v>'
        '</c></row><row r="2"><c r="A2"><v>1</v></c></row></sheetData></worksheet>'
    )
    content = Workbook({"S": []}, changed={SHEET: sheet}).content()
    assert list(table(content).records) == [Row(1, 2, {"contact_id": "1"})]


def with_styles(size: int, declared: int) -> bytes:
    """Give a workbook whose styles inflate to one size and are declared to have another."""
    styles = b" " * size
    buffer = io.BytesIO(GOOD)
    with ZipFile(buffer) as good:
        kept = {name: good.read(name) for name in good.namelist() if name != STYLES}
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, part in [*kept.items(), (STYLES, styles)]:
            archive.writestr(name, part)
    told = struct.pack("<I", zlib.crc32(styles)), struct.pack("<I", size)
    lie = struct.pack("<I", zlib.crc32(styles[:declared])), struct.pack("<I", declared)
    content = buffer.getvalue()
    for true, false in zip(told, lie, strict=True):
        content = content.replace(true, false)
    return content


def test_what_inflates_is_not_taken_in() -> None:
    """A part that inflates beyond all reason is refused, whatever size it declares."""
    size = 33 << 20
    assert "xl/styles.xml inflates to more than 32 MiB" in refusal(with_styles(size, size))
    assert "xl/styles.xml inflates to more than 32 MiB" in refusal(with_styles(size, 100))


def test_a_declared_size_that_is_wrong_is_damage() -> None:
    """A part that goes on after its declared end is not read to there alone."""
    assert "r.xlsx is damaged (xl/styles.xml" in refusal(with_styles(5000, 4000))

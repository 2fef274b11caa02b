"""Writes small XLSX workbooks element by element, as spreadsheet programs do, and reads them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from attrs import define, field, frozen

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.recipients.xlsx import load_grid

if TYPE_CHECKING:
    from cleverapp_async.cli.recipients.rows import Table

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" '
    'formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><cellXfs count="4"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/>'
    '<xf numFmtId="46" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_DAY, _MOMENT, _HOURS = 1, 2, 3
_HIDDEN = ' state="hidden"'
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no time zone
_ESCAPED = re.compile("[\r_]")


@frozen
class Raw:
    """A cell as its element is written: ``attributes`` and what is inside it."""

    attributes: str
    inside: str


def failed(error: str = "#N/A") -> Raw:
    """Give a cell whose formula failed."""
    return Raw(' t="e"', f"<f>NA()</f><v>{error}</v>")


def computed(value: str) -> Raw:
    """Give a formula with the text it came to."""
    return Raw(' t="str"', f'<f>"x"</f><v>{escape(value)}</v>')


@define
class Workbook:
    """A workbook of sheets; a row is None where it is left out.

    Attributes:
        sheets: Rows by the sheet's name.
        shared: Whether texts stand in the table of shared strings.
        hidden: Sheets that are not shown.
        rows: Attributes of rows by number, such as ``hidden="1"``, in every sheet.
        columns: The element of columns, in every sheet.
        merged: The cells that are merged, such as ``A1:B2``, with blanks between, in every sheet.
        changed: Parts that are written otherwise; None leaves one out.
    """

    sheets: Mapping[str, Sequence[Sequence[object] | None]]
    shared: bool = True
    hidden: frozenset[str] = frozenset()
    rows: Mapping[int, str] = field(factory=dict[int, str])
    columns: str = ""
    merged: str = ""
    changed: Mapping[str, str | None] = field(factory=dict[str, "str | None"])
    _strings: list[str] = field(factory=list[str], init=False)

    def content(self) -> bytes:
        """Give the file."""
        parts: dict[str, str | None] = {
            f"xl/worksheets/sheet{number}.xml": self._sheet(rows)
            for number, rows in enumerate(self.sheets.values(), 1)
        }
        strings = "".join(f"<si>{_text(text)}</si>" for text in self._strings)
        parts |= {
            "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": _relations([("xl/workbook.xml", "officeDocument")]),
            "xl/workbook.xml": self._workbook(),
            "xl/_rels/workbook.xml.rels": self._relations(),
            "xl/styles.xml": _STYLES,
            "xl/sharedStrings.xml": f'{_HEAD}<sst xmlns="{_MAIN}">{strings}</sst>',
        }
        buffer = io.BytesIO()
        with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
            for name, part in (parts | dict(self.changed)).items():
                if part is not None:
                    archive.writestr(name, part)
        return buffer.getvalue()

    def _workbook(self) -> str:
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"'
            f"{_HIDDEN if name in self.hidden else ''}/>"
            for number, name in enumerate(self.sheets, 1)
        )
        names = f'xmlns="{_MAIN}" xmlns:r="{_OFFICE}"'
        return f"{_HEAD}<workbook {names}><sheets>{sheets}</sheets></workbook>"

    def _relations(self) -> str:
        sheets = ((f"sheet{number}", "worksheet") for number in range(1, len(self.sheets) + 1))
        targets = [(f"worksheets/{name}.xml", kind) for name, kind in sheets]
        return _relations(
            [*targets, ("styles.xml", "styles"), ("sharedStrings.xml", "sharedStrings")]
        )

    def _sheet(self, rows: Sequence[Sequence[object] | None]) -> str:
        told = "".join(
            f'<row r="{number}" {self.rows.get(number, "")}>{self._cells(number, row)}</row>'
            for number, row in enumerate(rows, 1)
            if row is not None
        )
        cells = "".join(f'<mergeCell ref="{one}"/>' for one in self.merged.split())
        merged = f"<mergeCells>{cells}</mergeCells>" if cells else ""
        data = f"{self.columns}<sheetData>{told}</sheetData>{merged}"
        return f'{_HEAD}<worksheet xmlns="{_MAIN}">{data}</worksheet>'

    def _cells(self, row: int, values: Sequence[object]) -> str:
        cells = (
            f'<c r="{letters(column)}{row}"{cell.attributes}>{cell.inside}</c>'
            for column, value in enumerate(values, 1)
            if (cell := self._cell(value)) is not None
        )
        return "".join(cells)

    def _cell(self, value: object) -> Raw | None:
        if value is None or isinstance(value, Raw):
            return value
        if isinstance(value, str):
            if not self.shared:
                return Raw(' t="inlineStr"', f"<is>{_text(value)}</is>")
            self._strings.append(value)
            return Raw(' t="s"', f"<v>{len(self._strings) - 1}</v>")
        if isinstance(value, bool):
            return Raw(' t="b"', f"<v>{int(value)}</v>")
        return _dated(value) or Raw("", f"<v>{value}</v>")


def _dated(value: object) -> Raw | None:
    if isinstance(value, timedelta):
        return Raw(f' s="{_HOURS}"', f"<v>{value / timedelta(days=1)!r}</v>")
    if not isinstance(value, date):
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, _EPOCH.time())
    style = _MOMENT if isinstance(value, datetime) else _DAY
    return Raw(f' s="{style}"', f"<v>{(moment - _EPOCH) / timedelta(days=1)!r}</v>")


def table(content: bytes, sheet: str | None = None) -> Table:
    """Read a workbook."""
    return load_grid("r.xlsx", io.BytesIO(content), sheet).table()


def refusal(content: bytes, sheet: str | None = None) -> str:
    """Give the error that a workbook is refused with."""
    with pytest.raises(BadInputError) as caught:
        list(table(content, sheet).records)
    return str(caught.value)


def letters(column: int) -> str:
    """Give what a column is called; few enough that a letter or two suffice."""
    first, second = divmod(column - 1, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)


def _text(text: str) -> str:
    told = _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return f'<t xml:space="preserve">{escape(told)}</t>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    told = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (target, kind) in enumerate(targets, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'

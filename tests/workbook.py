"""Excel workbooks as small as they can be, written cell by cell."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DAY, _MOMENT = 1, 2  # the styles of a date and of a date with a time


class Cell(str):
    """A cell that is given as XML: its attributes and content, such as `ERROR`."""


ERROR = Cell(' t="e"><v>#N/A</v>')


def write_xlsx(
    path: Path, sheets: Mapping[str, Sequence[Sequence[Any]] | str], after: str = ""
) -> Path:
    """Write sheets of rows of cells, or of XML; ``after`` follows the data of each sheet."""
    names = list(sheets)
    links = [
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(len(names))
    ]
    links.append(f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>')
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n + 1}" r:id="r{n}"/>'
        for n, name in enumerate(names)
    )
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    types = (
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}"/>'
    )
    book = f'<Relationship Id="r" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    styles = '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs>'
    relations = f'<Relationships xmlns="{_PACKAGE}/relationships">'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": f"{relations}{book}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f"{relations}{''.join(links)}</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
    }
    for n, name in enumerate(names):
        content = sheets[name]
        rows = content if isinstance(content, str) else "".join(map(_row, range(10**6), content))
        data = f"<sheetData>{rows}</sheetData>{after}"
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{_MAIN}">{data}</worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return path


def _row(place: int, cells: Sequence[Any]) -> str:
    filled = [
        f'<c r="{_letters(column)}{place + 1}"{_cell(cell)}</c>'
        for column, cell in enumerate(cells)
        if cell is not None
    ]
    return f'<row r="{place + 1}">{"".join(filled)}</row>'


def _letters(column: int) -> str:
    high, low = divmod(column, 26)
    return (_letters(high - 1) if high else "") + chr(65 + low)


def _cell(cell: Any) -> str:
    if isinstance(cell, Cell):
        return str(cell)
    if isinstance(cell, str):
        return f' t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is>'
    if isinstance(cell, bool):
        return f' t="b"><v>{int(cell)}</v>'
    if isinstance(cell, date):
        style = _MOMENT if isinstance(cell, datetime) else _DAY
        return f' s="{style}"><v>{_serial(cell)!r}</v>'
    return f"><v>{cell!r}</v>"


def _serial(day: date) -> float:
    """Return the days since the day on which Excel's calendar begins."""
    whole = day.toordinal() - date(1899, 12, 30).toordinal()
    if not isinstance(day, datetime):
        return whole
    return whole + (day.hour * 3600 + day.minute * 60 + day.second) / 86_400

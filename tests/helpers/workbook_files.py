"""Writes small Excel workbooks, part by part, as spreadsheet programs do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def workbook(
    sheets: Mapping[str, str], strings: Sequence[str] = (), replaced: Mapping[str, bytes | None] | None = None
) -> bytes:
    """A workbook.

    Args:
        sheets: Name of a sheet -> its rows, in XML.
        strings: The shared strings, in XML.
        replaced: Part -> other content for it, or None to leave it out.
    """
    names = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    targets = "".join(f'<Relationship Id="r{n}" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(sheets) + 1))
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{targets}</Relationships>",
        "xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(f'<si>{one}</si>' for one in strings)}</sst>",
    }
    for n, rows in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{n}.xml"] = f"<worksheet {MAIN}>{rows}</worksheet>"
    content = {name: (HEAD + part).encode() for name, part in parts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (content | dict(replaced or {})).items():
            if part is not None:
                archive.writestr(name, part)
    return buffer.getvalue()


def rows(*given: Sequence[object], more: str = "") -> str:
    """Rows of a sheet: strings, numbers, truth values, None for an empty cell; XML in a tuple goes in as it is."""
    lines = []
    for number, cells in enumerate(given, 1):
        inner = "".join(_cell(f"{chr(64 + column)}{number}", value) for column, value in enumerate(cells, 1))
        lines.append(f'<row r="{number}">{inner}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>{more}"


def _cell(place: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return str(value[0]).format(place)
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'

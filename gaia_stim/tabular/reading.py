"""A file to its table: the door of this room."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gaia_stim.cells import LARGEST
from gaia_stim.errors import DataError, unknown_name
from gaia_stim.gate import content_of
from gaia_stim.tabular.layout import Fits, Source, Table, header_of, lay_out
from gaia_stim.tabular.text import text_source
from gaia_stim.tabular.workbooks import ZIP, workbook_sources

WORKBOOKS = (".xlsx", ".xlsm", ".ods")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_table(file: Path, sheet: str | None = None, fits: Fits | None = None, *, fill: bool = False) -> Table:
    """The table of a file: text whose cells `,` `;` `|`, tabs or spaces part, or a sheet of an XLSX or ODS workbook.

    `fits` says whether cells could be the header that is looked for: it decides which line is the header where there
    are titles above, which separator is meant, and which sheet, else the first that has a table. With `fill`, what a
    short row of text lacks is empty; otherwise it is an error, for a row that lacks a value must not move the others.

    Raises `DataError`, with the line, for what is no table, or too much of one; `ConfigError` for an unknown sheet.
    """
    return next(_tables(file, sheet, fits, fill, several=False))


def read_tables(file: Path, fits: Fits, *, sheet: str | None = None) -> list[Table]:
    """All tables that stand in a file one below the other, each from a row that `fits`; short rows are filled up.

    For files that were put together by hand, or that an experiment was appended to. Raises as `read_table`.
    """
    return list(_tables(file, sheet, fits, fill=True, several=True))


def read_header(file: Path, fits: Fits | None = None) -> list[str]:
    """The names in the header of a file's table, without reading its rows; raises as `read_table`."""
    return header_of(_chosen(file, _sources(file, None, fits), fits), fits)


def _tables(file: Path, sheet: str | None, fits: Fits | None, fill: bool, several: bool) -> Iterator[Table]:
    source = _chosen(file, _sources(file, sheet, fits), fits)
    return lay_out(file, source, fits, fill, several)


def _sources(file: Path, sheet: str | None, fits: Fits | None) -> list[Source]:
    content = _content(file)
    if content.startswith(ZIP):
        sources = workbook_sources(file, content)
        if sheet is None:
            return sources
        named = [source for source in sources if source.sheet == sheet]
        if not named:
            raise unknown_name(f"sheet of {file}", sheet, [source.sheet for source in sources])
        return named
    if content.startswith(_OLD_EXCEL):
        raise DataError(f"{file}: an old Excel file, or one with a password; save it as .xlsx or as CSV UTF-8")
    if file.suffix.lower() in WORKBOOKS:
        raise DataError(f"{file}: not an XLSX or ODS workbook, or damaged (it is no ZIP file)")
    if sheet is not None:
        raise DataError(f"{file}: is no workbook and has no sheet '{sheet}'")
    return [text_source(file, content, fits)]


def _chosen(file: Path, sources: Sequence[Source], fits: Fits | None) -> Source:
    """The first sheet whose header fits, else the first that has anything; of several, a note says which it is."""
    headers = {source: names for source in sources if (names := header_of(source, fits))}
    fitting = [source for source, names in headers.items() if fits is not None and fits(names)]
    chosen = next(iter([*fitting, *headers, *sources]))
    others = [source.sheet for source in headers if source is not chosen]
    if not others:
        return chosen
    note = f"the sheet '{chosen.sheet}' is read, and not {', '.join(map(repr, others))}"
    return replace(chosen, notes=(note, *chosen.notes))


def _content(file: Path) -> bytes:
    if file.is_dir():
        raise DataError(f"{file}: is a folder; name the file of a table")
    if not file.exists():
        raise DataError(f"{file}: no such file of a table")
    return content_of(file, LARGEST)

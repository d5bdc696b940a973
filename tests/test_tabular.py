"""The reader of tables: each dialect as people have it, and whatever is written is read back equal, or told."""

import csv
import io
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.styles import Font

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.tabular import Table, are_dates, as_numbers, column_of_numbers, read_header, read_table, read_tables

HEADER = ["image", "age", "remark"]
ROWS = [["a.png", "30.5", "fine"], ["b.png", "41", "Zoë: two, or three; maybe"], ["c.png", "", "two\nlines"]]


def named(names: Any) -> bool:
    return "image" in names


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_csv(rows: list[list[str]], separator: str = ",", newline: str = "\n") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator=newline).writerows(rows)
    return stream.getvalue()


def cells(table: Table) -> list[list[str]]:
    return [table.columns, *table.frame.to_numpy().tolist()]


WAYS: dict[str, bytes] = {
    "commas": as_csv([HEADER, *ROWS]).encode(),
    "semicolons": as_csv([HEADER, *ROWS], ";").encode(),
    "tabs": as_csv([HEADER, *ROWS], "\t").encode(),
    "bars": as_csv([HEADER, *ROWS], "|").encode(),
    "sep line": b"sep=;\r\n" + as_csv([HEADER, *ROWS], ";", "\r\n").encode(),
    "quoted sep line": b'"sep=|"\n' + as_csv([HEADER, *ROWS], "|").encode(),
    "BOM": as_csv([HEADER, *ROWS]).encode("utf-8-sig"),
    "BOM and sep line": ("sep=;\n" + as_csv([HEADER, *ROWS], ";")).encode("utf-8-sig"),
    "UTF-16": as_csv([HEADER, *ROWS], "\t").encode("utf-16"),
    "UTF-16 big end first": b"\xfe\xff" + as_csv([HEADER, *ROWS], "\t").encode("utf-16-be"),
    "UTF-16 without a mark": as_csv([HEADER, *ROWS]).encode("utf-16-le"),
    "Windows-1252": as_csv([HEADER, *ROWS], ";").encode("cp1252"),
    "CRLF": as_csv([HEADER, *ROWS], newline="\r\n").encode(),
    "trailing separators": as_csv([[*row, ""] for row in [HEADER, *ROWS]]).encode(),
    "trailing separators of the rows": as_csv([HEADER, *([*row, "", ""] for row in ROWS)], ";").encode(),
    "blank rows": as_csv([[], ["", "", ""], HEADER, [], ROWS[0], ["", " ", ""], *ROWS[1:], []]).encode(),
    "a header again": as_csv([HEADER, *ROWS[:2], HEADER, ROWS[2]]).encode(),
    "titles": as_csv([["Ratings, spring; all"], [], ["n", "3"], HEADER, *ROWS]).encode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_dialect_is_the_same_table(way: str, tmp_path: Path) -> None:
    file = written(tmp_path / "table.csv", WAYS[way])
    table = read_table(file, fits=named)
    assert cells(table) == [HEADER, *ROWS]
    told = {
        "UTF-16 without a mark": "is UTF-16 without a mark",
        "Windows-1252": "read as Windows-1252, as in 'Zoë' on line 3",
        "a header again": "1 rows that are the header again",
        "titles": "line 4 is taken for the header (image, age, remark); left out above it: line 1 ('Ratings",
    }
    assert [told[way] in note for note in table.notes] == [True] if way in told else not table.notes
    assert read_header(file, named) == HEADER


def test_titles_and_separators_are_found_without_anybody_telling_what_is_looked_for(tmp_path: Path) -> None:
    for way in set(WAYS) - {"titles"}:
        assert cells(read_table(written(tmp_path / "table.csv", WAYS[way]))) == [HEADER, *ROWS], way
    content = as_csv([["Pilot study"], ["who", "age", "sex"], ["p1", "30", "f"], ["p2", "31", "m"]])
    table = read_table(written(tmp_path / "table.csv", content))
    assert table.columns == ["who", "age", "sex"] and "line 2 is taken for the header" in table.notes[0]


def test_rows_know_their_lines(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "t.csv", 'a,b\n\n"x\ny",1\n,\nz,2\n'))
    assert table.frame.index.tolist() == [3, 6] and table.where(1) == f"{tmp_path / 't.csv'}:6"


def test_rs_and_pandas_row_numbers_are_known_for_what_they_are(tmp_path: Path) -> None:
    r = '"","image","age"\n"1","a.png",3\n"2","b.png",4\n'
    table = read_table(written(tmp_path / "r.csv", r), fits=named)
    assert table.columns == ["", "image", "age"] and table.is_index("") and not table.is_index("age")
    # write.table: no name for the row numbers at all.
    shorter = read_table(written(tmp_path / "r.txt", '"image" "age"\n"1" "a 1.png" 3\n"2" "b.png" 4\n'), fits=named)
    assert shorter.columns == ["", "image", "age"] and shorter.frame["image"].tolist() == ["a 1.png", "b.png"]
    pd.DataFrame({"image": ["a.png", "b.png"], "age": [3, 4]}, index=[4, 9]).to_csv(tmp_path / "pandas.csv")
    assert read_table(tmp_path / "pandas.csv").is_index("")
    again = pd.read_csv(tmp_path / "pandas.csv")
    again.to_csv(tmp_path / "again.csv")
    table = read_table(tmp_path / "again.csv")
    assert [table.is_index(name) for name in table.columns] == [True, True, False, False]
    ids = read_table(written(tmp_path / "ids.csv", ",age\n0007,3\n0003,4\n"))
    assert not ids.is_index("")


def test_a_row_of_another_length_never_moves_a_cell(tmp_path: Path) -> None:
    for content, said in (
        ("a,b,c\n1,2,3\n1,2\n", ":3: 2 cells, but the header names 3 columns"),
        ("a;b\n1;2\n1;2;3\n", ":3: 3 cells, but the header names 2 columns"),
        ("a,,b\n1,2,3\n", ":1: column 2 has no name in the header"),
    ):
        with pytest.raises(DataError, match=said):
            read_table(written(tmp_path / "t.csv", content))
    short = read_table(written(tmp_path / "t.csv", "a,b,c\n1,2,3\n1,2\n"), fill=True)
    assert short.frame.to_numpy().tolist() == [["1", "2", "3"], ["1", "2", ""]]


def test_names_that_are_twice_are_told_apart(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "t.csv", "a,b,a\n1,2,3\n"))
    assert table.columns == ["a", "b", "a (column 3)"] and table.repeated == ("a",)
    assert "several columns are called 'a'" in table.notes[0]


def test_two_tables_in_one_file(tmp_path: Path) -> None:
    file = written(tmp_path / "t.csv", "task,response\nabx,a\nabx,b\n\ntask,rt,response\nabx,3,a\n")
    first, second = read_tables(file, lambda names: {"task", "response"} <= set(names))
    assert (first.columns, len(first.frame)) == (["task", "response"], 2)
    assert (second.columns, second.frame.index.tolist(), second.header_line) == (["task", "rt", "response"], [6], 5)


def test_marked_text_is_as_it_was_and_formulas_are_told(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "t.csv", "a,b\n'=x,=A1+1\n 'tis ,2\n"))
    assert table.frame["a"].tolist() == ["=x", "'tis"] and table.formulas == {"=A1+1"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n,,\n", "is empty"),
        (b"a,b\n", "a header but no rows"),
        (b"17\n", "nothing below '17'"),
        (b"a,b\n1,\0\n", ":2: a NUL byte"),
        (b"a,b\n1,\x81\n", r":2: not UTF-8 \(byte 0x81\)"),
        (bytes(100), ":1: a NUL byte"),
        (b'sep="\na"b\n1"2\n', "1 cells, where 2 are needed"),
        (b"\xff\xfea\0,\0b\0\n", "not UTF-16"),
        (b'a,b\n1,"x\n2,y\n', ":2: not a CSV table"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel file, or one with a password"),
        (b"PK\x03\x04rest", "not an XLSX or ODS workbook"),
    ],
)
def test_what_is_no_table(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read_table(written(tmp_path / "t.csv", content))


class TestNumbers:
    @staticmethod
    def column(tmp_path: Path, separator: str, *cells: str, **told: Any) -> list[float]:
        file = written(tmp_path / "n.csv", as_csv([["x", "y"], *([cell, "k"] for cell in cells)], separator))
        return column_of_numbers(read_table(file), "x", **told).tolist()

    def test_points_and_commas(self, tmp_path: Path) -> None:
        assert self.column(tmp_path, ",", "1", "-2.5", "1e3", "+.5", "−3") == [1, -2.5, 1000, 0.5, -3]
        assert self.column(tmp_path, ";", "1", "-2,5", "1,5e3", ",5") == [1, -2.5, 1500, 0.5]
        assert self.column(tmp_path, "\t", "0,125", "12,5", "2,250") == [0.125, 12.5, 2.25]
        assert self.column(tmp_path, ",", "0.125", "1.000", "2.375") == [0.125, 1, 2.375]
        found = self.column(tmp_path, ";", "1", "NA", "n/a", "")
        assert np.array_equal(found, [1, np.nan, np.nan, np.nan], equal_nan=True)

    @pytest.mark.parametrize(
        ("separator", "written", "said"),
        [
            (";", ["950", "980", "1.000"], "'1.000' may be 1000 or 1.000 .beside whole numbers as large as 950"),
            (",", ["950", "1.050"], "'1.050' may be 1050 or 1.050"),
            (";", ["1,000", "2"], "'1,000' may be 1000 or 1.000"),
            (",", ["1,000", "2,500"], "'1,000' may be 1000 or 1.000"),
            (";", ["1.234,5", "2,5"], "'1.234,5' may be 12345 or 1234.5"),
            (";", ["1,000,000", "2,5"], "'1,000,000' may be 1000000 or 1000.000"),
            (";", ["1.000.000", "2"], "'1.000.000' may be 1000000 or 1000.000"),
            (",", ["30", "31,5"], "'31,5' has a decimal comma in a table whose cells commas part"),
            (";", ["30.5", "31,5"], "'30.5' has a point, and '31,5' a decimal comma"),
            (",", ["1", "abc"], ":3: column 'x': 'abc' is not a finite number"),
        ],
    )
    def test_what_could_be_two_numbers_is_asked_about(
        self, separator: str, written: list[str], said: str, tmp_path: Path
    ) -> None:
        with pytest.raises(DataError, match=said):
            self.column(tmp_path, separator, *written)

    def test_it_can_be_said(self, tmp_path: Path) -> None:
        assert self.column(tmp_path, ";", "950", "1.000", "2,5", "1.000.000,5", decimal=",") == [
            950,
            1000,
            2.5,
            1000000.5,
        ]
        assert self.column(tmp_path, ";", "950", "1.000", decimal=".") == [950, 1]
        assert self.column(tmp_path, ",", "950", "1,000", "1,234.5", decimal=".") == [950, 1000, 1234.5]

    def test_a_column_is_doubtful_where_others_have_decimal_commas(self, tmp_path: Path) -> None:
        table = read_table(written(tmp_path / "t.csv", "x;y\n1.250;0,5\n2.500;1,5\n"))
        assert column_of_numbers(table, "y").tolist() == [0.5, 1.5]
        with pytest.raises(DataError, match=r"'1.250' may be 1250 or 1.250 .numbers of other columns"):
            column_of_numbers(table, "x")

    def test_lists_in_words_are_no_decimal_commas(self, tmp_path: Path) -> None:
        table = read_table(written(tmp_path / "t.csv", "rt;keys\n512.345;1,2\n613.250;f,j\n"))
        assert column_of_numbers(table, "rt").tolist() == [512.345, 613.25]

    def test_what_is_no_number(self) -> None:
        for word in ("inf", "1_000", "12 kg", "1.2.3", "1,2,3", "０", "1e999", "--1", ".", ",", "1.0,"):
            assert as_numbers([word])[0] == {}, word

    def test_dates(self) -> None:
        for word in (
            "2024-05-03", "2024/5/3", "03.05.2024", "5/3/24", "3-May-2024", "3. Mai 2024", "May 3, 2024",
            "2024-05-03 12:30", "2024-05-03T12:30:05.123Z", "2024-05-03_12h30.05.123", "12:30", "12:30:05 PM",
        ):  # fmt: skip
            assert are_dates([word]), word
        assert not are_dates([]) and not are_dates(["2024-05-03", "x"])
        for word in ("2024", "3.5", "1.2.3", "May", "hair:red", "v1-2-3", "a 10 2024", "10-20"):
            assert not are_dates([word]), word


class TestWorkbooks:
    @staticmethod
    def book(path: Path, **sheets: list[list[Any]]) -> Path:
        book = Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(path)
        return path

    def test_the_first_sheet_that_fits_is_read_and_said(self, tmp_path: Path) -> None:
        file = self.book(
            tmp_path / "b.xlsx", Notes=[["who"], ["me"]], Labels=[["Ratings"], ["image", "age"], ["a.png", 3]], More=[]
        )
        table = read_table(file, fits=named)
        assert (table.sheet, cells(table), table.frame.index.tolist()) == (
            "Labels",
            [["image", "age"], ["a.png", "3"]],
            [3],
        )
        assert table.notes[0] == "the sheet 'Labels' is read, and not 'Notes'"
        assert read_table(file).sheet == "Notes"
        assert read_table(file, "Labels").notes[0].startswith("line 2 is taken for the header")
        with pytest.raises(ConfigError, match=r"unknown sheet of .* 'Label' .did you mean 'Labels'"):
            read_table(file, "Label")
        with pytest.raises(DataError, match="is no workbook and has no sheet 'x'"):
            read_table(written(tmp_path / "t.csv", "a,b\n1,2\n"), "x")

    def test_values_of_every_kind(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({
            "image": ["a.png", "b.png"], "n": [3, 4.5], "yes": [True, False], "day": pd.to_datetime(["2024-05-03"] * 2),
        })  # fmt: skip
        for name, engine in (("b.xlsx", "openpyxl"), ("b.ods", "odf")):
            frame.to_excel(tmp_path / name, index=False, engine=engine, sheet_name="Ratings")
            table = read_table(tmp_path / name)
            assert table.frame.drop(columns="day").to_numpy().tolist() == [
                ["a.png", "3", "True"],
                ["b.png", "4.5", "False"],
            ]
            assert are_dates(table.frame["day"]) and table.sheet == "Ratings"

    def test_charts_and_hidden_sheets_are_not_read_first(self, tmp_path: Path) -> None:
        book = Workbook()
        book.active.title = "Hidden"
        book.active.append(["image", "age"])
        book.active.append(["hidden.png", 3])
        book.create_chartsheet("Chart", 0)
        for row in (["image", "age"], ["a.png", 3]):
            (book["Seen"] if "Seen" in book else book.create_sheet("Seen")).append(row)
        book["Hidden"].sheet_state = "hidden"
        book.active = 2
        book.save(tmp_path / "b.xlsx")
        table = read_table(tmp_path / "b.xlsx", fits=named)
        assert table.sheet == "Seen" and "and not 'Hidden'" in table.notes[0]

    def test_a_row_and_a_column_before_the_table(self, tmp_path: Path) -> None:
        file = self.book(tmp_path / "b.xlsx", A=[[], [None, "image", "age"], [None, "a.png", 3], [None, "b.png"]])
        table = read_table(file)
        assert cells(table) == [["image", "age"], ["a.png", "3"], ["b.png", ""]]
        assert table.frame.index.tolist() == [3, 4]

    def test_formulas_without_values_and_errors_are_told(self, tmp_path: Path) -> None:
        file = self.book(tmp_path / "b.xlsx", A=[["image", "age"], ["a.png", "=B3+1"]])
        with pytest.raises(DataError, match="cell B2 is a formula without its value"):
            read_table(file)
        book = Workbook()
        for row in (["image", "age"], ["a.png", "#DIV/0!"], ["b.png", 3]):
            book.active.append(row)
        book.active["B2"].data_type = "e"
        book.save(file)
        table = read_table(file)
        assert table.frame["age"].tolist() == ["", "3"]
        assert "1 cells hold an error instead of a value, the first is B2" in table.notes[0]

    def test_a_strangers_workbook_takes_neither_time_nor_memory(self, tmp_path: Path) -> None:
        """Two cells in opposite corners; calamine alone makes room for 17 billion and ends the process."""
        book = Workbook()
        book.active["A1"], book.active["XFD1048576"] = "image", 1
        book.save(tmp_path / "corners.xlsx")
        repeated = (
            b'<office:document-content xmlns:office="o" xmlns:table="t"><table:table table:name="A"><table:table-row'
            b' table:number-rows-repeated="1048576"><table:table-cell office:value-type="float" office:value="1"'
            b' table:number-columns-repeated="16384"/></table:table-row></table:table></office:document-content>'
        )
        with zipfile.ZipFile(tmp_path / "repeated.ods", "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("content.xml", repeated)
        began = time.monotonic()
        for name in ("corners.xlsx", "repeated.ods"):
            with pytest.raises(DataError, match="too large: cells reach to row 1,048,576 and column 16,384"):
                read_table(tmp_path / name)
        assert time.monotonic() - began < 5

    def test_painted_cells_and_repeated_empty_rows_are_nothing(self, tmp_path: Path) -> None:
        """To the last row and column, as spreadsheet programs write them."""
        book = Workbook()
        for row in (["image", "age"], ["a.png", 3], ["a.png", 3]):
            book.active.append(row)
        book.active["XFD1048576"].font = Font(bold=True)
        book.save(tmp_path / "t.xlsx")
        row = (
            '<table:table-row{}><table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
            "<table:table-cell office:value-type={}><text:p>{}</text:p></table:table-cell>"
            '<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
        )
        office = "urn:oasis:names:tc:opendocument:xmlns"
        content = (
            f'<office:document-content xmlns:office="{office}:office:1.0" xmlns:table="{office}:table:1.0"'
            f' xmlns:text="{office}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Tabelle1">'
            + row.format("", "image", '"string"', "age")
            + row.format(' table:number-rows-repeated="2"', "a.png", '"float" office:value="3"', 3)
            + '<table:table-row table:number-rows-repeated="1048573"><table:table-cell'
            ' table:number-columns-repeated="16384"/></table:table-row></table:table></office:spreadsheet>'
            "</office:body></office:document-content>"
        )
        with zipfile.ZipFile(tmp_path / "t.ods", "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{office}:manifest:1.0"/>')
            archive.writestr("content.xml", content)
        for name in ("t.xlsx", "t.ods"):
            assert cells(read_table(tmp_path / name)) == [["image", "age"], ["a.png", "3"], ["a.png", "3"]], name

    def test_other_zips_and_damage(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "x.xlsx", "w") as archive:
            archive.writestr("a.csv", "a,b")
        with pytest.raises(DataError, match="a ZIP file, but no XLSX or ODS workbook"):
            read_table(tmp_path / "x.xlsx")
        whole = self.book(tmp_path / "b.xlsx", A=[["image", "age"], ["a.png", 3]]).read_bytes()
        for place in range(0, len(whole), 97):
            damaged = bytearray(whole)
            damaged[place] ^= 0x55
            try:
                table = read_table(written(tmp_path / "d.xlsx", bytes(damaged)))
            except (DataError, ConfigError):
                continue
            assert cells(table) == [["image", "age"], ["a.png", "3"]]


def test_results_of_hundreds_of_people_are_read_in_a_moment(tmp_path: Path) -> None:
    """A tenth of 600 files of 300 rows in a tenth of ten seconds."""
    rows = [["abx", f"m_{row:04d}", *(f"{row * column / 7:.6f}" for column in range(28))] for row in range(300)]
    file = written(tmp_path / "p.csv", as_csv([["task", "stim_a", *(f"c{column}" for column in range(28))], *rows]))
    began = time.monotonic()
    for _ in range(60):
        read_tables(file, lambda names: "stim_a" in names)
    assert time.monotonic() - began < 3  # the limit is for a busy machine


def no_image(names: list[str]) -> bool:
    return "image" not in names


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8).map(str.strip)
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8).map(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data())
def test_whatever_is_written_in_any_dialect_is_read_back_equal_or_told(data: st.DataObject, tmp_path: Path) -> None:
    draw = data.draw
    separator = draw(st.sampled_from(",;\t|"), "separator")
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), "encoding")
    name = st.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,5}[a-z]", fullmatch=True)
    header = ["image", *draw(st.lists(name, min_size=1, max_size=4, unique=True).filter(no_image), "names")]
    cell = (ASCII if encoding == "cp1252" else TEXTS).filter(lambda text: not text.startswith("'"))
    row = st.tuples(st.integers(0, 99).map("{}.png".format), *([cell] * (len(header) - 1))).map(list)
    rows = draw(st.lists(row.filter(lambda row: row != header), min_size=1, max_size=6), "rows")
    lines = [header, *rows]
    if draw(st.booleans(), "trailing separators"):
        lines = [[*line, ""] for line in lines]
    if draw(st.booleans(), "blank rows"):
        lines = [line for one in lines for line in (one, [""] * len(header))]
    if draw(st.booleans(), "title"):
        lines = [["A title of this table"], *lines]
    stream = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), "quoting")
    newline = draw(st.sampled_from(["\n", "\r\n"]), "newline")
    csv.writer(stream, delimiter=separator, quoting=quoting, lineterminator=newline).writerows(lines)
    said = f"sep={separator}{newline}" if draw(st.booleans(), "sep line") else ""
    file = written(tmp_path / "t.csv", (said + stream.getvalue()).encode(encoding))
    table = read_table(file, fits=named)
    assert cells(table) == [header, *rows]
    assert table.separator == separator


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    numbers=st.lists(
        st.decimals(-10_000_000, 10_000_000, places=3)
        | st.integers(0, 9999)
        | st.integers(1, 99).map(lambda n: 1000 * n),
        min_size=1,
        max_size=6,
    ),
    places=st.integers(0, 3),
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    thousands=st.sampled_from(["", "", ".", ",", " "]),
)
def test_whatever_numbers_are_written_are_read_back_equal_or_asked_about(
    numbers: list[Any], places: int, separator: str, decimal: str, thousands: str, tmp_path: Path
) -> None:
    """But for one thing that nobody can see: whole thousands alone, 1.000 and 2.500, are read as they stand."""
    assume(thousands != decimal)
    english = [f"{number:,.{places}f}" for number in numbers]
    words = [word.translate({ord(","): thousands, ord("."): decimal}) for word in english]
    assume(places or not all(re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}|-?\d{1,2}", word) for word in words))
    file = written(tmp_path / "n.csv", as_csv([["x", "y"], *([word, "k"] for word in words)], separator))
    table = read_table(file)
    truth = [float(word.replace(",", "")) for word in english]
    try:
        assert column_of_numbers(table, "x").tolist() == truth
    except DataError as error:
        assert "may be" in str(error) or "decimal comma" in str(error) or " " in thousands
    if thousands != " ":
        assert column_of_numbers(table, "x", decimal).tolist() == truth


SAVED = Path(__file__).parent / "data" / "tables"


@pytest.mark.parametrize("file", sorted(path.name for path in SAVED.iterdir() if path.suffix != ".md"))
def test_a_table_is_the_same_whichever_program_saved_it(file: str) -> None:
    """Files of LibreOffice and R themselves; see the README beside them."""
    table = read_table(SAVED / file, fits=named)
    plain = pd.read_csv(SAVED / "plain.csv", dtype=str)
    assert table.frame[["image", "glasses"]].to_numpy().tolist() == plain[["image", "glasses"]].to_numpy().tolist()
    for column in ("age", "height"):
        assert column_of_numbers(table, column).tolist() == plain[column].astype(float).tolist()
    assert [text[:10] for text in table.frame["born"]] == plain["born"].tolist()
    assert are_dates(table.frame["born"].tolist())

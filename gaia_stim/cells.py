"""How text and numbers stand in the cells of a table, so that no program takes them for anything else: the one rule.

Spreadsheets and experiment programs guess: `=1+1` is a formula to run, `03-04` a date, `12e4` a number, `NA` nothing,
`[1]` a list that is evaluated, `{x}` a variable. Text that a guess could be made of is written with `'` before it, and
in one line: the few characters that programs act upon become `%0A` and the like, as in a web address, and what could
still be a date has a word before it: `'%text:03-04-1999`. All other text stands as it is.
`unguarded` is the exact inverse, and leaves alone what `guarded` would not have written so: 't Hooft keeps his name.

A table may come from a stranger: what is too much of one is told before it is parsed.
"""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaia_stim.errors import DataError
from gaia_stim.gate import opened

if TYPE_CHECKING:
    import pandas as pd  # help and recipes do not wait for it

LARGEST = 200_000_000
"""Bytes of a table; larger ones are refused unread. CelebA's 202,599 × 40 labels are 26 MB."""
MOST_COLUMNS = 10_000
_HEAD = 1 << 22
"""Bytes that hold the first two rows of any table."""

MARK = "'"

_VALUES = frozenset({"na", "n/a", "nan", "nat", "none", "null", "true", "false", "yes", "no", "inf", "infinity"})
"""Words that some reader takes for a number, for a truth or for nothing."""
_COUNTED = re.compile("[1-9][0-9]?[A-Za-z]{3,}")
"""`2afc` is no number to anyone."""
_FILE = re.compile(r"[0-9]+([_-][\w-]*)?\.(bmp|gif|jpe?g|png|tiff?|webp)", re.ASCII | re.IGNORECASE)
"""Nor is `000001.jpg`; but `1e6.png` is one to PsychoJS, which compares no more than lengths."""
_PATH = re.compile(r"\.{0,2}/[^\W\d_].*", re.DOTALL)
_MONTHS = re.compile(
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?|[ap]m?)+"
)
NO_DATE = "%text:"
_ACTED_UPON = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"  # no line, or no XML, can hold these
    r"|[\\{}\[\]]"  # escapes, variables and lists: \n to PsychoPy, {x} to OpenSesame, [x] to PsychoJS
    r"|_(?=x[0-9A-Fa-f]{4}_)"  # _x0041_ is the letter A to a spreadsheet
)
_NO_NUMBER = ("nan", "NaT", "<NA>")
"""How what is missing writes itself, in Python, NumPy and pandas."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ESCAPE = re.compile("%(?:U(00(?:0[0-9A-F]|10)[0-9A-F]{4})|u([0-9A-F]{4})|([0-9A-F]{2}))")


def is_plain(text: str) -> bool:
    """Whether a text can stand in a cell as it is: no program makes anything of it but this very text."""
    return (
        (text[:1].isalpha() or any(shape.fullmatch(text) for shape in (_COUNTED, _FILE, _PATH)))
        and text == text.strip()
        and '"' not in text
        and text.lower() not in _VALUES
        and not _may_be_a_date(text)
        and not _ACTED_UPON.search(text)
    )


def guarded(text: str) -> str:
    """The text as it stands in a cell: itself where it is plain, else marked. Empty text stays empty."""
    if text == "" or is_plain(text):
        return text
    escaped = _ACTED_UPON.sub(_escaped, text.replace("%", "%25"))
    return MARK + (NO_DATE if _may_be_a_date(escaped) else "") + escaped


def unguarded(cell: str) -> str:
    """The text that `guarded` or `in_ascii` wrote; any other cell is itself."""
    if not cell.startswith(MARK):
        return cell
    text = _ESCAPE.sub(_character, cell[1:].removeprefix(NO_DATE))
    return text if cell in (guarded(text), in_ascii(guarded(text))) else cell


def in_ascii(cell: str) -> str:
    """A guarded cell in ASCII alone, for files whose readers know no other letters; `unguarded` is its inverse too."""
    if cell.isascii():
        return cell
    # The mark, and a word against dates, stay what they are: both are ASCII.
    marked = cell if cell.startswith(MARK) else MARK + cell.replace("%", "%25")
    return _BEYOND_ASCII.sub(_escaped, marked)


def csv_bytes(rows: Iterable[Iterable[Any]], guard: Callable[[str], str] = guarded) -> bytes:
    """A table as UTF-8 CSV without a byte-order mark, a line a row: every CSV of this program is written here.

    Text is guarded; a caller whose cells are guarded already says `guard=str`. Numbers stand in the shortest form that
    reads back equal; None and NaN are empty cells.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([guard(cell) if isinstance(cell, str) else _number(cell) for cell in row] for row in rows)
    return stream.getvalue().encode()


def frame_csv(table: "pd.DataFrame") -> bytes:
    """A data frame without its index, as `csv_bytes` has it."""
    return csv_bytes([table.columns, *table.itertuples(index=False, name=None)])


def _number(value: Any) -> Any:
    return None if str(value) in _NO_NUMBER else value


def read_frame(path: Path, what: str, most: int = LARGEST, **how: Any) -> "pd.DataFrame":
    """A CSV of ours by pandas, which is told `how`: cells as they are written, only empty ones empty.

    Raises `DataError` that the file is not `what`, saying what is wrong with it, or too much of it.
    """
    import pandas as pd

    try:
        _check_head(path, most)
        # What the name says of compression is nothing to go by: a small file would unpack to gigabytes.
        options = {"compression": None, "keep_default_na": False, "na_values": [""], **how}
        table: pd.DataFrame = pd.read_csv(path, **options)
        return table
    except DataError as error:
        raise DataError(f"{path}: not {what} ({str(error).removeprefix(f'{path}: ')})") from error
    except (ArithmeticError, OSError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not {what} ({error})") from error


def _check_head(path: Path, most: int) -> None:
    """Whether parsing what is there as a CSV takes bounded time and memory, and its columns are what they are called.

    Raises `ValueError` saying what is wrong with it, `DataError` where it is no file. The first two rows tell its
    width: pandas refuses what is wider further down, but where the first row is wider than the header it would move the
    columns. A name that is there twice it would change.
    """
    with opened(path, most) as stream:
        size = os.fstat(stream.fileno()).st_size
        head = io.StringIO(stream.read(_HEAD).decode("utf-8-sig", errors="replace"), newline=None)
    try:
        rows = list(islice(filter(None, csv.reader(head, skipinitialspace=True)), 2))
    except csv.Error as error:
        raise ValueError(error) from error
    widths = [len(row) for row in rows]
    if max(widths, default=0) > MOST_COLUMNS:
        raise ValueError(f"more than {MOST_COLUMNS:,} columns")
    if size > _HEAD and not head.read(1):
        raise ValueError(f"its first two rows are longer than {_HEAD:,} bytes")
    if len(widths) == 2 and widths[1] > widths[0]:
        raise ValueError(f"its first row has {widths[1]} cells under a header of {widths[0]}")
    names = Counter(name for name in rows[0] if name) if rows else Counter()
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"two of its columns are called '{twice[0]}'")


def _may_be_a_date(text: str) -> bool:
    """Whether SheetJS could take a text for a date though it begins with `'`: by a rule that is stricter than its own.

    That is where it has no letters but those of months, and numbers of which one may be a year.
    """
    letters = re.sub("[^a-z]", "", text.lower())
    numbers = [int(digits) for digits in re.findall("[0-9]+", text)]
    if letters:
        return bool(numbers) and len(letters) > 2 and _MONTHS.fullmatch(letters) is not None
    return len(numbers) > 2 or (len(numbers) == 2 and not all(1 <= number <= 31 for number in numbers))


def _character(found: re.Match[str]) -> str:
    return chr(int(found[found.lastindex or 0], 16))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"%{code:02X}" if code < 0x100 else f"%u{code:04X}" if code < 0x10000 else f"%U{code:08X}"

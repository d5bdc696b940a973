"""How text stands in the cell of a table, so that no program takes it for anything but text.

Experiment programs and spreadsheets guess: `03-04` becomes a date, `12e4` a number, `NA` nothing, `=1+1` a formula,
`[1]` a list that is evaluated, `{x}` a variable. Text that a guess could be made of is written with `'` before it, and
in one line: the few characters that programs act upon become `%0A` and the like, as in a web address, and what could
still be a date has a word before it: `'%text:03-04-1999`. All other text stands as it is.
`unguarded` is the exact inverse.
"""

import re

MARK = "'"

_VALUES = frozenset({"na", "n/a", "nan", "nat", "none", "null", "true", "false", "yes", "no", "inf", "infinity"})
"""Words that some reader takes for a number, for a truth or for nothing."""
_COUNTED = re.compile("[1-9][0-9]?[A-Za-z]{3,}")
"""`2afc` is no number to anyone."""
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
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ESCAPE = re.compile("%(?:U([0-9A-F]{8})|u([0-9A-F]{4})|([0-9A-F]{2}))")


def is_plain(text: str) -> bool:
    """Whether a text can stand in a cell as it is: no program makes anything of it but this very text."""
    return (
        (text[:1].isalpha() or bool(_COUNTED.fullmatch(text)))
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
    """The text that `guarded` wrote."""
    if not cell.startswith(MARK):
        return cell
    return _ESCAPE.sub(
        lambda found: chr(int("".join(filter(None, found.groups())), 16)), cell[1:].removeprefix(NO_DATE)
    )


def in_ascii(cell: str) -> str:
    """A guarded cell in ASCII alone, for files whose readers know no other letters; `unguarded` is its inverse too."""
    if cell.isascii():
        return cell
    # The mark, and a word against dates, stay what they are: both are ASCII.
    marked = cell if cell.startswith(MARK) else MARK + cell.replace("%", "%25")
    return _BEYOND_ASCII.sub(_escaped, marked)


def _may_be_a_date(text: str) -> bool:
    """Whether SheetJS could take a text for a date though it begins with `'`: by a rule that is stricter than its own.

    That is where it has no letters but those of months, and numbers of which one may be a year.
    """
    letters = re.sub("[^a-z]", "", text.lower())
    numbers = [int(digits) for digits in re.findall("[0-9]+", text)]
    if letters:
        return bool(numbers) and len(letters) > 2 and _MONTHS.fullmatch(letters) is not None
    return len(numbers) > 2 or (len(numbers) == 2 and not all(1 <= number <= 31 for number in numbers))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"%{code:02X}" if code < 0x100 else f"%u{code:04X}" if code < 0x10000 else f"%U{code:08X}"

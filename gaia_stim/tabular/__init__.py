"""The one reader of tables that people give: CSV in all its dialects, XLSX and ODS, as cells of text; then numbers.

Three pure steps. A file becomes records, each with its line (`text`, `workbooks`); records become a table, whose header
was found and whose rows were counted (`layout`); and a column becomes numbers where somebody wants numbers (`numbers`).
Nothing is guessed silently: what was decided without being told stands in `Table.notes`, and what cannot be decided is
an error that names the line. A table may come from a stranger: what is too much of one is told before it is parsed.
"""

from gaia_stim.tabular.layout import Fits, Table
from gaia_stim.tabular.numbers import MISSING, Question, are_dates, as_numbers, column_of_numbers
from gaia_stim.tabular.reading import read_header, read_table, read_tables

__all__ = [
    "MISSING",
    "Fits",
    "Question",
    "Table",
    "are_dates",
    "as_numbers",
    "column_of_numbers",
    "read_header",
    "read_table",
    "read_tables",
]

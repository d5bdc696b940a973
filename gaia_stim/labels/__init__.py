"""Attributes of images, from the tables that people have to numbers, and from there to the images; and landmarks.

Data flows through three rooms: `tabular` (a file to cells, each with its line), `coding` and `table` (cells to numbers,
with a record of what was written and what it became), `joining` (rows to images). Nothing is guessed silently: what
was decided without being told stands in `Labels.notes`, and what cannot be decided is an error that names the line.
"""

from gaia_stim.labels.coding import Attribute, coding_in_words
from gaia_stim.labels.groups import by_chance, by_list, read_groups
from gaia_stim.labels.joining import Joined, join
from gaia_stim.labels.landmarks import Landmarks, landmarks_csv, read_landmarks
from gaia_stim.labels.table import Labels, problems, read_labels

__all__ = [
    "Attribute",
    "Joined",
    "Labels",
    "Landmarks",
    "by_chance",
    "by_list",
    "coding_in_words",
    "join",
    "landmarks_csv",
    "problems",
    "read_groups",
    "read_labels",
    "read_landmarks",
]

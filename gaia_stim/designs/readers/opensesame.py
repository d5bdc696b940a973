"""OpenSesame's logger (4.x): every variable a column, the key as `response`, `response_time` in ms.

What is right is `correct_response` there; its own `correct` says whether an answer was (`opensesame.py` of export).
"""

from gaia_stim.designs.readers.base import Reader

opensesame = Reader(
    "OpenSesame",
    frozenset({"task", "stim_a", "response", "subject_nr", "response_time"}),
    columns={
        "participant": ("participant", "subject_nr"),
        "correct": ("correct_response",),
        "rt": ("response_time",),
        "started": ("started", "datetime"),
    },
    unit=0.001,
)

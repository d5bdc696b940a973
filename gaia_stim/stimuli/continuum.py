"""Where stimuli lie on their continuum: one rule for designs, exports and the experiments that they make."""

from collections.abc import Sequence

from gaia_stim.stimuli.manifest import Row


def axis(rows: Sequence[Row]) -> str:
    """The column that says where each stimulus lies: alpha, else the amount that its picture reached, else the amount
    that was asked for; empty where one of them lies nowhere, or two in one place: the set is no continuum.
    """
    for column in ("alpha", "amount_reached", "amount"):
        known = [place for row in rows if (place := getattr(row, column)) is not None]
        if len(known) == len(set(known)) == len(rows):
            return column
    return ""


def is_wheel(rows: Sequence[Row]) -> bool:
    """Whether they lie on a closed path, on which alpha 1 is alpha 0 again."""
    return len(rows) > 2 and all(row.angle_deg is not None for row in rows)


def places(rows: Sequence[Row]) -> list[float] | None:
    """Of each stimulus where it lies by that column, whatever their order in the set; None without a continuum."""
    column = axis(rows)
    return [float(getattr(row, column)) for row in rows] if column else None


def along(rows: Sequence[Row]) -> list[tuple[float, Row]]:
    """The stimuli from one end of the continuum to the other; of a set that is none, from 0 to 1 in the set's order."""
    last = max(1, len(rows) - 1)
    known = places(rows) or [position / last for position in range(len(rows))]
    return sorted(zip(known, rows, strict=True), key=lambda pair: pair[0])

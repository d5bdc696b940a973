"""A stimulus set as a panel: a strip, a grid, a wheel, or rows of amounts, each with what its manifest says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gaia_stim.drawing.pages import Panel
from gaia_stim.drawing.panels import Tiles, Wheel
from gaia_stim.errors import ConfigError
from gaia_stim.images import Pixels
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.sets import StimulusSet

NAMED = 12
"""Places of a wheel that are labelled, at most."""
MOST = 400
"""Pictures in a panel: a file with more can hardly be opened."""
EXACT = 1e-6
UNITS = {"sd": "in SD", "unit": "in units of its labels"}


def set_panel(stimuli: StimulusSet, every: int = 1, *, labels: bool = True) -> Panel:
    """What is in the set, every so-maniest step of it. Raises `ConfigError` for too many pictures, else as `pictures`.

    Pictures are as they look on the display that they are for.
    """
    shown = _layout(stimuli, stimuli.rows(), every)
    if len(shown.rows) > MOST:
        raise ConfigError(f"{stimuli.folder}: a figure of {len(shown.rows)} pictures; show fewer with --every N")
    wanted = {row.stim_id for row in shown.rows}
    as_srgb = stimuli.provenance.display.as_srgb
    pictures = [as_srgb(pixels) for row, pixels in stimuli.pictures() if row.stim_id in wanted]
    return shown.panel(pictures, labels)


@dataclass(frozen=True)
class _Shown:
    """The rows that are shown, and how their pictures become a panel, with labels or without."""

    rows: Sequence[Row]
    panel: Callable[[Sequence[Pixels], bool], Panel]


def _layout(stimuli: StimulusSet, rows: list[Row], every: int) -> _Shown:
    columns = max(1, int(stimuli.provenance.as_written["plan"].get("columns") or len(rows)))
    if len(rows) > 2 and all(row.angle_deg is not None for row in rows):
        return _wheel(rows[::every])
    if all(row.grid_u is not None and row.grid_v is not None for row in rows):
        return _grid(_thinned(rows, columns, every), -(-columns // every), _ends(stimuli))
    if all(row.amount is not None for row in rows):
        return _amounts(stimuli, rows, columns, every)
    if all(row.alpha is not None for row in rows):
        if rows[0].kind == "caricature":
            return _caricatures(_columns(rows, columns, every), -(-columns // every))
        return _strip(rows[::every], _between(stimuli))
    kept = rows[::every]
    return _Shown(kept, _tiles(min(columns, len(kept)), under=[row.stim_id for row in kept]))


def _tiles(
    columns: int,
    *,
    under: Sequence[str] = (),
    above: Sequence[str] = (),
    beside: Sequence[str] = (),
    x_label: str = "",
    y_label: str = "",
    folds: bool = False,
) -> Callable[[Sequence[Pixels], bool], Panel]:
    def panel(pictures: Sequence[Pixels], labels: bool) -> Panel:
        if not labels:
            return Tiles(pictures, columns, folds=folds)
        return Tiles(pictures, columns, under, above, beside, x_label, y_label, folds)

    return panel


def _strip(rows: Sequence[Row], label: str) -> _Shown:
    under = _written([row.alpha or 0.0 for row in rows])
    return _Shown(rows, _tiles(len(rows), under=under, x_label=label, folds=True))


def _caricatures(rows: Sequence[Row], columns: int) -> _Shown:
    """A row a face: of these, and of no others, alpha 0 is the norm, and 1 the image that is named first."""
    above = _written([row.alpha or 0.0 for row in rows[:columns]])
    beside = [(row.source_ids or "").partition(";")[0] for row in rows[::columns]]
    label = "alpha, 0 is the norm, 1 the image itself"
    return _Shown(rows, _tiles(columns, above=above, beside=beside, x_label=label))


def _written(places: Sequence[float]) -> list[str]:
    """With two decimals, or with three where all are said by three and not by two: eighths."""
    decimals = next((n for n in (2, 3) if all(abs(round(one, n) - one) < EXACT for one in places)), 2)
    return [f"{one:.{decimals}f}" for one in places]


def _wheel(rows: Sequence[Row]) -> _Shown:
    named = -(-len(rows) // NAMED)

    def panel(pictures: Sequence[Pixels], labels: bool) -> Panel:
        degrees = [row.angle_deg or 0.0 for row in rows]
        return Wheel(pictures, degrees, [labels and place % named == 0 for place in range(len(rows))])

    return _Shown(rows, panel)


def _grid(rows: Sequence[Row], columns: int, ends: Sequence[str]) -> _Shown:
    """Where all of a column have one place it stands above them, else each has its own below it."""
    u, v = (_written(places) for places in ([row.grid_u or 0.0 for row in rows], [row.grid_v or 0.0 for row in rows]))
    across = [set(u[place::columns]) for place in range(columns)]
    down = [set(v[place : place + columns]) for place in range(0, len(rows), columns)]
    is_even = all(len(one) == 1 for one in (*across, *down))
    x_label, y_label = ("u", "v") if len(ends) != 4 else (f"u, from {ends[0]} to {ends[1]}", f"v, to {ends[2]}")
    if not is_even:
        under = [", ".join(one) for one in zip(u, v, strict=True)]
        return _Shown(rows, _tiles(columns, under=under, x_label=f"{x_label}, {y_label}"))
    above, beside = ([text for one in places for text in one] for places in (across, down))
    return _Shown(rows, _tiles(columns, above=above, beside=beside, x_label=x_label, y_label=y_label))


def _amounts(stimuli: StimulusSet, rows: Sequence[Row], columns: int, every: int) -> _Shown:
    """A row an image, and an amount of the second attribute where there is one; below each what its picture shows."""
    kept, wide = _columns(rows, columns, every), -(-columns // every)
    if any(row.amount != kept[place % wide].amount for place, row in enumerate(kept)):
        kept, wide = list(rows[::every]), len(rows[::every])
    first = kept[0]
    is_reached = all(row.amount_reached is not None for row in kept)
    several = len({row.source_ids for row in kept}) > 1
    beside = [_beside(row, several) for row in kept[::wide]]
    unit = UNITS.get(str((stimuli.provenance.plan.path.model_extra or {}).get("unit")), "")
    name = first.attribute or first.kind
    reached = ", asked for above and reached below" if is_reached else ""
    return _Shown(
        kept,
        _tiles(
            wide,
            under=[_signed(row.amount_reached) for row in kept] if is_reached else (),
            above=[_signed(row.amount) for row in kept[:wide]],
            beside=beside if any(beside) else (),
            x_label=" ".join(filter(None, (name, unit))) + reached,
            y_label=" ".join((first.attribute_2, unit)) if first.attribute_2 else "",
        ),
    )


def _beside(row: Row, several: bool) -> str:
    amount = "" if row.amount_2 is None else _signed(row.amount_2)
    return " ".join(filter(None, (row.source_ids if several else "", amount)))


def _signed(amount: float | None) -> str:
    """With two decimals at most; nothing is only 0."""
    text = f"{amount or 0.0:+.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("+0", "-0") else text


def _columns(rows: Sequence[Row], columns: int, every: int) -> list[Row]:
    """Every so-maniest of the columns."""
    return [row for place, row in enumerate(rows) if place % columns % every == 0]


def _thinned(rows: Sequence[Row], columns: int, every: int) -> list[Row]:
    """Every so-maniest of the rows and of the columns."""
    return [row for start in range(0, len(rows), columns * every) for row in rows[start : start + columns : every]]


def _between(stimuli: StimulusSet) -> str:
    first, *rest = _ends(stimuli)
    if not rest:
        return "alpha"
    through = f" through {', '.join(rest[:-1])}" if rest[:-1] else ""
    return f"alpha, from {first}{through} to {rest[-1]}"


def _ends(stimuli: StimulusSet) -> list[str]:
    """The images that the first stimulus is made of, in their order."""
    return (stimuli.rows()[0].source_ids or "").split(";")

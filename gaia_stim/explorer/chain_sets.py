"""A chain as a stimulus set: the stimuli that it went through, and the answers that led there, as a table beside it."""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.cells import csv_bytes
from gaia_stim.config import ChainConfig
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.explorer.chains import ChainSpec, State
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.store import Store
from gaia_stim.files import hash_bytes
from gaia_stim.outputs import Kind, file_once
from gaia_stim.stimuli.carrying import Size
from gaia_stim.stimuli.identity import CHAIN_ANSWERS
from gaia_stim.stimuli.making import make_set
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.provenance import Source
from gaia_stim.stimuli.sets import beside
from gaia_stim.stimuli.sources import Encoded

TABLE = Kind("table of a chain")


@dataclass(frozen=True)
class ChainResult:
    """Where the set and the table are."""

    out: Path
    table: Path
    stimuli: int
    answers: int


def export_chain(config: ChainConfig, session: Session, store: Store, listen: Listener = silent) -> ChainResult:
    """Write both: a stimulus a state, in the order in which the chain first came there; `stim_id` says which.

    Raises `UnknownChain`, and `DataError` where it has no answers yet, or would be of other stimuli by now.
    """
    spec = store.standing(config.chain, session.made_by).spec
    answers = list(store.rows(config.chain))
    if not answers:
        raise DataError(f"chain {config.chain} has no answers yet: there is nothing to write")
    states = [tuple(row[name] for name in spec.dimensions) for row in answers]
    plan = _plan(session, config.chain, spec, list(dict.fromkeys(states)))
    names = dict(zip(dict.fromkeys(states), [row.stim_id for row in plan.rows], strict=True))
    content = table_csv([{**row, "stim_id": names[state]} for row, state in zip(answers, states, strict=True)])
    out = config.out or Path(f"chain_{config.chain}")
    table, image = beside(out, ".csv"), session.image(spec.start)
    sources = [image.source, Source(CHAIN_ANSWERS, table.name, hash_bytes(content))]
    size = Size.of(session.space, [image], spec.size)
    made = make_set(out, config, session.space, sources, lambda: plan, listen, size=size, force=config.force)
    request = {"chain": config.chain, "answers": hash_bytes(content)}
    file_once(table, TABLE, request, lambda: content, force=config.force, listen=listen)
    return ChainResult(out, table, len(made), len(answers))


def zipped_chain(chain: int, session: Session, store: Store, folder: Path) -> Path:
    """Both in one ZIP file in a folder; raises as `export_chain`."""
    asked = ChainConfig(target=session.space.run, chain=chain, out=folder / f"chain_{chain}")
    made = export_chain(asked, session, store)
    file = made.out.with_suffix(".zip")
    with zipfile.ZipFile(file, "w") as archive:
        for path in [made.table, *sorted(made.out.rglob("*"))]:
            archive.write(path, path.relative_to(folder))
    return file


def table_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Answers as CSV, with a head where there are none, too."""
    names = list(rows[0]) if rows else ["chain", "trial"]
    return csv_bytes([names, *([row[name] for name in names] for row in rows)])


def _plan(session: Session, chain: int, spec: ChainSpec, states: Sequence[State]) -> Plan:
    image, space = session.image(spec.start), session.space
    rows = [
        replace(Row.numbered("chain", place, len(states)), source_ids=image.source.source_id)
        for place in range(len(states))
    ]
    size, own = Size.of(space, [image], spec.size), Encoded(session.codes([spec.start]))
    return Plan(
        rows,
        _codes(session, map(spec.view, states)),
        title=f"chain {chain} ({spec.kind})",
        record={"path": {"kind": "chain", **spec.model_dump(mode="json", exclude={"kind"}), "states": states}},
        carrying=size.carrying(space, [image], own, np.ones((len(states), 1))),
    )


def _codes(session: Session, views: Iterable[Any]) -> Any:
    return np.stack([view.place(session)[0] for view in views])

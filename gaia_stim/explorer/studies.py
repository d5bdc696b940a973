"""The chains of a design, begun once on a server, however often it is started; and the tokens of who takes part."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaia_stim.cells import csv_bytes
from gaia_stim.errors import DataError
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.stimulus import read_size
from gaia_stim.explorer.store import Store
from gaia_stim.files import read_json, write_bytes
from gaia_stim.gate import mistake_in
from gaia_stim.stimuli.trials import DESIGN

PARTICIPANTS = ".participants.csv"
"""What is beside a state: a row a participant, with the token that only they should have."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Chain(_Part):
    participant: Annotated[str, Field(pattern=r"^p[0-9]{1,6}$")]
    spec: dict[str, Any]


class _Procedure(_Part):
    chains: Annotated[tuple[_Chain, ...], Field(min_length=1)]


class _Record(_Part):
    procedure: _Procedure


def begin_study(design: Path, session: Session, store: Store, state: Path) -> Path:
    """Begin a design's chains, and let its participants in; the table of their tokens.

    Raises `DataError` where the design has no chains, where one cannot be made of what is served, and where the state
    keeps others.
    """
    chains = _chains(design)
    specs = [_spec(one.spec, session, design) for one in chains]
    try:
        store.begin_first(specs, session.made_by)
    except DataError as error:
        raise DataError(f"--state {state}: {error}; a design has a state of its own, give another file") from None
    return _let_in(list(dict.fromkeys(one.participant for one in chains)), store, state.with_suffix(PARTICIPANTS))


def _chains(design: Path) -> Sequence[_Chain]:
    file = design / DESIGN
    if not file.is_file():
        raise DataError(f"--design {design}: not a design (it has no {DESIGN}); 'gaia-stim design' makes one")
    try:
        return _Record.model_validate(read_json(file)).procedure.chains
    except ValidationError as error:
        raise DataError(
            f"--design {design}: has no chains ({mistake_in(error)}); 'design gsp' and 'design mcmcp' make such"
        ) from None


def _spec(told: Mapping[str, Any], session: Session, design: Path) -> ChainSpec:
    """One whose first stimulus can be made."""
    try:
        spec = ChainSpec.model_validate({"start": session.names[0], **told})
    except ValidationError as error:
        raise DataError(f"--design {design}: {mistake_in(error)}") from None
    first_stimulus(spec, session)
    return spec


def first_stimulus(spec: ChainSpec, session: Session) -> None:
    """Raises as what makes it does, where it cannot be made: an unknown photograph or attribute, too few axes."""
    view = spec.view(spec.begin())
    session.image(spec.start)
    view.place(session)
    session.carried_at(view, read_size(spec.size))


def _let_in(names: Sequence[str], store: Store, file: Path) -> Path:
    """Tokens of those who have none yet. The table is written first: of somebody who is let in it is never lost."""
    there = store.participants()
    # By letters and digits that every spreadsheet leaves as they are.
    if new := {name: f"t{secrets.token_hex(20)}" for name in names if name not in there}:
        kept = file.read_text(encoding="utf-8").splitlines()[1:] if there and file.is_file() else []
        rows = [row.split(",") for row in kept if row.partition(",")[0] in there]
        write_bytes(file, csv_bytes([["participant", "token"], *rows, *new.items()]), private=True)
        store.let_in(new)
    return file

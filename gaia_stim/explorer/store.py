"""What is kept of chains and participants: one SQLite file, safe against a kill at any moment and answers sent twice.

An answer is in the file, and on the disk, before it is confirmed (WAL, synchronous FULL). That there is one answer a
trial the table itself holds, by its key; so several processes may share the file.
"""

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from pydantic import ValidationError

from gaia_stim.errors import DataError, GaiaStimError
from gaia_stim.explorer.chains import ChainSpec, State
from gaia_stim.gate import json_of, mistake_in

TABLES = """
CREATE TABLE IF NOT EXISTS participants (name TEXT PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS chains (
    id INTEGER PRIMARY KEY, spec TEXT NOT NULL, made_by TEXT NOT NULL, begun TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answers (
    chain INTEGER NOT NULL REFERENCES chains, trial INTEGER NOT NULL, participant TEXT NOT NULL, answer REAL NOT NULL,
    state TEXT NOT NULL, at TEXT NOT NULL, rt REAL, PRIMARY KEY (chain, trial)) STRICT;
"""
ADDED = "ALTER TABLE answers ADD COLUMN rt REAL"
"""Files of before have no reaction times."""
MadeBy = Callable[[ChainSpec], str]
"""What a chain's stimuli are made by, in hashes: `Session.made_by`."""
COLUMNS = {
    "participants": {"name", "token_hash"},
    "chains": {"id", "spec", "made_by", "begun"},
    "answers": {"chain", "trial", "participant", "answer", "state", "at"},
}
LARGEST = 1 << 24
"""Bytes of one value or row."""
PATIENCE = 30.0
"""Seconds that one process waits for another's answer to be written."""


class UnknownChain(DataError):
    """There is no such chain."""


class NotNext(GaiaStimError):
    """An answer to a trial that has one already, or is not there yet."""

    exit_code = 3


@dataclass(frozen=True)
class Standing:
    """Where a chain is: its next trial, and the state that it begins from."""

    spec: ChainSpec
    trial: int
    state: State

    @property
    def is_done(self) -> bool:
        """Whether all trials have their answers."""
        return self.trial >= self.spec.trials


class Store:
    """The file. Raises `DataError` where it is another's."""

    def __init__(self, path: Path) -> None:
        self._lock, self._path = RLock(), path
        if os.path.lexists(path) and not path.is_file():
            # Not opened to look: closing a file lets go of the locks that another store of this process has on it.
            raise DataError(f"{path}: cannot be used to keep chains in (it is no file)")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, PATIENCE, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute("PRAGMA foreign_keys = ON")
            self._file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
            self._file.executescript(TABLES)
            self._check_tables()
            if not any(column[1] == "rt" for column in self._all("PRAGMA table_info(answers)")):
                self._file.execute(ADDED)
        except (sqlite3.Error, DataError) as error:
            raise DataError(f"{path}: cannot be used to keep chains in ({error})") from None

    def _check_tables(self) -> None:
        """Raises `DataError` for what is computed while it is read, which may go on for ever, and for other columns."""
        if self._all("SELECT 1 FROM sqlite_master WHERE type != 'table' AND sql IS NOT NULL"):
            raise DataError("it has views, triggers or indices, which ours have not")
        for name, wanted in COLUMNS.items():
            found = {column: hidden for _, column, *_, hidden in self._all(f"PRAGMA table_xinfo({name})")}
            if not wanted <= found.keys() or any(found.values()):
                raise DataError(f"its table {name} is another's")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # -- participants ------------------------------------------------------------------------------------------------

    def add_participant(self, name: str) -> str:
        """The token of a new participant, which only they have: the file knows its hash. Raises `DataError`."""
        token = new_token()
        try:
            self.let_in({name: token})
        except sqlite3.IntegrityError:
            raise DataError(f"there is a participant '{name}' already") from None
        return token

    def let_in(self, tokens: Mapping[str, str]) -> None:
        """All of these, each with a token that was made for them, or nobody."""
        with self._writing() as file:
            for name, token in tokens.items():
                file.execute("INSERT INTO participants VALUES (?, ?)", (name, _hashed(token)))

    def participants(self) -> list[str]:
        """Everybody who was let in."""
        return [str(name) for (name,) in self._all("SELECT name FROM participants ORDER BY rowid")]

    def participant(self, token: str) -> str | None:
        """Whose token it is."""
        found = self._one("SELECT name FROM participants WHERE token_hash = ?", _hashed(token))
        return None if found is None else str(found[0])

    # -- chains ------------------------------------------------------------------------------------------------------

    def begin(self, spec: ChainSpec, made_by: MadeBy) -> int:
        """A new chain."""
        with self._writing():
            return self._add(spec, made_by)

    def begin_first(self, specs: Sequence[ChainSpec], made_by: MadeBy) -> None:
        """These as the only chains, from number 1 on; where they are there already, nothing is done.

        Raises `DataError` where there are others.
        """
        with self._writing():
            there = self._all("SELECT spec, made_by FROM chains ORDER BY id")
            if not there:
                for spec in specs:
                    self._add(spec, made_by)
            elif there != [(spec.model_dump_json(), made_by(spec)) for spec in specs]:
                raise DataError(f"has {len(there)} chains already that are others than the {len(specs)} of the design")

    def _add(self, spec: ChainSpec, made_by: MadeBy) -> int:
        row = (spec.model_dump_json(), made_by(spec), _now())
        added = self._file.execute("INSERT INTO chains (spec, made_by, begun) VALUES (?, ?, ?)", row)
        return int(added.lastrowid or 0)

    def chains(self) -> list[dict[str, Any]]:
        """All chains, and how far each is."""
        found = self._all(
            "SELECT id, spec, begun, (SELECT COUNT(*) FROM answers WHERE chain = id) FROM chains ORDER BY id"
        )
        return [{"chain": one, "begun": begun, "answered": n, **json.loads(spec)} for one, spec, begun, n in found]

    def standing(self, chain: int, made_by: MadeBy) -> Standing:
        """Where a chain is. Raises `UnknownChain`, and `DataError` where its stimuli would be others by now."""
        found = self._one("SELECT spec, made_by FROM chains WHERE id = ?", chain)
        if found is None:
            raise UnknownChain(f"there is no chain {chain}")
        spec = self._spec_of(chain, found[0])
        if found[1] != made_by(spec):
            raise DataError(
                f"chain {chain} was begun with another model, other vectors or photographs, and cannot go on with these"
            )
        last = self._one("SELECT trial, state FROM answers WHERE chain = ? ORDER BY trial DESC LIMIT 1", chain)
        return (
            Standing(spec, 0, spec.begin())
            if last is None
            else Standing(spec, last[0] + 1, self._state_of(spec, *last))
        )

    def answer(
        self, chain: int, trial: int, participant: str, given: float, made_by: MadeBy, rt: float | None = None
    ) -> Standing:
        """Keep an answer, that took `rt` seconds; where the chain is then. The same answer of the same participant
        once more changes nothing.

        Raises `NotNext` for another answer to a trial that has one, and for a trial that is not the next.
        """
        with self._writing() as file:
            before = self.standing(chain, made_by)
            known = self._one("SELECT participant, answer FROM answers WHERE chain = ? AND trial = ?", chain, trial)
            if known is not None and known == (participant, given):
                return before
            if known is not None:
                raise NotNext(f"trial {trial} of chain {chain} has been answered; the next is {before.trial}")
            if before.is_done or trial != before.trial:
                raise NotNext(f"trial {trial} of chain {chain} is not the next: that is {before.trial}")
            state = before.spec.shown(trial, before.state, given)
            row = (chain, trial, participant, given, json.dumps(state), _now(), rt)
            file.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            return Standing(before.spec, trial + 1, state)

    def spec(self, chain: int) -> ChainSpec:
        """What a chain is. Raises `UnknownChain`."""
        found = self._one("SELECT spec FROM chains WHERE id = ?", chain)
        if found is None:
            raise UnknownChain(f"there is no chain {chain}")
        return self._spec_of(chain, found[0])

    def _spec_of(self, chain: int, text: str) -> ChainSpec:
        try:
            return ChainSpec.model_validate_json(text)
        except ValidationError as error:
            raise DataError(f"{self._path}: chain {chain} is none of ours ({mistake_in(error)})") from None

    def _state_of(self, spec: ChainSpec, trial: int, text: str) -> State:
        try:
            found = json_of(text)
            state = tuple(float(one) for one in found if not isinstance(one, bool | str))
            if len(state) != len(found) or not spec.holds(state) or not 0 <= trial < spec.trials:
                raise ValueError("it lies where the chain does not go")
        except (TypeError, ValueError) as error:
            raise DataError(f"{self._path}: the state after trial {trial} is none of the chain ({error})") from None
        return state

    def rows(self, chain: int) -> Iterator[dict[str, Any]]:
        """The answers in order, as a table: with the state that each led to. Raises `UnknownChain`."""
        spec, before = (known := self.spec(chain)), known.begin()
        for trial, participant, answer, state, at, rt in self._all(
            "SELECT trial, participant, answer, state, at, rt FROM answers WHERE chain = ? ORDER BY trial", chain
        ):
            after = self._state_of(spec, trial, state)
            asked = {"dimension": spec.dimensions[spec.dimension(trial)]} if spec.kind == "gsp" else {}
            took = {"took_proposal": int(after != before)} if spec.kind == "mcmcp" else {}
            values = dict(zip(spec.dimensions, after, strict=True))
            yield (
                {"chain": chain, "trial": trial, "participant": participant, "at": at}
                | {"rt": "" if rt is None else rt}
                | asked
                | {"answer": answer}
                | took
                | values
            )
            before = after

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and nobody else in between."""
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    def _one(self, query: str, *values: Any) -> Any:
        return next(iter(self._all(query, *values)), None)

    def _all(self, query: str, *values: Any) -> list[Any]:
        """Never what another thread is about to write, and may take back."""
        with self._lock:
            try:
                return self._file.execute(query, values).fetchall()
            except (sqlite3.DatabaseError, OverflowError) as error:
                raise DataError(f"{self._path}: cannot be read ({error})") from None


def new_token() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(24)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""The manifest: the contract's columns, and cells that every program reads as they were meant."""

import csv
import io
import keyword
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_sets import PROVENANCE

from gaia_stim.errors import DataError
from gaia_stim.files import write_json
from gaia_stim.stimuli.manifest import COLUMNS, TEXT_COLUMNS, Row, manifest_csv, read_manifest
from gaia_stim.stimuli.sets import StimulusSet

CONTRACT = """stim_id, image, kind, position, alpha, grid_u, grid_v, angle_deg, attribute,
amount, attribute_2, amount_2, source_ids, raw, step_distance, cumulative_distance, mean_luminance, rms_contrast,
reconstruction_error, image_hash, model_hash, seed, stim_license, support"""
"""docs/cli.md and docs/stimulus-sets.md: in this order."""
RESERVED = """x y t level filename win average std pi random choice buttons component dlg license id type input"""
"""By PsychoPy's Builder and Python."""
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def row(position: int, **known: Any) -> Row:
    return replace(Row.numbered("morph", position, 9), **known)


def cells(rows: list[Row]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(manifest_csv(rows).decode(), newline="")))


def read(folder: Path, rows: list[Row]) -> pd.DataFrame:
    (folder / "manifest.csv").write_bytes(manifest_csv(rows))
    write_json(folder / "provenance.json", {**PROVENANCE, "plan": {}})
    return StimulusSet.open(folder).table


def test_columns_are_those_of_the_contract() -> None:
    expected = [name.strip() for name in CONTRACT.split(",")]
    assert expected == COLUMNS == cells([])[0]


def test_no_program_stumbles_over_a_column() -> None:
    for name in COLUMNS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert name not in RESERVED.split() and not keyword.iskeyword(name)
        assert not name.startswith(("this", "these", "continue")) and not name.endswith("Clock")


def test_what_does_not_apply_is_empty() -> None:
    header, values = cells([row(0)])
    known = {name: value for name, value in zip(header, values, strict=True) if value}
    assert known == {"stim_id": "m_0001", "image": "stimuli/m_0001.png", "kind": "morph", "position": "0", "raw": "0"}


def test_plain_bytes() -> None:
    content = manifest_csv([row(0, stim_license="CC BY 4.0 — ü"), row(1)])
    assert not content.startswith(b"\xef\xbb\xbf") and b"\r" not in content and content.count(b"\n") == 3
    assert "CC BY 4.0 — ü" in content.decode("utf-8")


@pytest.mark.parametrize(
    ("kind", "total", "first", "last"),
    [
        ("morph", 9, "m_0001", "m_0009"),
        ("decode", 9999, "d_0001", "d_9999"),
        ("sample", 100_000, "s_000001", "s_100000"),
    ],
)
def test_ids(kind: str, total: int, first: str, last: str) -> None:
    for position, expected in ((0, first), (total - 1, last)):
        made = Row.numbered(kind, position, total)
        assert (made.stim_id, made.image) == (expected, f"stimuli/{expected}.png")
        assert (made.kind, made.position) == (kind, position)
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", made.stim_id)


@settings(max_examples=40, deadline=None)
@given(value=FLOATS)
def test_a_number_is_written_in_its_shortest_exact_form(value: float) -> None:
    header, values = cells([row(0, alpha=value)])
    assert float(values[header.index("alpha")]) == value
    assert len(values[header.index("alpha")]) <= len(repr(value))


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.none() | st.floats(-2, 2) | FLOATS, min_size=1, max_size=6))
def test_numbers_are_read_back_exactly(values: list[float | None], tmp_path_factory: pytest.TempPathFactory) -> None:
    table = read(tmp_path_factory.getbasetemp(), [row(place, alpha=value) for place, value in enumerate(values)])
    assert [None if np.isnan(value) else value for value in table["alpha"]] == values


def test_kinds_of_columns_come_back(tmp_path: Path) -> None:
    texts = ["001", "NA", "None", "1e5", "TRUE", "03-04", '"', "a;b", "ü", "-0.5", "nan"]
    rows = [row(place, attribute=text, seed=7, raw=1, amount=-0.5) for place, text in enumerate(texts)]
    table = read(tmp_path, rows)
    assert table["attribute"].tolist() == texts
    assert table["seed"].tolist() == [7] * len(texts)
    assert table["raw"].tolist() == [1] * len(texts) and table["position"].tolist() == list(range(len(texts)))
    assert table["amount"].tolist() == [-0.5] * len(texts)
    assert table["stim_license"].isna().all() and table["grid_u"].isna().all()


def test_large_seeds_are_whole_numbers(tmp_path: Path) -> None:
    seeds = [2**63 - 1, 2**62 + 1]
    rows = [row(place, seed=seed) for place, seed in enumerate(seeds)]
    assert [values[COLUMNS.index("seed")] for values in cells(rows)[1:]] == [str(seed) for seed in seeds]
    assert [int(seed) for seed in read(tmp_path, rows)["seed"]] == seeds


@pytest.mark.parametrize("seed", [2**53 + 1, 2**63 - 1])
def test_large_seeds_beside_an_empty_cell(seed: int) -> None:
    assert [values[COLUMNS.index("seed")] for values in cells([row(0, seed=seed), row(1)])[1:]] == [str(seed), ""]


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in TEXT_COLUMNS])
@pytest.mark.parametrize("text", ["anna", "9" * 400, "inf", "-inf"])
def test_a_text_among_numbers_is_told_with_its_line(name: str, text: str, tmp_path: Path) -> None:
    """As after a paste that went one column too far; a whole number has its own message."""
    table = cells([row(0, seed=1), row(1, seed=1)])
    table[2][table[0].index(name)] = text
    (tmp_path / "manifest.csv").write_text("\n".join(",".join(line) for line in table))
    with pytest.raises(DataError, match=rf"manifest.csv:3: {name} is '{text[:40]}', which is no number|not a manifest"):
        read_manifest(tmp_path / "manifest.csv")


@pytest.mark.parametrize("more", ["stim_id", "mine"])
def test_a_column_too_many_in_the_header_moves_nothing(more: str, tmp_path: Path) -> None:
    table = cells([row(0, source_ids="anna;bob"), row(1, source_ids="anna;bob")])
    table[0].insert(1, more)
    (tmp_path / "manifest.csv").write_text("\n".join(",".join(line) for line in table))
    with pytest.raises(DataError, match=r"two of its columns are called 'stim_id'|:2: amount_2 is 'anna;bob'"):
        read_manifest(tmp_path / "manifest.csv")


@pytest.mark.parametrize("text", ["=1+1", "+1", "@x", "-cmd"])
def test_texts_are_inert_in_a_spreadsheet(text: str, tmp_path: Path) -> None:
    rows = [row(0, stim_license=text, amount=-0.5)]
    header, values = cells(rows)
    assert values[header.index("stim_license")] == f"'{text}"
    assert values[header.index("amount")] == "-0.5"
    assert read(tmp_path, rows)["stim_license"].tolist() == [text]

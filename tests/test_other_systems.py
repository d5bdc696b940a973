"""What Windows and macOS do otherwise, mimicked: files that are held, capitals that are not told apart, backslashes."""

import errno
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from planted_sets import planted_design, planted_morph

from gaia_stim import files
from gaia_stim.config import ExportConfig
from gaia_stim.errors import DataError
from gaia_stim.files import in_parts, staged_folder, write_bytes
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.plans.continua import _name
from gaia_stim.stimuli.sources import Source


def held(monkeypatch: pytest.MonkeyPatch, times: int, winerror: int | None) -> list[float]:
    """The next renames fail so often, as Windows has it; returns how long was waited."""
    waited: list[float] = []
    rename, left = Path.replace, [times]

    def replace(self: Path, target: Path) -> Path:
        if left[0]:
            left[0] -= 1
            error = PermissionError(errno.EACCES, "Permission denied")
            if winerror is not None:
                error.winerror = winerror  # type: ignore[attr-defined]
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(files.time, "sleep", waited.append)
    return waited


def test_a_file_that_a_virus_scanner_holds_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = held(monkeypatch, 3, winerror=32)
    write_bytes(tmp_path / "a.csv", b"1")
    assert (tmp_path / "a.csv").read_bytes() == b"1" and waited == list(files.PAUSES[:3])


def test_a_folder_that_somebody_looks_into_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "old.csv").write_bytes(b"1")
    held(monkeypatch, 2, winerror=5)
    with staged_folder(tmp_path / "set") as staging:
        (staging / "new.csv").write_bytes(b"2")
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "new.csv"]


@pytest.mark.parametrize(("times", "winerror", "pauses"), [(99, 32, len(files.PAUSES)), (1, None, 0), (1, 3, 0)])
def test_what_stays_held_or_is_not_allowed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, winerror: int | None, pauses: int
) -> None:
    waited = held(monkeypatch, times, winerror)
    with pytest.raises(PermissionError):
        write_bytes(tmp_path / "a.csv", b"1")
    assert len(waited) == pauses and not list(tmp_path.iterdir())


def test_paths_are_in_one_order_everywhere() -> None:
    names = ["a/z.csv", "B/a.csv", "a.csv", "C.csv"]
    windows = [PureWindowsPath(name) for name in names]
    assert [path.as_posix() for path in sorted(windows)] == ["a/z.csv", "a.csv", "B/a.csv", "C.csv"]
    here = [path.as_posix() for path in sorted(map(Path, names))]
    assert [path.as_posix() for path in sorted(windows, key=in_parts)] == here  # type: ignore[arg-type]


def test_participants_whose_files_would_be_one_are_refused(tmp_path: Path) -> None:
    """Else the second list stands in the place of the first, and one of the two sees the other's trials."""
    stimuli = planted_morph(tmp_path / "set")
    planted_design(stimuli, tmp_path / "design")
    table = pd.read_csv(tmp_path / "design" / "trials.csv", keep_default_na=False)
    table["participant"] = np.where(table["participant"] == "p02", "P01", "p01")
    table.to_csv(tmp_path / "design" / "trials.csv", index=False)
    config = ExportConfig(stimuli=stimuli.folder, to="psychopy", design=tmp_path / "design", out=tmp_path / "out")
    with pytest.raises(DataError, match="'p01' and 'P01' cannot both"):
        export(config)


@pytest.mark.parametrize("path", ["C:\\lab\\anna.png", "/lab/anna.png", "anna.png"])
def test_a_sheet_names_an_image_by_its_file(path: str) -> None:
    image = SimpleNamespace(source=Source("a", path, "sha256_1"))
    assert _name(image) == "anna.png"  # type: ignore[arg-type]

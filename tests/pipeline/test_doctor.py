"""Doctor: what it finds is what the machine has, and it warns where it should."""

import shutil
from pathlib import Path

import psutil
import pytest
import torch

import gaia_stim
from gaia_stim.devices import cores
from gaia_stim.pipeline import doctor as pipeline
from gaia_stim.pipeline.doctor import Check, DoctorConfig, doctor


def checks() -> dict[str, Check]:
    return {check.name: check for check in doctor(DoctorConfig()).checks}


def test_what_is_found_is_so() -> None:
    found = checks()
    assert found["gaia-stim"].found == gaia_stim.__version__
    assert found["torch"].found == torch.__version__
    assert found["cores"].found.startswith(f"{cores()}, of which ")
    assert f"{psutil.virtual_memory().total / 2**30:.1f} GiB" in found["memory"].found
    assert ("GPU" in found) is not torch.cuda.is_available()


def test_the_disk_of_a_cache_that_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIA_STIM_CACHE", str(tmp_path / "not" / "yet"))
    assert str(tmp_path / "not" / "yet") in checks()["disk of the image cache"].found


def test_a_warning_has_advice_and_spoils_the_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LITTLE_DISK", 1 << 60)
    monkeypatch.setattr(pipeline, "LITTLE_MEMORY", 1 << 60)
    result = doctor(DoctorConfig())
    warned = {check.name for check in result.checks if check.status == "warn"}
    assert {"memory", "disk here"} <= warned
    assert not result.healthy
    assert all(check.advice for check in result.checks if check.status == "warn")


def test_busy_cores_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "cores", lambda: 8)
    monkeypatch.setattr(pipeline, "free_cores", lambda: 1)
    assert checks()["cores"].status == "warn"
    monkeypatch.setattr(pipeline, "free_cores", lambda: 7)
    assert checks()["cores"].status == "ok"


def test_the_model_that_would_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAIA_STIM_MODEL", raising=False)
    assert "built-in" in checks()["model"].found
    monkeypatch.setenv("GAIA_STIM_MODEL", str(tmp_path / "none"))
    assert checks()["model"].status == "warn"
    monkeypatch.delenv("GAIA_STIM_MODEL")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/latest").write_text(f"{tmp_path / 'gone'}\n")
    assert checks()["model"].status == "warn" and str(tmp_path / "gone") in checks()["model"].found


def test_the_next_step_is_by_what_lies_here(tmp_path: Path, faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert checks()["next step"].found == "gaia-stim demo"
    shutil.copytree(faces, tmp_path / "my photos")
    assert checks()["next step"].found == "gaia-stim train 'my photos'"
    assert "gaia-stim align 'my photos'" in checks()["next step"].advice
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/latest").write_text("runs/mine\n")
    assert checks()["next step"].found == "gaia-stim explore"


def test_what_may_be_missing_is_told_with_the_line_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "find_spec", lambda module: None if module == "av" else object())
    assert checks()["extras"] == Check(
        "extras", "ok", "explore, notebook, onnx, heif", "more: pip install 'gaia-stim[video]'"
    )

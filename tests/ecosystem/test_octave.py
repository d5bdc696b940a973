"""Octave loads the struct and the pictures, and runs the function with a screen and a keyboard that are played."""

import csv
import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from planted_sets import HOSTILE, hostile_set, planted_design, planted_morph, planted_wheel

from gaia_stim.cells import unguarded
from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export

OCTAVE = shutil.which("octave-cli")
pytestmark = pytest.mark.skipif(not OCTAVE, reason="not installed: octave-cli ('make test-ecosystem' does)")

PLAYED = {
    "Screen": """
      function varargout = Screen(command, varargin)
      global drawn now
      switch command
        case 'Screens', varargout = {0};
        case 'OpenWindow', varargout = {1};
        case 'Rect', varargout = {[0 0 1024 768]};
        case 'MakeTexture', varargout = {numel(varargin{2})};
        case 'GetFlipInterval', varargout = {1 / 60};
        case 'DisplaySize', varargout = {531};
        case 'Flip'
          if numel(varargin) > 1, now = max(now, varargin{2}); end
          now = (floor(now * 60 + 1e-6) + 1) / 60; varargout = {now, now, now, -1};
        case 'FillRect', assert(isequal(varargin, {1, 127}));
        case 'DrawTexture', drawn(end + 1, :) = varargin{4};
        case 'CloseAll'
        otherwise, error('no such command: %s', command);
      end
    """,
    "DrawFormattedText": """
      function DrawFormattedText(window, text, varargin)
      global written
      assert(isequal(varargin{1}, 'center') && numel(varargin{9}) == 4);
      written = unique([written, {char(text)}]);
    """,
    "KbName": """
      function name = KbName(code)
      names = {'f', 'j', 'space', 'RightArrow', 'Return', 'ESCAPE', 'LeftArrow'};
      if strcmp(code, 'UnifyKeyNames'), name = [];
      elseif ischar(code), name = find(strcmp(names, code));
      else, name = names{code}; end
    """,
    "KbQueueCheck": """
      function [pressed, first] = KbQueueCheck
      global presses at now
      first = zeros(1, 256); code = presses(at); at = mod(at, numel(presses)) + 1; pressed = code > 0;
      if pressed, first(code) = now; end
    """,
    "KbQueueCreate": "function KbQueueCreate(device, codes)\nassert(numel(codes) == 256);",
    "KbQueueStart": "function KbQueueStart",
    "KbQueueFlush": "function KbQueueFlush",
    "KbQueueRelease": "function KbQueueRelease",
    "Priority": "function before = Priority(level)\nbefore = 0;",
    "MaxPriority": "function level = MaxPriority(window)\nlevel = 9;",
    "PsychtoolboxVersion": "function version = PsychtoolboxVersion\nversion = '3.0.19 - played';",
    "WaitSecs": "function WaitSecs(seconds)\nglobal now\nnow = now + seconds;",
    "GetSecs": "function seconds = GetSecs\nglobal now\nseconds = now;",
}
"""The few functions of Psychtoolbox that the starter calls, on a display of 60 Hz that never comes late."""
KEYS = ["f", "j", "space", "RightArrow", "Return", "ESCAPE", "LeftArrow"]


def octave(folder: Path, code: str) -> str:
    done = subprocess.run(
        [str(OCTAVE), "--no-init-file", "--quiet", "--eval", code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "error" not in done.stderr.replace("error: ignoring const", ""), done.stderr
    return done.stdout


def test_octave_loads_the_struct(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    planted_design(stimuli, tmp_path / "design")
    config = ExportConfig(
        stimuli=stimuli.folder, to="psychtoolbox", design=tmp_path / "design", out=tmp_path / "out", images_in_mat=True
    )
    code = """
      load('stimuli.mat');
      same = arrayfun(@(k) isequal(imread(stim(k).file), images(:, :, :, k)), 1:numel(stim));
      disp(jsonencode(struct('size', size(stim), 'ids', {{stim.stim_id}}, 'alpha', [stim.alpha], 'same', all(same), ...
        'kind', class(images), 'trials', size(trials), 'b', {{stim([trials.index_b]).stim_id}}, ...
        'luminance', [stim.mean_luminance])));
      disp(isnan(stim(1).step_distance));
    """
    first, second, *_ = octave(export(config).out, code).splitlines()
    said: dict[str, Any] = json.loads(first)
    assert said["size"] == [1, 5] and said["trials"] == [1, 8] and said["kind"] == "uint8" and said["same"] is True
    assert said["ids"] == stimuli.table["stim_id"].tolist()
    assert said["alpha"] == stimuli.table["alpha"].tolist()
    assert said["luminance"] == pytest.approx(stimuli.table["mean_luminance"].tolist(), rel=1e-14)
    assert said["b"] == ["m_0002", "m_0003", "m_0004", "m_0005"] * 2
    assert second.strip() == "1"


def test_octave_reads_hostile_text_whole(tmp_path: Path) -> None:
    stimuli = hostile_set(tmp_path / "set")
    out = export(ExportConfig(stimuli=stimuli.folder, to="psychtoolbox", out=tmp_path / "out")).out
    said = octave(out, "load('stimuli.mat'); printf('%s\\n', stim.stim_license);").splitlines()
    assert [unguarded(line) for line in said[: len(HOSTILE)]] == HOSTILE


def played(out: Path, keys: str, participant: str = "p01", more: str = "") -> tuple[list[dict[str, str]], list[str]]:
    """What stands in the results, and what was written on the screen, where these keys are pressed without end; `.` is
    a look at the keyboard at which there is none."""
    home = out.parent / "played"
    home.mkdir(exist_ok=True)
    for name, code in PLAYED.items():
        (home / f"{name}.m").write_text(code)
    codes = [0 if key == "." else KEYS.index(key) + 1 for key in keys.split()]
    play = f"presses = {codes}; at = 1; now = 0; written = {{}}; drawn = []; experiment('{participant}');"
    said = octave(
        out,
        f"addpath('{home}'); global presses at now written drawn; {play} printf('%s\\f', written{{:}}); {more}",
    )
    [file] = (out / "data").glob(f"{participant}_*.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream)), said.split("\f")


@pytest.mark.parametrize(
    ("task", "presses", "answers", "hint"),
    [
        ("2afc", "space f j f j", ["a", "b", "a", "b"], "[F] left     [J] right"),
        ("same-different", "space f j f j", ["same", "different"] * 2, "[F] same     [J] different"),
        (
            "adjustment",
            "space RightArrow Return",
            ["0.5", "0.75", "1", "1"],
            "[LEFT] back     [RIGHT] on     [RETURN] Done (Enter)",
        ),
        ("", "space f f j f f", ["f", "f", "j", "f", "f"], "[F] f     [J] j"),
    ],
)
def test_the_starter_runs(task: str, presses: str, answers: list[str], hint: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    design = tmp_path / "design" if task else None
    if design:
        planted_design(stimuli, design, task)
    out = export(ExportConfig(stimuli=stimuli.folder, to="psychtoolbox", design=design, out=tmp_path / "out")).out
    results, texts = played(out, presses, "p02")
    assert hint in texts
    [file] = (out / "data").glob("p02_*.csv")
    assert [row["response"] for row in results] == answers
    assert {row["participant"] for row in results} == {"p02"}
    assert {row["set_id"] for row in results} == {stimuli.set_id}
    assert {row["started"] for row in results} == {f"at_{file.stem.removeprefix('p02_')}"}
    with (out / "conditions.csv").open(encoding="utf-8", newline="") as stream:
        conditions = [row for row in csv.DictReader(stream) if row.get("participant", "p02") == "p02"]
    shown = [{name: row[name] for name in conditions[0]} for row in results]
    key = "trial" if task else "stim_id"
    assert sorted(shown, key=lambda row: row[key]) == conditions


def test_escape_keeps_what_was_answered(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    out = export(ExportConfig(stimuli=stimuli.folder, to="psychtoolbox", out=tmp_path / "out")).out
    results, texts = played(out, "space f j ESCAPE", "x")
    assert len(results) == 2 and "Thank you!" not in texts


def test_it_goes_round_a_wheel(tmp_path: Path) -> None:
    wheel = planted_wheel(tmp_path / "wheel")
    config = DesignConfig(kind="adjustment", stimuli=wheel.folder, out=tmp_path / "design", targets=1)
    out = export(
        ExportConfig(stimuli=wheel.folder, to="psychtoolbox", design=design(config).out, out=tmp_path / "out")
    ).out
    results, texts = played(out, f"space {'LeftArrow ' * 3} Return {'RightArrow ' * 3} Return")
    begins = [round(6 * float(row["alpha_b"])) for row in results]
    assert sorted(begins) == [2, 4]
    assert [round(6 * float(row["response"])) for row in results] == [(begins[0] - 3) % 6, (begins[1] + 3) % 6]
    assert "Make the right one look like the left one." in texts


def test_frames_are_flips(tmp_path: Path) -> None:
    """Of 200 ms at 60 Hz twelve; of a key that is there at the third look three."""
    stimuli = planted_morph(tmp_path / "set")
    planted_design(stimuli, tmp_path / "design")
    config = ExportConfig(
        stimuli=stimuli.folder, to="psychtoolbox", design=tmp_path / "design", out=tmp_path / "out", duration=200
    )
    out = export(config).out
    results, _ = played(out, "space " + ". . f " * 4)
    assert [row["frames"] for row in results] == ["3"] * 4 and {row["shown"] for row in results} == {"0.0500"}
    # The short wait after the twelfth flip looks for keys every millisecond.
    results, _ = played(out, "space " + (". " * 50 + "f ") * 4, "p02")
    assert [row["frames"] for row in results] == ["12"] * 4 and {row["shown"] for row in results} == {"0.2000"}
    assert {row["device_pixels"] for row in results} == {"21"}


def test_consent_breaks_and_the_end(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    planted_design(stimuli, tmp_path / "design")
    (tmp_path / "consent.txt").write_text("It costs nothing.", encoding="utf-8")
    asked: dict[str, Any] = {"consent": tmp_path / "consent.txt", "break_every": 2, "break_seconds": 7}
    out = export(
        ExportConfig(
            stimuli=stimuli.folder, to="psychtoolbox", design=tmp_path / "design", out=tmp_path / "out", **asked
        )
    ).out
    # Consent, instructions, two trials, a break, two trials.
    results, texts = played(out, "space space f j space j f")
    assert [row["response"] for row in results] == ["a", "b", "b", "a"]
    assert {"Before you begin\n\nIt costs nothing.", "Time for a break", "You can go on in 7 s.", "Thank you!"} <= {
        *texts
    }
    results, texts = played(out, "ESCAPE", "p02")
    assert results == [] and not {"Thank you!", "Time for a break"} & {*texts}


def test_who_does_not_answer_in_time_leaves_an_empty_cell(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    planted_design(stimuli, tmp_path / "design", "same-different")
    asked: dict[str, Any] = {"duration": 100, "mask": "scrambled", "timeout": 2000, "degrees": 5.0, "language": "de"}
    config = ExportConfig(
        stimuli=stimuli.folder, to="psychtoolbox", design=tmp_path / "design", out=tmp_path / "out", **asked
    )
    out = export(config).out
    results, said = played(out, "space" + " ." * 2000, "p01", "disp(diff(drawn(1, [1 3])));")
    # 5 degrees at 57 cm on 1024 pixels of 531 mm.
    assert float(said[-1]) == pytest.approx(2 * 570 * math.tan(math.radians(2.5)) * 1024 / 531, rel=1e-3)
    assert len(results) == 4 and {row["response"] for row in results} == {row["rt"] for row in results} == {""}
    assert {row["window"] for row in results} == {"1024x768"} and {row["refresh"] for row in results} == {"60.00"}

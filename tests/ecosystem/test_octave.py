"""Octave loads the struct and the pictures, and runs the function with a screen and a keyboard that are played."""

import csv
import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from planted_sets import HOSTILE, hostile_set, planted_design, planted_morph

from gaia_stim.cells import unguarded
from gaia_stim.config import ExportConfig
from gaia_stim.pipeline.export import export

OCTAVE = shutil.which("octave-cli")
pytestmark = pytest.mark.skipif(not OCTAVE, reason="not installed: octave-cli ('make test-ecosystem' does)")

PLAYED = {
    "Screen": """
      function varargout = Screen(command, varargin)
      global drawn
      switch command
        case 'Screens', varargout = {0};
        case 'OpenWindow', varargout = {1};
        case 'Rect', varargout = {[0 0 1024 768]};
        case 'MakeTexture', varargout = {numel(varargin{2})};
        case 'GetFlipInterval', varargout = {1 / 60};
        case 'DisplaySize', varargout = {531};
        case 'Flip', varargout = {0, 0, 0, -1};
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
      global presses at
      first = zeros(1, 256); code = presses(at); at = mod(at, numel(presses)) + 1; pressed = code > 0;
      if pressed, first(code) = 0.25; end
    """,
    "KbQueueCreate": "function KbQueueCreate(device, codes)\nassert(numel(codes) == 256);",
    "KbQueueStart": "function KbQueueStart",
    "KbQueueFlush": "function KbQueueFlush",
    "KbQueueRelease": "function KbQueueRelease",
    "Priority": "function before = Priority(level)\nbefore = 0;",
    "MaxPriority": "function level = MaxPriority(window)\nlevel = 9;",
    "PsychtoolboxVersion": "function version = PsychtoolboxVersion\nversion = '3.0.19 - played';",
    "WaitSecs": "function WaitSecs(seconds)",
    "GetSecs": """
      function seconds = GetSecs
      persistent now
      if isempty(now), now = 0; end
      now = now + 0.5; seconds = now;
    """,
}
"""The few functions of Psychtoolbox that the starter calls."""


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


@pytest.mark.parametrize(
    ("task", "presses", "answers", "hint"),
    [
        ("2afc", "[3 1 2 1 2]", ["a", "b", "a", "b"], "[F] left     [J] right"),
        ("same-different", "[3 1 2 1 2]", ["same", "different"] * 2, "[F] same     [J] different"),
        ("adjustment", "[3 4 5]", ["0.5", "0.75", "1", "1"], "[LEFT] back     [RIGHT] on     [RETURN] Done (Enter)"),
        ("", "[3 1 1 2 1 1]", ["f", "f", "j", "f", "f"], "[F] f     [J] j"),
    ],
)
def test_the_starter_runs(task: str, presses: str, answers: list[str], hint: str, tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    design = tmp_path / "design" if task else None
    if design:
        planted_design(stimuli, design, task)
    out = export(ExportConfig(stimuli=stimuli.folder, to="psychtoolbox", design=design, out=tmp_path / "out")).out
    (tmp_path / "played").mkdir()
    for name, code in PLAYED.items():
        (tmp_path / "played" / f"{name}.m").write_text(code)
    play = f"global presses at written; presses = {presses}; at = 1; written = {{}}; experiment('p02');"
    texts = octave(out, f"addpath('{tmp_path}/played'); {play} printf('%s\\n', written{{:}});").splitlines()
    assert hint in texts
    [file] = (out / "data").glob("p02_*.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        results = list(csv.DictReader(stream))
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
    (tmp_path / "played").mkdir()
    for name, code in PLAYED.items():
        (tmp_path / "played" / f"{name}.m").write_text(code)
    octave(out, f"addpath('{tmp_path}/played'); global presses at; presses = [3 1 2 6]; at = 1; experiment('x');")
    [file] = (out / "data").glob("x_*.csv")
    assert len(file.read_text().splitlines()) == 3


def test_who_does_not_answer_in_time_leaves_an_empty_cell(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    planted_design(stimuli, tmp_path / "design", "same-different")
    asked: dict[str, Any] = {"duration": 100, "mask": "scrambled", "timeout": 2000, "degrees": 5.0, "language": "de"}
    config = ExportConfig(
        stimuli=stimuli.folder, to="psychtoolbox", design=tmp_path / "design", out=tmp_path / "out", **asked
    )
    out = export(config).out
    (tmp_path / "played").mkdir()
    for name, code in PLAYED.items():
        (tmp_path / "played" / f"{name}.m").write_text(code)
    play = "presses = [3 zeros(1, 400)]; at = 1; drawn = []; experiment('p01'); disp(diff(drawn(1, [1 3])));"
    said = octave(out, f"addpath('{tmp_path}/played'); global presses at drawn; {play}")
    # 5 degrees at 57 cm on 1024 pixels of 531 mm.
    assert float(said) == pytest.approx(2 * 570 * math.tan(math.radians(2.5)) * 1024 / 531, rel=1e-3)
    [file] = (out / "data").glob("p01_*.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        results = list(csv.DictReader(stream))
    assert len(results) == 4 and {row["response"] for row in results} == {row["rt"] for row in results} == {""}
    assert {row["window"] for row in results} == {"1024x768"} and {row["refresh"] for row in results} == {"60.00"}

"""A folder with one good file of each kind that the table of attacks spoils, where `STANDS` says."""

import csv
import json
import shutil
from pathlib import Path

from faults.attacks import TRAINED
from gaia_stim import cli
from gaia_stim.events import silent
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.opening import opened
from gaia_stim.explorer.store import Store
from gaia_stim.export import texts

MADE = (
    "morph faces/face_00002.png faces/face_00005.png --steps 4 -m run --out set",
    "design 2afc set --out design",
    *(f"design {kind} set --out {kind} --participants 1" for kind in ("abx", "questplus", "staircase")),
    "attributes fit --labels labels.csv --images faces -m run --out vectors",
    *(f"encode faces/face_00002.png -m run --out codes.{kind}" for kind in ("csv", "npz", "safetensors")),
    "export set --design design --to jspsych --out page",
    "export set --design design --to psychopy --out experiment",
    "compare run --images faces --out compared",
    TRAINED.format("faces", "grey").replace("32", "16"),
    "samples drawn --n 3 --size 32",
)
"""By commands, in this order."""
FITTED = ("scale results.csv --out scaled",)
"""From what was made by hand."""
RARE = (
    "align faces --points points.csv --by l,r --out aligned",
    "run recipe.yaml --out made",
    "export-decoder run --out decoder",
    "analyse answers.csv --out analysed",
    "audit set --out audited",
    "attributes show vectors -m run --out shown",
    "benchmark midpoints run --pairs 8 --out midpoints",
)
"""For the stands that are rare."""


def make_world(home: Path, faces: Path, run: Path, *, rare: bool) -> None:
    """Fill the folder that we are in; `faces` has its labels beside it, and `run` was trained on it."""
    shutil.copytree(faces, home / "faces")
    shutil.copytree(run, home / "run")
    shutil.copy(faces.parent / "labels.csv", home / "labels.csv")
    Path("runs").mkdir()
    Path("faces/licenses.csv").write_text("image,license\nface_00002.png,CC0\n")
    _by(MADE)
    _by_hand()
    _by((*FITTED, *RARE) if rare else FITTED)
    Path("runs/latest").write_text(f"{home / 'run'}\n")


def _by(commands: tuple[str, ...]) -> None:
    for command in commands:
        assert cli.main(["-q", *command.split()]) == 0, command


def _by_hand() -> None:
    """What is no output of ours, or one that is not done yet."""
    trials = _answered("design/trials.csv")
    _table("results.csv", trials)
    _table("answers.csv", _answered("abx/trials.csv"))
    # As OpenSesame writes it, which knows keys alone.
    keys, columns = {"a": "f", "b": "j"}, {"subject_nr": "1", "response_time": "500"}
    Path("answered").mkdir()
    shutil.copy("page/export.json", "answered")
    _table("answered/keys.csv", [{**row, **columns, "response": keys[row["correct"]]} for row in trials])
    Path("results.json").write_text(json.dumps(trials))
    Path("scale.csv").write_text("alpha,scale\n0,0\n0.5,0.4\n1,1\n")
    Path("display.csv").write_text("level,luminance\n0,0.1\n128,30\n255,100\n")
    shutil.copy(Path(texts.__file__).parent / "en.json", "language.json")
    Path("consent.txt").write_text("I agree.\n")
    three = (("l", 10, 14), ("r", 21, 14), ("m", 16, 24))
    points = [f"{face.name},{name},{x},{y}\n" for face in sorted(Path("faces").glob("*.png")) for name, x, y in three]
    Path("points.csv").write_text("image,landmark,x,y\n" + "".join(points))
    Path("held.txt").write_text("face_00002.png\nface_00005.png\nface_00007.png\n")
    Path("options.yaml").write_text("preset: tiny\nthreads: 1\nimages-seen: 16\n")
    line = "{do: morph, first: faces/face_00002.png, second: faces/face_00005.png, steps: 3}"
    Path("recipe.yaml").write_text(f"model: run\nsteps:\n  line: {line}\n")
    Path("nowhere").write_text("no folder of images\n")
    _chain("serve.sqlite")
    training = json.loads(Path("grey/config.json").read_text())
    training["options"]["images_seen"] = 32
    Path("grey/config.json").write_text(json.dumps(training))


def _chain(file: str) -> None:
    made_by = opened(Path("faces"), Path("run"), None, Path("none"), silent).made_by
    state = Store(Path(file))
    try:
        spec = ChainSpec(kind="gsp", start="face_00002.png", axes=2, trials=3)
        state.answer(state.begin(spec, made_by), 0, "somebody", 0.5, made_by)
    finally:
        state.close()


def _answered(trials: str) -> list[dict[str, str]]:
    with Path(trials).open() as stream:
        return [row | {"response": row["correct"], "rt": "0.5"} for row in csv.DictReader(stream)]


def _table(file: str, rows: list[dict[str, str]]) -> None:
    with Path(file).open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)

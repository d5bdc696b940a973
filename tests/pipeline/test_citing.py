"""What to cite hangs on what was used, and the files that say how to cite us agree with each other."""

import json
import re
from pathlib import Path

import pytest
import yaml
from planted_sets import planted_set

import gaia_stim
from gaia_stim.cli import main
from gaia_stim.config import CiteConfig
from gaia_stim.designs import SCALES as FITTED
from gaia_stim.errors import DataError
from gaia_stim.files import read_json, write_json
from gaia_stim.models import MODELS
from gaia_stim.networks import NETWORKS as BUILT
from gaia_stim.pipeline.publish import cite
from gaia_stim.references import METHODS, NETWORKS, REFERENCES, SCALES, SPACINGS, bibliography
from gaia_stim.runs import BUILT_IN, Run
from gaia_stim.space import SPACINGS as SPACED
from gaia_stim.stimuli.identity import NO_IMAGES
from gaia_stim.stimuli.manifest import Row

ROOT = Path(__file__).parents[2]


def keys(target: Path) -> list[str]:
    return [one["key"] for one in cite(CiteConfig(target=target)).references]


def known_set(folder: Path, **changes: object) -> Path:
    planted_set(folder, [Row.numbered("morph", 0, 1)])
    model = {"run": "gone", "model_hash": "sha256_12", "method": "vae", "network": "light", "size": 32}
    write_json(folder / "provenance.json", {**read_json(folder / "provenance.json"), "model": model, **changes})
    return folder


def test_a_set_names_model_spacing_processing_and_images(tmp_path: Path) -> None:
    spacing = {"name": "ciede2000", "metric": "m", "steps_cv_before": 0.2, "steps_cv": 0.1}
    images = [{"source_id": name, "path": f"{name}.png", "image_hash": "sha256_1"} for name in ("anna", "bert", "cleo")]
    images[0]["license"] = images[1]["license"] = "CC BY 4.0"
    images += [{"source_id": name, "path": "a.csv", "image_hash": "sha256_2"} for name in NO_IMAGES]
    found = cite(
        CiteConfig(
            target=known_set(
                tmp_path / "set",
                plan={"spacing": spacing},
                sources=images,
                processing=[{"options": {"luminance": True}, "made_of": {}}],
            )
        )
    )
    assert [one["key"] for one in found.references] == ["gaiastim", "kingma2014", "sharma2005", "willenbockel2010"]
    assert found.notes == [
        "model: vae, light networks, 32 px, weights sha256_12",
        "images anna, bert: licence CC BY 4.0; name their makers as it asks",
        "images cleo: no licence is recorded (a table licenses.csv beside them says it); name whose they are",
    ]
    assert "Sharma, G., Wu, W., & Dalal, E. N. (2005)." in found.printed and "10.1002/col.20070" in found.printed


def test_a_flow_has_networks_of_its_own(tmp_path: Path) -> None:
    flow = {"run": "gone", "model_hash": "sha256_12", "method": "flow", "network": "deform", "size": 32}
    found = cite(CiteConfig(target=known_set(tmp_path / "set", model=flow)))
    assert [one["key"] for one in found.references] == ["gaiastim", "kingma2018"]
    assert found.notes == ["model: flow, networks of its own, 32 px, weights sha256_12"]


def test_the_built_in_model_is_of_drawn_faces(faces: Path, tmp_path: Path) -> None:
    found = cite(CiteConfig(target=Path("builtin")))
    assert [one["key"] for one in found.references] == ["gaiastim", "sainburg2018", "shu2018", "arsigny2006"]
    assert Run(BUILT_IN).model_hash() in found.notes[0]
    assert found.notes[-1] == "these images: faces that gaia-stim draws; nobody has to be named"
    drawn = {"source_id": "face_00001", "path": str(next(faces.glob("*.png"))), "image_hash": "sha256_1"}
    notes = cite(CiteConfig(target=known_set(tmp_path / "set", sources=[drawn]))).notes
    assert notes[1] == "images face_00001: faces that gaia-stim draws; nobody has to be named"


def test_a_scale_names_its_method(tmp_path: Path) -> None:
    write_json(tmp_path / "scale.json", {"request": {"options": {"confidence": 0.95}}, "task": "mlds", "scales": []})
    assert keys(tmp_path) == ["gaiastim", "maloney2003", "knoblauch2008"]
    with pytest.raises(DataError, match="neither a stimulus set"):
        keys(tmp_path / "nothing")


def test_bibtex_is_printed_to_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "builtin", "--bibtex"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("% model: gaia") and printed.count("\n@") == 4
    assert "  author = {Sainburg, T. and Thielk, M. and Theilman, B. and Migliori, B. and Gentner, T.},\n" in printed
    # A title is one line, however narrow the terminal.
    assert all(re.match(r"%|@|  \w+ = \{.*\},$|\}|$", line) for line in printed.split("\n"))


def test_every_name_of_ours_that_is_somebodys_is_cited_and_every_key_is_known() -> None:
    assert set(METHODS) == set(MODELS) - {"ae"} and set(NETWORKS) <= set(BUILT)
    assert set(SCALES) == set(FITTED) and set(SPACINGS) <= set(SPACED)
    for table in (METHODS, NETWORKS, SCALES, SPACINGS):
        assert all(key in REFERENCES for named in table.values() for key in named)
    for one in REFERENCES.values():
        assert one.link.startswith("https://") and all("," in author for author in one.authors)


def test_the_files_that_say_how_to_cite_us_agree() -> None:
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    codemeta = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    assert cff["version"] == codemeta["version"] == gaia_stim.__version__
    assert cff["license"] == "MIT" and codemeta["license"].endswith("/MIT")
    assert cff["references"][0]["title"].lower().startswith(REFERENCES["sainburg2018"].title[:40].lower())
    paper = (ROOT / "paper" / "paper.md").read_text(encoding="utf-8")
    cited = set(re.findall(r"@([a-z]+\d{4})", paper))
    assert cited and (ROOT / "paper" / "paper.bib").read_text(encoding="utf-8") == bibliography(
        one for key, one in REFERENCES.items() if key in cited
    )
    # JOSS asks for 250 to 1000 words.
    assert 250 <= len(paper.split("---")[2].split()) <= 1300

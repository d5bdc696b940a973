"""The crate describes each of its files as it is, and says whose images stimuli were made of."""

import json
from pathlib import Path
from urllib.parse import unquote

from planted_sets import planted_morph

from gaia_stim.cli import main
from gaia_stim.files import hash_file, read_json, write_json


def test_every_file_is_described_and_nothing_else(tmp_path: Path) -> None:
    stimuli = planted_morph(tmp_path / "set")
    known = read_json(stimuli.folder / "provenance.json")
    source = {"source_id": "anna", "path": "a.png", "image_hash": "sha256_1"}
    for licence, name in ((None, "No licence is recorded"), ("cc-by-4.0", "CC BY")):
        write_json(stimuli.folder / "provenance.json", {**known, "sources": [{**source, "license": licence}]})
        out = tmp_path / f"crate_{licence}"
        assert main(["-q", "export", str(stimuli.folder), "--to", "rocrate", "--out", str(out)]) == 0
        graph = json.loads((out / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
        entities = {one["@id"]: one for one in graph}
        files = [one for one in graph if one["@type"] == "File"]
        there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
        assert {unquote(one["@id"]) for one in files} == there - {"ro-crate-metadata.json", "export.json"}
        for one in files:
            path = out / unquote(one["@id"])
            assert f"sha256_{one['sha256']}" == hash_file(path) and int(one["contentSize"]) == path.stat().st_size
        root = entities["./"]
        assert [part["@id"] for part in root["hasPart"]] == [one["@id"] for one in files]
        assert entities[root["license"]["@id"]]["name"] == name
        made = entities["#made"]
        assert made["object"] == [{"@id": "#source-anna"}] and entities["#source-anna"]["name"] == "anna"
        # All that is linked to within is there.
        links = [value["@id"] for one in graph for value in one.values() if isinstance(value, dict)]
        assert {link for link in links if link.startswith("#")} <= entities.keys()

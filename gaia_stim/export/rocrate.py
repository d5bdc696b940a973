"""RO-Crate 1.1: a set with its files described in JSON-LD, as repositories and workflow tools read it.

https://www.researchobject.org/ro-crate/specification/1.1
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gaia_stim.export.folder import copy_set, write_conditions, write_readme
from gaia_stim.export.linter import table_of
from gaia_stim.files import hash_file, json_bytes, named_hash, write_bytes
from gaia_stim.outputs import files_in
from gaia_stim.references import REFERENCES, software
from gaia_stim.stimuli.licences import known_licence, strictest
from gaia_stim.stimuli.sets import MANIFEST, PROVENANCE, SHEET, StimulusSet
from gaia_stim.stimuli.trials import Trials

METADATA = "ro-crate-metadata.json"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
FORMATS = {".png": "image/png", ".csv": "text/csv", ".json": "application/json", ".md": "text/markdown"}
ABOUT = {
    MANIFEST: "A row a stimulus, with what was measured of each written file.",
    PROVENANCE: "Everything needed to make the set again.",
    SHEET: "The set at a glance.",
    "conditions.csv": "The rows of an experiment.",
    "README.md": "What is here.",
}
PICTURE = "A stimulus."
UNLICENSED = "#no-licence"

Entity = dict[str, Any]


def write(stimuli: StimulusSet, folder: Path, trials: Trials | None = None) -> None:
    """Fill a folder. Raises `DataError` where a name cannot be exported or a picture was changed."""
    table = table_of(stimuli, trials)
    copy_set(stimuli, folder)
    write_conditions(table, folder)
    steps = [
        f"`{METADATA}` describes every file here (RO-Crate 1.1), with sizes and hashes.",
        "Its `license` is the strictest one of the images that stimuli were made of, where a table had any; "
        "look whether it is right, and add who publishes the set.",
        f"`{MANIFEST}` has a row a stimulus, `{PROVENANCE}` all that is needed to make the set again.",
        "`conditions.csv` has the rows of an experiment: of the design, or one a stimulus.",
        "Repositories such as Zenodo take the folder as a ZIP.",
    ]
    write_readme(folder, "an RO-Crate", stimuli, trials, steps, len(table.rows))
    graph = {"@context": f"{SPECIFICATION}/context", "@graph": list(_graph(stimuli, folder))}
    write_bytes(folder / METADATA, json_bytes(graph))


def _graph(stimuli: StimulusSet, folder: Path) -> Iterator[Entity]:
    known = stimuli.provenance
    files = [_file(name, path) for name, path in sorted(files_in(folder))]
    licence = strictest(source.license for source in known.sources)
    written = datetime.fromtimestamp((stimuli.folder / PROVENANCE).stat().st_mtime, UTC)
    program, paper = software(known.gaia_stim), REFERENCES["sainburg2018"]
    yield {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": _link(SPECIFICATION),
        "about": _link("./"),
    }
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": stimuli.name,
        "description": f"{len(stimuli)} stimuli made by gaia-stim {known.gaia_stim} with the model "
        f"{known.model.model_hash}; manifest.csv is {stimuli.manifest_hash}.",
        "identifier": stimuli.set_id,
        # No record of ours has a date: the day on which the set was put where it is.
        "datePublished": written.date().isoformat(),
        "license": _link(UNLICENSED if licence is None else "#licence"),
        "hasPart": [_link(one["@id"]) for one in files],
        "citation": _link(paper.link),
    }
    yield from files
    yield _licence(licence)
    yield {
        "@id": "#made",
        "@type": "CreateAction",
        "name": f"gaia-stim {known.request.get('verb', '')}".strip(),
        "instrument": _link("#gaia-stim"),
        "object": [_link(f"#source-{quote(source.source_id)}") for source in known.sources],
        "result": _link("./"),
    }
    yield {"@id": "#gaia-stim", "@type": "SoftwareApplication", "name": program.title, "version": known.gaia_stim}
    yield {"@id": paper.link, "@type": "ScholarlyArticle", "name": paper.title, "author": ", ".join(paper.authors)}
    for source in known.sources:
        yield {
            "@id": f"#source-{quote(source.source_id)}",
            "@type": "CreativeWork",
            "name": source.source_id,
            "identifier": source.image_hash,
            **({"license": source.license} if source.license else {}),
        }


def _licence(licence: str | None) -> Entity:
    if licence is None:
        return {
            "@id": UNLICENSED,
            "@type": "CreativeWork",
            "name": "No licence is recorded",
            "description": "The images that stimuli were made of had no table of licences beside them.",
        }
    short = known_licence(licence)
    told = f"{licence}, the strictest licence of the images that stimuli were made of"
    return {"@id": "#licence", "@type": "CreativeWork", "name": short or licence, "description": told}


def _file(name: str, path: Path) -> Entity:
    return {
        "@id": quote(name),
        "@type": "File",
        "name": name,
        "description": ABOUT.get(name, PICTURE if path.suffix == ".png" else "The rows of one participant."),
        "encodingFormat": FORMATS[path.suffix],
        "contentSize": str(path.stat().st_size),
        "sha256": hash_file(path).removeprefix(named_hash("")),
    }


def _link(name: str) -> Mapping[str, str]:
    return {"@id": name}

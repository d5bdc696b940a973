"""A JATOS study archive (`.jzip`): the experiment's folder, and a `.jas` file beside it that tells what the study is.

As JATOS 3.10 reads it (github.com/JATOS/JATOS: `ImportExportService`, `StudyDeserializer`, `models.common.Study`): a
ZIP with exactly one folder, the study's assets, and exactly one file `*.jas` at its top: JSON, `version` 3, the study
under `data`. Without a batch in it JATOS makes its default one.
"""

import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

from gaia_stim.export.formats import NO_TIME
from gaia_stim.files import in_parts

VERSION = "3"
"""`Study.SERIAL_VERSION`."""
SCRIPT = '<script src="jatos.js"></script>'
"""JATOS serves it beside every page of a study."""


def study(name: str, study_id: str, complete: str | None) -> dict[str, Any]:
    """What the `.jas` says of a study of one component; its ids follow from `study_id`.

    `name` is also the folder's: letters, digits, `-` and `_`. `complete` is where JATOS sends who has finished; it
    fills in `[NAME]` itself.
    """
    return {
        "version": VERSION,
        "data": {
            "uuid": _uuid(study_id, "study"),
            "title": name,
            "description": "",
            "groupStudy": False,
            "linearStudy": False,
            "allowPreview": False,
            "dirName": name,
            "comments": "",
            "jsonData": None,
            "endRedirectUrl": complete,
            "studyEntryMsg": None,
            "componentList": [
                {
                    "uuid": _uuid(study_id, "component"),
                    "title": "Experiment",
                    "htmlFilePath": "index.html",
                    # A reload goes on where it stopped.
                    "reloadable": True,
                    "active": True,
                    "comments": "",
                    "jsonData": None,
                }
            ],
            "batchList": [],
        },
    }


def write_archive(experiment: Path, file: Path, about: dict[str, Any]) -> None:
    """Pack the folder `experiment` and the study `about`; the same content is the same bytes."""
    name = about["data"]["dirName"]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, f"{name}.jas", json.dumps(about, indent=2).encode())
        for path in sorted((path for path in experiment.rglob("*") if path.is_file()), key=in_parts):
            _add(archive, f"{name}/{path.relative_to(experiment).as_posix()}", path.read_bytes())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, NO_TIME), content, zipfile.ZIP_DEFLATED)


def _uuid(study_id: str, part: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"gaia-stim/{study_id}/{part}"))

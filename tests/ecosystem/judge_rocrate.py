"""Run by .ecosystem/rocrate: what the library reads of an RO-Crate, and which required checks of its validator fail.

Without a network: the JSON-LD context is the one that the library brings.
"""

import json
import sys
from importlib.resources import files
from typing import Any

import rdflib.plugins.shared.jsonld.context as contexts
import requests
from rocrate.rocrate import ROCrate
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

CONTEXT = (files("rocrate") / "data" / "ro-crate.jsonld").read_text()
theirs = contexts.source_to_json


def known(source: Any, *others: Any, **options: Any) -> Any:
    is_it = "w3id.org/ro/crate" in str(source)
    return (json.loads(CONTEXT), None) if is_it else theirs(source, *others, **options)


def got(_: HttpRequester, url: str, **options: Any) -> requests.Response:
    answer = requests.Response()
    answer.status_code = 200 if "w3id.org/ro/crate" in url else 404
    answer._content, answer.url = CONTEXT.encode(), url
    answer.headers["Content-Type"] = "application/ld+json"
    return answer


contexts.source_to_json = known
HttpRequester.get = HttpRequester.head = got
settings = services.ValidationSettings(
    rocrate_uri=sys.argv[1],
    profile_identifier="ro-crate-1.1",
    requirement_severity=models.Severity.REQUIRED,
    offline=True,
)
issues = [f"{one.check.identifier}: {one.message}" for one in services.validate(settings).get_issues()]
crate = ROCrate(sys.argv[1])
read = {"name": crate.root_dataset["name"], "files": sorted(one.id for one in crate.get_by_type("File"))}
sys.stderr.write(json.dumps({"issues": issues, **read}))

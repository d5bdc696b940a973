"""The core's dependencies, all the way down, and their licences as their own metadata states them.

python tests/packaging/stated_licences.py docs/dependencies.md
"""

import re
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
HEAD = """# What gaia-stim depends on

Every package that `pip install gaia-stim` brings on Linux with a CPU build of torch, without extras, with the licence
that its own metadata states. None is under the GPL (the GCC Runtime Library Exception lets anyone ship what gfortran
links). A test compares this page with what is installed; `make docs` writes it anew.

`make supply-chain` writes a lock file with hashes, installs from it with `--require-hashes`, writes a list of all parts
(SBOM, CycloneDX), and asks for known vulnerabilities where the advisories can be reached.

| package | licence |
|---|---|
"""


def closure(needs: list[str]) -> dict[str, Distribution]:
    """What these requirements bring, all the way down, by name."""
    found: dict[str, Distribution] = {}
    ahead = [Requirement(text) for text in needs]
    seen: set[tuple[str, frozenset[str]]] = set()
    while ahead:
        need = ahead.pop()
        name, extras = canonicalize_name(need.name), frozenset(need.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found[name] = distribution(name)
        for text in found[name].requires or []:
            further = Requirement(text)
            if not further.marker or any(further.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                ahead.append(further)
    return dict(sorted(found.items()))


def licence(package: Distribution) -> str:
    """In one line: the SPDX expression, else what the classifiers say, else the first line of the old field."""
    told = package.metadata
    classifiers = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    old = (told.get("License") or "").strip().splitlines()
    stated = " and ".join(line.rsplit(" :: ", 1)[1] for line in classifiers) or (old[0] if old else "not stated")
    return told.get("License-Expression") or stated


def page() -> str:
    with (ROOT / "pyproject.toml").open("rb") as project:
        needs = tomllib.load(project)["project"]["dependencies"]
    rows = (f"| {name} | {licence(package)} |" for name, package in closure(needs).items())
    return HEAD + "\n".join(rows) + "\n"


HARMLESS = re.compile(r"Lesser General Public|LGPL|GPL-[\d.]+(-only|-or-later)?( WITH |-with-)GCC-exception(-3\.1)?")


def is_free_of_gpl(text: str) -> bool:
    """Lesser GPL and GCC's runtime exception are none; of a choice (OR) one alternative suffices."""
    return any(not re.search("GPL|General Public", HARMLESS.sub("", choice)) for choice in text.split(" OR "))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")

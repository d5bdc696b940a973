"""Bring the jsPsych builds that gaia-stim ships up to date: `python tests/ecosystem/vendor_jspsych.py`.

Put the wanted versions into package.json beside this file, run `make ecosystem` (or `npm install` in .ecosystem/node),
then this. It copies the browser builds as they are, the style sheet without its embedded font (470 of 475 kB), the
licences of all that stands in the builds, and writes down versions and checksums. test_jspsych.py compares again.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ROOT / ".ecosystem" / "node" / "node_modules"
VENDOR = ROOT / "gaia_stim" / "export" / "jspsych" / "vendor"
BUNDLED = {"auto-bind": "license", "random-words": "LICENSE", "seedrandom": "README.md"}
"""What jsPsych's build holds of others, and where each keeps its licence."""
JSPSYCH_LICENCE = """\
The MIT License (MIT)

Copyright (c) 2014-2022 Joshua R. de Leeuw

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
"""license.txt of github.com/jspsych/jsPsych, which its npm packages lack."""


def packages() -> list[str]:
    wanted = json.loads(Path(__file__).with_name("package.json").read_text(encoding="utf-8"))["dependencies"]
    return sorted(name for name in wanted if "jspsych" in name)


def build(package: str) -> tuple[str, bytes]:
    """The name in the vendor folder, and the bytes, of a package's build for the browser."""
    name = package.rpartition("/")[2]
    return f"{name}.min.js", (MODULES / package / "dist" / "index.browser.min.js").read_bytes()


def style() -> bytes:
    """jsPsych's style sheet without the font in it: the page uses one that the computer has."""
    sheet = (MODULES / "jspsych" / "css" / "jspsych.css").read_text(encoding="utf-8")
    sheet = re.sub(r"/\*[^*]*\*/\s*@font-face \{.*?\}\n", "", sheet, flags=re.DOTALL)
    sheet = re.sub(r"/\*!\*+!\*\\.*?\\\*+/\n", "", sheet, flags=re.DOTALL)
    return (
        b"/* jsPsych's css/jspsych.css without its embedded fonts. MIT, see LICENSES.txt. */\n"
        + sheet.strip().encode()
        + b"\n"
    )


def licences() -> bytes:
    texts = [f"jsPsych and its plugins\n\n{JSPSYCH_LICENCE}"]
    for package, file in BUNDLED.items():
        text = (MODULES / package / file).read_text(encoding="utf-8")
        found = re.search(r"LICENSE \(MIT\)\n-+\n\n(.*)", text, flags=re.DOTALL)
        texts.append(f"{package}, which stands in jsPsych's build (MIT)\n\n{(found[1] if found else text).strip()}\n")
    return f"\n{'-' * 78}\n\n".join(texts).encode()


def vendored() -> dict[str, bytes]:
    """Every file of the vendor folder by its name."""
    builds = {package: build(package) for package in packages()}
    record = {
        "source": "https://www.npmjs.com",
        "files": [
            {
                "file": file,
                "package": package,
                "version": json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))["version"],
                "license": "MIT",
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for package, (file, content) in builds.items()
        ],
    }
    return {
        **dict(builds.values()),
        "jspsych.css": style(),
        "LICENSES.txt": licences(),
        "versions.json": (json.dumps(record, indent=2) + "\n").encode(),
    }


def main() -> None:
    if not (MODULES / "jspsych").is_dir():
        sys.exit(f"{MODULES}: not there; run 'make ecosystem' first")
    for old in VENDOR.glob("*"):
        old.unlink()
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, content in vendored().items():
        (VENDOR / name).write_bytes(content)
        sys.stdout.write(f"{len(content):8d}  {name}\n")


if __name__ == "__main__":
    main()

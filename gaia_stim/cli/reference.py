"""`docs/cli.md`, written from the same table and the same models as the help: it cannot say anything else.

`python -m gaia_stim.cli.reference docs/cli.md` writes it again.
"""

import inspect
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from gaia_stim.cli.messages import PROGRAM
from gaia_stim.config.options import Option, options
from gaia_stim.config.verbs import VERBS, Verb
from gaia_stim.files import write_bytes

HEAD = f"""# The commands

<!-- Written by `python -m gaia_stim.cli.reference docs/cli.md` from gaia_stim/config/. -->

`{PROGRAM} VERB --help` says the same. Before the verb stand `--json` (the result as one JSON object on
stdout), `--quiet` (no progress, no notes) and `--version`. Progress and messages go to stderr, results to
stdout.

Exit codes: 0 done · 1 a bug · 2 usage · 3 data · 4 a broken model file · 5 training diverged · 75 stopped,
the same command goes on · 130 Ctrl-C.
"""


def reference() -> str:
    """All commands as markdown: what they do, their options with ranges and defaults, an example each."""
    panels = groupby(VERBS.items(), key=lambda item: item[1].panel)
    parts = [HEAD, *(part for panel, verbs in panels for part in _panel(panel, verbs))]
    return "\n".join(parts)


def _panel(panel: str, verbs: Iterator[tuple[str, Verb]]) -> Iterator[str]:
    yield f"## {panel}\n"
    for name, verb in verbs:
        yield from _verb(name, verb)


def _verb(name: str, verb: Verb) -> Iterator[str]:
    found = options(verb.config).values()
    places = [_place(option) for option in found if option.mark.positional]
    yield f"### {PROGRAM} {name}\n"
    yield f"{inspect.getdoc(verb.config)}\n"
    yield f"    {' '.join([PROGRAM, name, '[OPTIONS]' if found else '', *places]).rstrip()}\n"
    if found:
        yield "| option | meaning | values | default |\n|---|---|---|---|"
        yield "".join(f"{_row(option)}\n" for option in found)
    yield f"Example: `{PROGRAM} {verb.example}`\n"


def _place(option: Option) -> str:
    place = f"{option.metavar}…" if option.is_many else option.metavar
    return place if option.info.is_required() else f"[{place}]"


def _row(option: Option) -> str:
    shown = [option.metavar] if option.mark.positional else [*option.declarations]
    names = ", ".join(f"`{name.replace('/', '` / `')}`" for name in shown)
    value = "" if option.mark.positional or not option.metavar else f" {_cell(option.metavar)}"
    values = ", ".join(filter(None, [", ".join(option.names), option.range]))
    default = "needed" if option.info.is_required() else option.default or ("on" if option.info.default is True else "")
    return f"| {names}{value} | {_cell(option.mark.about)} | {_cell(values)} | {_cell(default)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    write_bytes(Path(sys.argv[1]), reference().encode())

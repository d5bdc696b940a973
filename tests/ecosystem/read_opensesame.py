"""In OpenSesame's own environment: what a loop makes of a file of the pool, and of each cell shown on a sketchpad."""

import json
import sys
from types import SimpleNamespace

from libopensesame.loop import Loop
from libopensesame.syntax import Syntax

loop = Loop.__new__(Loop)
loop.var = SimpleNamespace(source_file="conditions.csv")
loop.experiment = SimpleNamespace(pool={"conditions.csv": sys.argv[1]}, var=SimpleNamespace())
table = loop._read_file()
syntax = Syntax(loop.experiment)
found = {
    "names": {name: bool(syntax.valid_var_name(name)) for name in table.column_names},
    "rows": [dict(row) for row in table],
    "shown": [{name: syntax.eval_text(cell) for name, cell in row} for row in table],
}
sys.stdout.write(json.dumps(found) + "\n")

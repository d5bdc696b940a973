"""In PsychoPy's own environment: what importConditions makes of files, as JSON."""

import json
import sys

import pandas
import psychopy
from psychopy.data import importConditions


def described(value):
    kind = "text" if isinstance(value, str) else "nothing" if value is None else "number"
    return [kind, value.item() if hasattr(value, "item") else value]


read = {
    path: [{name: described(value) for name, value in row.items()} for row in importConditions(path)]
    for path in sys.argv[1:]
}
found = {"psychopy": psychopy.__version__, "pandas": pandas.__version__, "read": read}
sys.stdout.write(json.dumps(found) + "\n")

"""In PsychoPy's own environment: open a .psyexp as Builder does, and write its script in Python and JavaScript."""

import json
import sys
from pathlib import Path

from psychopy import experiment, logging

found = []
logging.console.setLevel(logging.ERROR)
file = Path(sys.argv[1])
opened = experiment.Experiment()
opened.loadFromXML(str(file))
for target, suffix in (("PsychoPy", "py"), ("PsychoJS", "js")):
    script = opened.writeScript(expPath=str(file), target=target)
    file.with_name(f"experiment_lastrun.{suffix}").write_text(script, encoding="utf-8")
routines = {name: [part.name for part in routine] for name, routine in opened.routines.items()}
resources = sorted(one["rel"] for one in opened.getResourceFiles())
sys.stdout.write(json.dumps({"routines": routines, "resources": resources}) + "\n")

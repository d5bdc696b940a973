"""In PsychoPy's own environment: open .psyexp files as Builder does, and write their scripts in both languages."""

import json
import sys
from pathlib import Path

from psychopy import experiment, logging

logging.console.setLevel(logging.WARNING)
for file in map(Path, sys.argv[1:]):
    opened = experiment.Experiment()
    opened.loadFromXML(str(file))
    for target, suffix in (("PsychoPy", "py"), ("PsychoJS", "js")):
        script = opened.writeScript(expPath=str(file), target=target)
        file.with_name(f"experiment_lastrun.{suffix}").write_text(script, encoding="utf-8")
    sys.stdout.write(json.dumps({"resources": sorted(one["rel"] for one in opened.getResourceFiles())}) + "\n")

"""In PsychoPy's own environment: the names that Builder reserves, as JSON."""

import json
import sys

from psychopy.experiment.exports import NameSpace

names = {*NameSpace.numpy, *NameSpace.keywords, *NameSpace.builder, *NameSpace.constants, *NameSpace.psychopy}
sys.stdout.write(json.dumps(sorted(names)) + "\n")

"""In PsychoPy's own environment: run experiment.py with a participant who presses keys without end."""

import itertools
import runpy
import sys
import threading
import time

from psychopy import event

script, participant, keys = sys.argv[1:]


def press():
    for key in itertools.cycle(keys.split(",")):
        event._onPygletKey(key, 0, emulated=True)
        time.sleep(0.05)


threading.Thread(target=press, daemon=True).start()
sys.argv = [script, participant]
runpy.run_path(script, run_name="__main__")

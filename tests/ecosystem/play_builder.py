"""In PsychoPy's own environment: run what Builder wrote with a participant who presses keys without end."""

import itertools
import runpy
import sys
import threading
import time

from playing_psychopy import answer_dialog, keys_of_the_window
from psychopy import event

script, participant, keys = sys.argv[1:]


def press():
    for key in itertools.cycle(keys.split(",")):
        event._onPygletKey(key, 0, emulated=True)
        time.sleep(0.04)


answer_dialog(participant)
keys_of_the_window()
threading.Thread(target=press, daemon=True).start()
sys.argv = [script]
runpy.run_path(script, run_name="__main__")

"""In PsychoPy's own environment: run an experiment of chains with somebody who answers, and stops in the middle.

    python chain_psychopy.py SCRIPT TOKEN TRIALS SHOT.png

They press Escape after so many TRIALS (0: never). A slider is moved three steps and left there; of two pictures the
first is chosen. SHOT.png is a trial.
"""

import runpy
import sys
import threading
import time

from PIL import ImageGrab
from playing_psychopy import keys_of_the_window
from psychopy import event, visual

script, token, stops_after, shot = sys.argv[1:]
drawn, seen, answered = [], [], 0
lock = threading.Lock()


def spied(kind):
    draw = kind.draw

    def spy(self, *args, **options):
        drawn.append("a picture" if kind is visual.ImageStim else str(self.text))
        return draw(self, *args, **options)

    kind.draw = spy


flip = visual.Window.flip


def flipped(self, *args, **options):
    global drawn, seen
    with lock:
        found = flip(self, *args, **options)
        drawn, seen = [], drawn
        return found


def press():
    global answered
    was_trial, moved = False, 0
    while True:
        time.sleep(0.05)
        with lock:
            words, pictures = " ".join(one for one in seen if one != "a picture"), seen.count("a picture")
            is_trial = pictures > 0 and "[" in words
            if was_trial and not is_trial:
                answered, moved = answered + 1, 0
                if int(stops_after) == answered:
                    event._onPygletKey("escape", 0, emulated=True)
            was_trial = is_trial
            if is_trial:
                if answered == 1 and not moved:
                    ImageGrab.grab(xdisplay="").save(shot)
                slides = "[RETURN]" in words
                event._onPygletKey("right" if slides and moved < 3 else "return" if slides else "f", 0, emulated=True)
                moved += 1
            elif "[Space" in words or "[SPACE" in words:
                event._onPygletKey("space", 0, emulated=True)


for kind in (visual.ImageStim, visual.TextStim):
    spied(kind)
visual.Window.flip = flipped
keys_of_the_window()
threading.Thread(target=press, daemon=True).start()
sys.argv = [script, "p01", token]
runpy.run_path(script, run_name="__main__")

"""In PsychoPy's own environment: run an experiment, of Coder or of Builder, with an observer who looks at the window.

    python observe_psychopy.py SCRIPT PARTICIPANT OBSERVER.json [PICTURES]

OBSERVER.json has truth, sigma, seed. What is drawn between two flips is what is seen. Of each kind of screen a picture
is written into the folder PICTURES.
"""

import json
import random
import runpy
import sys
import threading
import time
from pathlib import Path

from PIL import ImageGrab
from playing_psychopy import answer_dialog, keys_of_the_window
from psychopy import event, visual
from watching_observer import Observer, hints_in

script, participant, about, *pictures = sys.argv[1:]
told = json.loads(Path(about).read_text(encoding="utf-8"))
observer = Observer(told["truth"], told["sigma"], random.Random(told["seed"]))
# What is drawn for the next flip, what was seen at the last one, and the key that answers it.
drawn, seen, pressed = [], [], None
lock = threading.Lock()
kinds = {}


def spied(kind):
    draw = kind.draw

    def spy(self, *args, **options):
        name = self.image if kind is visual.ImageStim else self.text
        drawn.append((kind is visual.ImageStim, str(name), *map(float, self.pos)))
        return draw(self, *args, **options)

    kind.draw = spy


def key_for(seen):
    """What to press: go on where the page says so, answer where there are pictures and keys."""
    shown = [tuple(one[1:]) for one in seen if one[0] and "masks" not in one[1]]
    hints = {key: words for one in seen if not one[0] for key, words in hints_in(one[1]).items()}
    if "Space" in hints:
        return "space"
    # In the units of a picture a row is as high as it is wide.
    return observer.key(shown, hints).lower() if shown and hints else None


def keep_picture(seen):
    """One of each kind of screen, by its pictures and the length of its text, of the whole display."""
    words = "".join(letter for one in seen if not one[0] for letter in one[1] if letter.isalnum())[:12]
    kind = f"{sum(one[0] for one in seen)}_pictures_{words}"
    if pictures and seen and kind not in kinds:
        kinds[kind] = True
        ImageGrab.grab(xdisplay="").save(Path(pictures[0]) / f"{len(kinds)}_{kind}.png")


flip = visual.Window.flip


def flipped(self, *args, **options):
    global drawn, seen, pressed
    with lock:
        # What has autoDraw is drawn by the flip itself.
        found = flip(self, *args, **options)
        drawn, now = [], drawn
        if now != seen:
            seen, pressed = now, key_for(now)
            keep_picture(now)
        return found


def press():
    while True:
        time.sleep(0.02)
        with lock:
            if pressed:
                event._onPygletKey(pressed, 0, emulated=True)


for kind in (visual.ImageStim, visual.TextStim):
    spied(kind)
visual.Window.flip = flipped
answer_dialog(participant)
keys_of_the_window()
threading.Thread(target=press, daemon=True).start()
sys.argv = [script, participant]
runpy.run_path(script, run_name="__main__")

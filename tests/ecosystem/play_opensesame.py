"""In OpenSesame's own environment: run a .osexp on a screen that is none, with keys that come without end.

    python play_opensesame.py FILE SUBJECT LOG KEYS [PICTURES]

Of each screen that a key is pressed on a picture is written into the folder PICTURES.
"""

import itertools
import os
import sys
import threading
import time
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = os.environ["SDL_AUDIODRIVER"] = "dummy"
import pygame
from libopensesame.experiment import Experiment

file, subject, log, keys, *pictures = sys.argv[1:]
CODES = {"space": pygame.K_SPACE, "up": pygame.K_UP, "down": pygame.K_DOWN, "left": pygame.K_LEFT}
CODES |= {"right": pygame.K_RIGHT, "return": pygame.K_RETURN}


def press():
    for number, key in enumerate(itertools.cycle(keys.split(","))):
        time.sleep(0.5 if pictures else 0.03)
        if pictures and pygame.display.get_surface():
            pygame.image.save(pygame.display.get_surface(), str(Path(pictures[0]) / f"{number:03}.png"))
        if pygame.display.get_init():
            code = CODES.get(key, ord(key[0]))
            text = key if len(key) == 1 else ""
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=code, unicode=text, mod=0))


experiment = Experiment(string=file, logfile=log, subject_nr=int(subject), experiment_path=str(Path(file).parent))
for part in ("canvas", "keyboard", "mouse", "sampler", "clock", "color"):
    experiment.var.set(f"{part}_backend", "legacy")
experiment.var.fullscreen = "no"
threading.Thread(target=press, daemon=True).start()
experiment.run()
experiment.end()

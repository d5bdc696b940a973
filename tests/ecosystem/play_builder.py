"""In PsychoPy's own environment: run what Builder wrote with a participant who presses keys without end."""

import itertools
import runpy
import sys
import threading
import time

from psychopy import event, gui
from psychopy.hardware import keyboard

script, participant, keys = sys.argv[1:]


class Answered:
    """The dialog, answered at once."""

    OK = True

    def __init__(self, dictionary, **options):
        dictionary["participant"] = participant


def dispatch(device):
    """As PsychoPy's own for the keys of a window, which in 2026.2.5 takes the pair of key and time for the name."""
    for name, _ in event.getKeys(timeStamped=True):
        pressed = keyboard.KeyPress(code=None, tDown=device.clock.getTime(), name=name)
        pressed.rt = device.clock.getTime()
        device.receiveMessage(pressed)


def press():
    for key in itertools.cycle(keys.split(",")):
        event._onPygletKey(key, 0, emulated=True)
        time.sleep(0.04)


gui.DlgFromDict = Answered
# Keys of a screen in memory come through the window, and not from a device.
keyboard.KeyboardDevice._backend = "event"
keyboard.KeyboardDevice.dispatchMessages = dispatch
threading.Thread(target=press, daemon=True).start()
sys.argv = [script]
runpy.run_path(script, run_name="__main__")

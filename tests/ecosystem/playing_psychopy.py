"""In PsychoPy's own environment: what a participant who is none needs, whoever wrote the experiment."""

from psychopy import event, gui
from psychopy.hardware import keyboard


def answer_dialog(participant):
    """The dialog is answered at once."""

    class Answered:
        OK = True

        def __init__(self, dictionary, **options):
            dictionary["participant"] = participant

    gui.DlgFromDict = Answered


def _dispatch(device):
    """As PsychoPy's own for the keys of a window, which in 2026.2.5 takes the pair of key and time for the name."""
    for name, _ in event.getKeys(timeStamped=True):
        pressed = keyboard.KeyPress(code=None, tDown=device.clock.getTime(), name=name)
        pressed.rt = device.clock.getTime()
        device.receiveMessage(pressed)


def keys_of_the_window():
    """Keys of a screen in memory come through the window, and not from a device."""
    keyboard.KeyboardDevice._backend = "event"
    keyboard.KeyboardDevice.dispatchMessages = _dispatch

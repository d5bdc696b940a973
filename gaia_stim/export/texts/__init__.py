"""All that participants read, in one wording for every program: a language is one JSON file beside this.

Marks in braces are filled in: {A} and {B}, the names of the ends of the line, and {question}, what people judge in
chains, when an experiment is written; {done}, {all}, {next}, {seconds} and {distance} by the experiment. `stacked` of a
task is what is read where its pictures stand one above the other, for programs that can do that.
"""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaia_stim.config.base import said
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.gate import text_of

_HERE = files("gaia_stim.export.texts")
LANGUAGES = tuple(sorted(file.name.removesuffix(".json") for file in _HERE.iterdir() if file.name.endswith(".json")))
ENDS = ("A", "B")
"""What the ends of a line are called where nobody gave them names."""

QUESTION = "{question}"
"""The mark of what people judge in chains, which nobody has given yet."""


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stacked(_Words):
    """What is read otherwise where pictures stand one above the other."""

    about: str | None = None
    instructions: str | None = None
    question: str | None = None
    answers: dict[str, str] = Field(default_factory=dict)


class TaskTexts(_Words):
    """What is read in one task."""

    name: str
    about: str
    """In a line, where a task is chosen."""
    instructions: str
    question: str
    answers: dict[str, str]
    """Answer to its words."""
    less: str | None = None
    more: str | None = None
    done: str | None = None
    """Adjustment: the keys that change the picture, and the one that ends it."""
    stacked: Stacked | None = None


class Texts(_Words):
    """A language."""

    language: str
    """Its code (BCP 47), as a page says it."""
    title: str
    participant: str
    choose: str
    start: str
    unknown_participant: str
    unnamed_participant: str
    unknown_task: str
    small: str
    too_small: str
    loading: str
    failed: str
    consent_title: str
    consent: str
    """What has to be agreed to; empty: nothing."""
    agree: str
    disagree: str
    declined: str
    calibrate_title: str
    calibrate_card: str
    calibrate_card_done: str
    calibrate_eye: str
    calibrate_times: str
    calibrate_again: str
    calibrate_yes: str
    calibrate_check: str
    ready: str
    go_on: str
    press: str
    practice: str
    practice_done: str
    break_title: str
    break_text: str
    break_wait: str
    progress: str
    resumed: str
    start_again: str
    fullscreen: str
    fullscreen_back: str
    other_tab_title: str
    other_tab: str
    block_incomplete: str
    block_completed: str
    finish: str
    not_on_jatos: str
    end: str
    sending: str
    not_sent: str
    try_again: str
    save: str
    saved: str
    sent: str
    save_again: str
    fixation: str
    too_slow: str
    end_a: str
    end_b: str
    space: str
    enter: str
    no_server: str
    server_says: str
    not_simulated: str
    no_token: str
    tasks: dict[str, TaskTexts]
    """By look: the task, or `mlds-triads`."""


def texts_of(
    language: str = "en", names: Sequence[str] = ENDS, consent: Path | None = None, question: str = QUESTION
) -> Texts:
    """The texts of a language, or of a `.json` like those here, with the names of the ends filled in, and of chains
    what people judge.

    Raises `ConfigError` for an unknown language, `DataError` where a file cannot be read or lacks a text.
    """
    if language.lower().endswith(".json"):
        content = _read(Path(language))
    elif language in LANGUAGES:
        content = (_HERE / f"{language}.json").read_text(encoding="utf-8")
    else:
        raise ConfigError(f"--language: '{language}' is none of {', '.join(LANGUAGES)}, and no file that ends in .json")
    for mark, name in zip("AB", names, strict=True):
        content = content.replace(f"{{{mark}}}", json.dumps(name)[1:-1])
    content = content.replace(QUESTION, json.dumps(question)[1:-1])
    try:
        texts = Texts.model_validate_json(content)
    except ValidationError as error:
        mistake = error.errors()[0]
        where = ".".join(str(part) for part in mistake["loc"])
        raise DataError(
            f"{language}: {where or 'the file'}: {said(mistake)}; it should have the texts that en.json has"
        ) from None
    return texts if consent is None else texts.model_copy(update={"consent": _read(consent).strip()})


def _read(path: Path) -> str:
    return text_of(path)

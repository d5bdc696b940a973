"""How an experiment shows its trials, as one record that every program's files are made from and that a lab may edit.

`settings.json` (for jsPsych `settings.js`) and `texts.json` lie in the written folder and are kept by `--force`. Their
defaults stand in `config/exports.py`; what only some programs can do is said in `PRESENTED`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaia_stim.config import PresentationConfig
from gaia_stim.config.options import option_name
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export import ADAPTIVE, PRESENTED
from gaia_stim.export.texts import ENDS, QUESTION, Texts, texts_of
from gaia_stim.files import hash_bytes, json_bytes, write_json
from gaia_stim.gate import json_of, mistake_in, text_of
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials

SETTINGS, TEXTS = "settings.json", "texts.json"
EDITABLE = frozenset({"experiment.js", SETTINGS, TEXTS, "settings.js", "texts.js"})
"""What `--force` keeps as somebody edited it. A page that is opened from a file can read no JSON, but scripts."""

KEYS: Mapping[str, Mapping[str, str]] = {
    "identification": {"a": "f", "b": "j"},
    "2afc": {"a": "f", "b": "j"},
    "constant": {"a": "f", "b": "j"},
    "abx": {"a": "f", "b": "j"},
    "same-different": {"same": "f", "different": "j"},
    "oddity": {"a": "1", "b": "2", "c": "3"},
    "triplets": {"a": "1", "b": "2", "c": "3"},
    "mlds": {"ab": "up", "cd": "down"},
    "mlds-triads": {"ab": "f", "bc": "j"},
    "adjustment": {"less": "left", "more": "right", "done": "return"},
    "mcmcp": {"a": "f", "b": "j"},
    "gsp": {"less": "left", "more": "right", "done": "return"},
}
"""Look (task, or `mlds-triads`) to answer to key: these are letters, digits, up, down, left, right, space, return."""


Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]
Word = Annotated[str, Field(max_length=1000)]


class Settings(BaseModel):
    """What `settings.json` says. All times in ms, sizes in degrees of visual angle, lengths in cm."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    degrees: Annotated[float, Field(gt=0, lt=180)] | None
    """The larger side of a picture; None: small pictures a whole number of times larger."""
    distance_cm: Annotated[float, Field(gt=0, le=100_000)]
    resample: Literal["nearest", "lanczos"]
    least_size: Annotated[float, Field(ge=0, le=1)]
    """Nothing is shown where pictures would be smaller than this share of their size."""
    display: Word
    """What the pictures are shown on: srgb, linear, gamma:X, or the name of a measured table."""
    fixation_ms: Annotated[tuple[Milliseconds, Milliseconds], Field(strict=False)]
    """From and to; chance decides between."""
    duration_ms: Milliseconds | None
    """None: pictures stay until the answer, the first of same-different `first_ms`."""
    first_ms: Milliseconds
    isi_ms: Milliseconds
    mask: Literal["none", "noise", "scrambled"]
    """`masks/STIM_ID.png` follows a picture that goes before the answer."""
    mask_ms: Milliseconds
    timeout_ms: Milliseconds | None
    break_seconds: Annotated[int, Field(ge=0, le=86_400)]
    break_every: Annotated[int, Field(ge=1)] | None
    show_ends: bool
    names: Annotated[tuple[Word, Word], Field(strict=False)]
    """Of the ends of the line; the texts have them filled in already."""
    language: Word
    keys: dict[Word, dict[Word, Word]]


class PageSettings(Settings):
    """What `settings.js` says beside what all programs have."""

    fullscreen: bool = True
    late_ms: Milliseconds = 700
    """How long it is said that no answer came in time."""
    repetitions: Annotated[int, Field(ge=1, le=100_000)] = 4
    """Without a design: how often each picture, or pair, or target comes."""
    targets: Annotated[int, Field(ge=1, le=100_000)] = 5
    """Without a design: how many pictures are adjusted to."""
    blocks: Annotated[int, Field(ge=1, le=100_000)] = 2
    """Without a design."""
    slider_presses: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Presses of a key from one end of a smooth slider to the other."""
    incomplete_session: Literal["resume", "restart", "block"] = "resume"
    """What comes of a session that was begun and not finished."""
    completed_session: Literal["restart", "block"] = "restart"
    """What comes of a participant who has done it all already; online they are blocked."""
    max_age: Annotated[int, Field(ge=0)] | None = None
    """Milliseconds after which an unfinished session begins anew; None: never."""


@dataclass(frozen=True)
class Presentation:
    """What is shown how, and in which words."""

    settings: Settings
    texts: Texts

    def request(self) -> dict[str, Any]:
        """What of it decides an export."""
        return {"settings": as_json(self.settings), "texts": hash_bytes(json_bytes(as_json(self.texts)))}

    def key_map(self, trials: Trials) -> dict[str, str]:
        """Key to answer of a design's task: what is needed to read the results of programs that write the key."""
        return {key: answer for answer, key in self.settings.keys.get(look_of(trials), {}).items()}


def check_options(program: str, config: PresentationConfig) -> None:
    """Raises `ConfigError` for an option that the program's files would not heed."""
    heeded = PRESENTED.get(program, frozenset())
    for name, field in PresentationConfig.model_fields.items():
        if name not in heeded and getattr(config, name) != field.default:
            able = ", ".join(other for other, names in PRESENTED.items() if name in names)
            raise ConfigError(f"{option_name(name)}: not for {program}; it is heeded by {able}")


def check_adaptive(program: str, trials: Trials | None) -> None:
    """Raises `ConfigError` for a design that chooses its stimuli while it runs where the program's files cannot, and
    `DataError` where its list came without the record that says how.
    """
    if trials is None or "procedure" not in trials.table:
        return
    if program not in ADAPTIVE:
        raise ConfigError(
            f"--to {program}: the design is a {trials.table['procedure'].iloc[0]}, which chooses its stimuli while the "
            f"experiment runs; {' and '.join(sorted(ADAPTIVE))} run it"
        )
    if not trials.record.get("procedure"):
        raise DataError(
            "--design: a list of an adaptive design, without the design.json beside it that says how it goes on"
        )


def is_of_chains(trials: Trials | None) -> bool:
    """Whether a design's stimuli are a server's."""
    return trials is not None and "chains" in (trials.record.get("procedure") or {})


def presentation(stimuli: StimulusSet, trials: Trials | None, config: PresentationConfig | None = None) -> Presentation:
    """What the options ask for, for a set and a design; without options the defaults.

    Raises as `texts_of`.
    """
    config = config or PresentationConfig()
    record = {} if trials is None else trials.record
    first, second = (str(name) for name in record.get("names", ENDS))
    texts = texts_of(config.language, (first, second), config.consent, str(record.get("question") or QUESTION))
    if config.mask != "none" and is_of_chains(trials):
        raise ConfigError("--mask: masks are made with a set, and chains make their pictures while they run")
    low, _, high = config.fixation.partition(":")
    settings = Settings(
        degrees=config.degrees,
        distance_cm=config.distance,
        resample=config.resample,
        least_size=config.least_size,
        display=Path(config.display).name if config.display else stimuli.provenance.display.name,
        fixation_ms=(int(low), int(high or low)),
        duration_ms=config.duration,
        first_ms=800,
        isi_ms=config.isi,
        mask=config.mask,
        mask_ms=config.mask_duration,
        timeout_ms=config.timeout,
        break_seconds=config.break_seconds,
        break_every=config.break_every,
        show_ends=config.show_ends,
        names=(first, second),
        language=texts.language,
        keys={look: dict(keys) for look, keys in KEYS.items()},
    )
    return Presentation(settings, texts)


def warnings(out: Path, how: Presentation, config: PresentationConfig, stimuli: StimulusSet) -> list[str]:
    """What may not be as it was asked: settings that somebody edited, a display that the files are not for."""
    made_for = stimuli.provenance.display.name
    usual = as_json(presentation(stimuli, None).settings)
    asked = as_json(how.settings)
    kept, told = _settings_in(out), list(_mistakes_in(out, how))
    told += [
        f"{out}: {name} stays {kept[name]} and is not {asked[name]}, for the settings there were edited and are kept"
        for name in asked
        if asked[name] not in (usual[name], kept.get(name, asked[name]))
    ]
    if config.display and asked["display"] != made_for:
        told.append(
            f"the files of {stimuli.folder} are for a display of {made_for}, and --display says {config.display}: "
            f"their luminances will be others; 'gaia-stim match --display {config.display}' makes files for it"
        )
    return told


def _settings_in(out: Path) -> dict[str, Any]:
    """The settings of a written folder; nothing where they are no plain JSON any more."""
    found = (_kept(out / name) for name in (SETTINGS, "settings.js") if (out / name).is_file())
    return next((kept for kept in found if isinstance(kept, dict)), {})


def _mistakes_in(out: Path, how: Presentation) -> Iterator[str]:
    """What is wrong with settings and texts as somebody edited them: an experiment takes them as they stand.

    What was taken out is as it is exported, and a script may be more than its JSON.
    """
    kinds: dict[str, type[Settings | Texts]] = {
        SETTINGS: Settings,
        "settings.js": PageSettings,
        TEXTS: Texts,
        "texts.js": Texts,
    }
    for file, kind in ((out / name, kind) for name, kind in kinds.items() if (out / name).is_file()):
        kept = _kept(file)
        if kept is None and file.suffix == ".js":
            continue
        try:
            kind.model_validate(_over(as_json(how.texts if kind is Texts else how.settings), kept))
        except ValidationError as error:
            yield f"{file}: kept as it was edited, and the experiment may not run with it: {mistake_in(error)}"


def _over(usual: Any, edited: Any) -> Any:
    if not isinstance(usual, dict) or not isinstance(edited, dict):
        return edited
    return {**usual, **{name: _over(usual.get(name), value) for name, value in edited.items()}}


def _kept(file: Path) -> Any:
    """What stands in a file of ours that may have been edited; None where it is no plain JSON, or script, any more."""
    _, is_script, content = (text := text_of(file)).partition(f"var {file.stem} = ")
    try:
        return json_of((content if is_script else text).strip().removesuffix(";"))
    except ValueError:
        return None


def look_of(trials: Trials) -> str:
    """The task as it looks: mlds with three stimuli a trial is `mlds-triads`."""
    is_triads = trials.task == "mlds" and not (trials.table["stim_d"] != "").any()
    return "mlds-triads" if is_triads else trials.task


def as_json(part: Settings | Texts) -> dict[str, Any]:
    """As it stands in a file."""
    return part.model_dump(mode="json", exclude_none=isinstance(part, Texts))


def write_presentation(how: Presentation, folder: Path) -> None:
    """`settings.json` and `texts.json`, which a lab may edit."""
    write_json(folder / SETTINGS, as_json(how.settings))
    write_json(folder / TEXTS, as_json(how.texts))

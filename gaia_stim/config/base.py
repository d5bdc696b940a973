"""What the configs of all verbs share: when two ask for the same, how text becomes values, how mistakes are told."""

import math
import os
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from gaia_stim.config.options import Asking, Decides, Model, Option, Role, Watching, option_name, options
from gaia_stim.errors import ConfigError, suggestion
from gaia_stim.gate import LONGEST_TEXT


class Config(BaseModel):
    """A verb's options: frozen, finite, and nothing in them that the verb does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    is_shared: ClassVar[bool] = False
    """Whether processes that were started together share the verb's work; else the first of them does it alone."""

    @field_validator("*", mode="before")
    @classmethod
    def _places(cls, value: Any, info: ValidationInfo) -> Any:
        """A file or folder has a name, and `~` is the home of who asks wherever a shell has left it as it is.

        No text, alone or one of several, holds a NUL: neither a file could have it as its name, nor a record show it.
        """
        several = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(one, str) and "\0" in one for one in several):
            raise ValueError("holds a NUL, which no name or text can have")
        if info.field_name is None:
            return value
        option = Option(info.field_name, cls.model_fields[info.field_name])
        if not option.is_path:
            return value
        place = _written if option.role is Role.OUTPUT else _place
        return [place(one) for one in value] if isinstance(value, list | tuple) else place(value)

    def request(self) -> dict[str, Any]:
        """The options that decide the result, as JSON values; the verb adds the hashes of what is read."""
        return self.model_dump(mode="json", include=self.fields(Role.DECIDES))

    @classmethod
    def fields(cls, role: Role) -> set[str]:
        """The fields with that role."""
        return {option.field for option in options(cls).values() if option.role is role}


class Record(Config):
    """What a file of ours says of what was asked for and what came of it: no text of it is too long to be shown."""

    model_config = ConfigDict(str_max_length=LONGEST_TEXT)


ConfigT = TypeVar("ConfigT", bound=Config)


def _place(value: Any) -> Any:
    if not isinstance(value, str | Path):
        return value
    if value == "":
        raise ValueError("should name a file or folder; it is empty")
    # Only one's own home: any other ~name is left by a shell only where there is nobody of that name.
    return Path(value).expanduser() if str(value) == "~" or str(value).startswith("~/") else value


def _written(value: Any) -> Any:
    """As `_place`, and `new/..` is where it leads to, whether there is a `new` or not."""
    place = _place(value)
    if not isinstance(place, str | Path) or ".." not in Path(place).parts:
        return place
    flat = Path(os.path.normpath(place))
    return flat if flat.resolve() == Path(place).resolve() else Path(place).resolve()


def make(kind: type[ConfigT], values: Mapping[str, Any], name: Callable[[str], str] = option_name) -> ConfigT:
    """Build a config from what a user gave. Raises `ConfigError`, a line a mistake, in the user's own names."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(kind, mistake, name) for mistake in error.errors())) from None


def _explain(kind: type[Config], mistake: Any, name: Callable[[str], str]) -> str:
    field = str(mistake["loc"][0]) if mistake["loc"] else ""
    if mistake["type"] == "extra_forbidden":
        return f"unknown option {name(field)}{suggestion(field, kind.model_fields)}"
    if mistake["type"] == "missing":
        return f"{name(field)}: is needed"
    return f"{name(field)}: {said(mistake)}" if field else said(mistake)


def said(mistake: Any) -> str:
    """One of pydantic's mistakes in our words, and what was given; the field's name is left to the caller."""
    message: str = mistake["msg"].removeprefix("Value error, ")
    message = message.replace("Input should", "should").replace("String should", "should")
    given = mistake["input"]
    is_told = bool(mistake["loc"]) and isinstance(given, str | int | float)
    return f"{message} (got {str(given)[:80]!r})" if is_told else message


def _count(value: Any) -> Any:
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKmM]?)\s*", value)):
        number = Decimal(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()]
        return int(number) if number == int(number) else value
    return value


Count = Annotated[int, BeforeValidator(_count), Field(ge=1)]
"""A whole number that may be written `400k` or `1.5M`."""

MOST_LEVELS = 10_000
FOLDERS = "How folders are read"


def levels(text: str) -> list[float]:
    """The numbers that `LOW:HIGH:N` means, N of them evenly from LOW to HIGH. Raises `ValueError` in a user's words."""
    try:
        low, high, count = text.split(":")
        start, end, steps = float(low), float(high), int(count)
    except ValueError:
        raise ValueError(f"'{text}' is not LOW:HIGH:N, as in 0.5:1.5:5") from None
    if not (math.isfinite(start) and math.isfinite(end) and 1 <= steps <= MOST_LEVELS) or (start == end) != (
        steps == 1
    ):
        raise ValueError(f"'{text}' is not LOW:HIGH:N: N different numbers from LOW to HIGH, as in 0.5:1.5:5")
    return [start + (end - start) * step / max(1, steps - 1) for step in range(steps)]


class FolderConfig(Config):
    """What verbs can be asked that open a folder of images."""

    strict: Annotated[
        bool,
        Watching(
            "Refuse a folder with images that cannot be read, or links that lead out of it, instead of skipping them.",
            panel=FOLDERS,
        ),
    ] = False
    follow_links: Annotated[
        bool,
        Watching("Follow links that lead out of a folder of images, instead of counting them.", panel=FOLDERS),
    ] = False


Fit = Literal["crop", "pad"]

ModelPath = Annotated[
    Path | None,
    Model(
        "The model: a run folder, or builtin. Else $GAIA_STIM_MODEL, else what runs/latest names, else builtin.",
        "RUN",
        short="-m",
    ),
]
RecordedModel = Annotated[
    Path | None, Watching("The model's run folder, where it is no longer where the provenance says.", "RUN", short="-m")
]
Force = Annotated[bool, Asking("Replace what is already there.")]
Seed = Annotated[int, Field(ge=0, lt=2**63), Decides("Seed of everything that is left to chance.")]
Device = Annotated[str, Decides("auto, cpu, cuda or cuda:N.", metavar="NAME")]
Threads = Annotated[int, Field(ge=0, le=1024), Watching("Processor threads; 0: as many as there are free cores.", "N")]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"], Decides("Arithmetic of training; auto is bf16 where the processor has it.")
]

"""What varies among the sample faces, and how those values are dealt.

One table names every attribute; nothing else distinguishes two faces. A face's values come from a
counter-based generator keyed by (seed, index), so image 17 is the same face in a set of 20 and in a
set of 20,000. The confounded deal bends only the distribution of age given sex, to the ratios that
Sainburg et al. (2018) report for CelebA-HQ, so that its effect can be told from everything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

AGE_THRESHOLD = 45.0
"""Years; a face is young when its age is below this."""

YOUNG_PER_OLD = {"male": 0.28, "female": 8.49}
"""Young faces for each old one in a confounded deal (Sainburg et al. 2018, CelebA-HQ)."""

GLASSES_RATE = 0.3


@dataclass(frozen=True)
class Attribute:
    """One thing that varies: a binary attribute takes `low` or `high`, a graded one all between."""

    name: str
    kind: Literal["binary", "graded"]
    low: float
    high: float
    neutral: float
    description: str


_TABLE = (
    Attribute("age", "graded", 18, 80, 30, "age in years: wrinkles, sagging, greying, hairline"),
    Attribute("sex", "graded", -1, 1, 0, "sex-typicality, -1 female-typical to +1 male-typical"),
    Attribute("skin_tone", "graded", 0, 1, 0.25, "skin colour, 0 lightest to 1 darkest"),
    Attribute("hair_color", "graded", 0, 1, 0.35, "hair colour before greying, 0 black to 1 blond"),
    Attribute("hair_length", "graded", 0, 1, 0.3, "hair length, 0 cropped to 1 below the shoulders"),
    Attribute("face_width", "graded", 0.88, 1.12, 1, "width of the face, ratio to the average"),
    Attribute("eye_size", "graded", 0.8, 1.2, 1, "size of the eyes, ratio to the average"),
    Attribute("eye_spacing", "graded", 0.88, 1.12, 1, "distance between the eyes, ratio to the average"),
    Attribute("brow_angle", "graded", -16, 16, 0, "degrees the outer ends of the brows are turned up"),
    Attribute("nose_length", "graded", 0.8, 1.2, 1, "length of the nose, ratio to the average"),
    Attribute("nose_width", "graded", 0.7, 1.4, 1, "width of the nose, ratio to the average"),
    Attribute("lip_fullness", "graded", 0.5, 1.6, 1, "height of the lips, ratio to the average"),
    Attribute("smile", "graded", -1, 1, 0, "-1 corners of the mouth turned down to +1 broad smile"),
    Attribute("mouth_open", "graded", 0, 1, 0, "opening of the mouth, 0 closed to 1 wide open"),
    Attribute("glasses", "binary", 0, 1, 0, "1 wears glasses, 0 does not"),
    Attribute("yaw", "graded", -30, 30, 0, "degrees the head is turned, positive to the image's right"),
    Attribute("light_direction", "graded", -60, 60, 20, "degrees of the key light, positive from the right"),
)

ATTRIBUTES: dict[str, Attribute] = {attribute.name: attribute for attribute in _TABLE}
"""Every attribute by name, in the order of the columns of labels.csv."""


def complete(attributes: Mapping[str, float]) -> dict[str, float]:
    """All attribute values, in table order, with neutral values where `attributes` names none.

    Raises ValueError, naming the attribute and its range, for an unknown name, a value outside the
    range (or not a number), and a binary attribute that is neither of its two values.
    """
    unknown = [name for name in attributes if name not in ATTRIBUTES]
    if unknown:
        raise ValueError(f"unknown attribute {unknown[0]!r}; the attributes are {', '.join(ATTRIBUTES)}")
    values = {name: float(attributes.get(name, spec.neutral)) for name, spec in ATTRIBUTES.items()}
    for name, value in values.items():
        spec = ATTRIBUTES[name]
        if spec.kind == "binary" and value not in (spec.low, spec.high):
            raise ValueError(f"{name} is {value:g}, but it is binary: either {spec.low:g} or {spec.high:g}")
        if not spec.low <= value <= spec.high:
            raise ValueError(f"{name} is {value:g}, outside its range {spec.low:g} to {spec.high:g}")
    return values


def deal(index: int, seed: int, *, confound: bool = False) -> dict[str, float]:
    """The true attribute values of image `index` of the set `seed`, in table order.

    Graded attributes are uniform over their range and independent. With `confound`, only age changes:
    the share of young faces is that of `YOUNG_PER_OLD` for the face's sex (male means sex > 0), and
    age is uniform within young and within old. Raises ValueError for a negative index or seed.
    """
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, index))))
    uniform = dict(zip(ATTRIBUTES, rng.random(len(ATTRIBUTES)).tolist(), strict=True))
    values = {name: _spread(spec, uniform[name]) for name, spec in ATTRIBUTES.items()}
    if confound:
        values["age"] = _confounded_age(uniform["age"], male=values["sex"] > 0)
    return values


def _spread(spec: Attribute, uniform: float) -> float:
    if spec.kind == "binary":
        return spec.high if uniform < GLASSES_RATE else spec.low
    return spec.low + uniform * (spec.high - spec.low)


def _confounded_age(uniform: float, *, male: bool) -> float:
    """The age at quantile `uniform` of a density that is flat below and flat above the threshold."""
    odds = YOUNG_PER_OLD["male" if male else "female"]
    young = odds / (1 + odds)
    age = ATTRIBUTES["age"]
    return float(np.interp(uniform, (0, young, 1), (age.low, AGE_THRESHOLD, age.high)))

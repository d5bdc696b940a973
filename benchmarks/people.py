"""What people answered to morphs of faces, fitted by `gaia-stim scale`, beside what was published of it.

    python benchmarks/people.py [DRAWS]

Ten people, three morphs at four places of the visual field, two sessions: 24 continua of ten times 70 trials (Visconti
di Oleggio Castello et al. 2018, tests/data/face_morphs). The published points of subjective equality are those of a
logistic mixed model without guesses and lapses, whose slope all people and places share; ours are of each continuum.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

import pandas as pd

from gaia_stim.config import ScaleConfig
from gaia_stim.pipeline.scale import scale

DATA = Path(__file__).parents[1] / "tests" / "data" / "face_morphs"
CELL = ["morph_type", "location", "session"]


def results(answers: pd.DataFrame) -> pd.DataFrame:
    """A row a trial, as an experiment saves it; who named the third person is left out, as the authors did."""
    rows = [
        {
            "task": "identification",
            "stim_a": f"m_{one.morph:04}",
            "alpha_a": one.morph / 100,
            "response": response,
            "participant": one.subject,
            "set_name": f"{one.morph_type}_{one.location}_{one.session}",
        }
        for one in answers.itertuples()
        for response, count in (("a", one.first), ("b", one.second))
        for _ in range(count)
    ]
    found = pd.DataFrame(rows)
    ids = found["set_name"].map(lambda name: f"set_{hashlib.sha256(name.encode()).hexdigest()[:17]}")
    return found.assign(set_id=ids, trial=range(1, len(found) + 1))


def fitted(draws: int, by: str) -> pd.DataFrame:
    """A row a scale: continuum, who, figures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "results.csv")
        results(pd.read_csv(DATA / "answers.csv")).to_csv(file, index=False)
        asked = {"responses": (file,), "bootstrap": draws, "by": by, "out": Path(folder, "scale")}
        made = scale(ScaleConfig.model_validate(asked))
    return pd.DataFrame([{"set": one.set, "subject": one.participant, **one.figures} for one in made.scales])


def published() -> pd.DataFrame:
    found = pd.read_csv(DATA / "published_pse.csv")
    names = [f"{one.morph_type}_{one.location}_{one.session}" for one in found.itertuples()]
    return found.assign(set=names, published=found["pse"] / 100)[["set", "subject", "published"]]


def told(what: str, ours: pd.Series, theirs: pd.Series) -> None:
    off = (ours - theirs).abs()
    print(
        f"{what}: n {len(ours)}, r {ours.corr(theirs):.3f}, mean difference {off.mean():.3f}, largest {off.max():.3f}"
    )


def again(table: pd.DataFrame, name: str) -> float:
    """How the two sessions correlate, over morphs and places."""
    where = table["set"].str.rsplit("_", n=1, expand=True)
    wide = table.assign(where=where[0], session=where[1]).pivot(index="where", columns="session", values=name)
    return float(wide["1"].corr(wide["2"]))


def main() -> None:
    draws = int((sys.argv[1:] or ["200"])[0])
    people = published()
    means = people.groupby("set", as_index=False)["published"].mean()
    together = fitted(draws, "all").merge(means, on="set")
    for name in ("pse", "half"):
        told(f"{name} of ten people", together[name], together["published"])
        print(f"  session with session: r {again(together, name):.3f}; published {again(together, 'published'):.3f}")
        if draws:
            inside = together["published"].between(together[f"{name}_low"], together[f"{name}_high"])
            width = (together[f"{name}_high"] - together[f"{name}_low"]).mean()
            print(f"  published inside the interval: {inside.sum()} of {len(inside)}, mean width {width:.3f}")
    each = fitted(0, "participant").merge(people, on=["set", "subject"])
    print(f"people's own: {len(each)} of {len(people)} have a scale")
    for name in ("pse", "half"):
        kept = each[each[name].between(0, 1) & each["published"].between(0, 1)]
        told(f"{name} of each person, where both lie on the continuum", kept[name], kept["published"])
    rates = together[["guess", "lapse"]].max(axis=1)
    print(f"a rate above 0.1 in {(rates > 0.1).sum()} of {len(rates)} continua of all, at most {rates.max():.2f}")


if __name__ == "__main__":
    main()

"""What is wrong with a recipe is told at once, all of it, each where it stands."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gaia_stim.config import MorphConfig, SamplesConfig, TrainConfig
from gaia_stim.errors import ConfigError
from gaia_stim.names import BUILT_IN
from gaia_stim.recipe.plan import Recipe, load_recipe
from gaia_stim.yaml_nodes import Keyed, Mistakes, Scalar, parse_yaml


def load(tmp_path: Path, text: str, *overrides: str) -> Recipe:
    path = Path("recipe.yaml")
    (tmp_path / path).write_text(text)
    return load_recipe(path, overrides)


def mistakes(tmp_path: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, *overrides)
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


def test_all_mistakes_at_once_each_with_its_place(tmp_path: Path) -> None:
    text = """\
about: a study
stepps: 3
vars:
  n: 12
steps:
  faces:
    do: samples
    n: ${m}
    sise: 64
  continuum:
    do: morph
    first: ${faces}/images/a.png
    setps: 3
    steps: abc
  page:
    do: reprot
  big:
    do: samples
    n: 0
    seed: -1
"""
    assert mistakes(tmp_path, text) == [
        "recipe.yaml:2:1: unknown key 'stepps' (did you mean 'steps'?)",
        "recipe.yaml:8:8: unknown name 'm' in ${m}",
        "recipe.yaml:9:5: unknown key 'sise' (did you mean 'size'?)",
        "recipe.yaml:10:3: the step 'continuum' needs 'second'",
        "recipe.yaml:13:5: unknown key 'setps' (did you mean 'steps'?)",
        "recipe.yaml:14:12: steps: should be a valid integer, unable to parse string as an integer (got 'abc')",
        "recipe.yaml:16:9: unknown verb 'reprot' (did you mean 'report'?)",
        "recipe.yaml:19:8: n: should be greater than or equal to 1 (got '0')",
        "recipe.yaml:20:11: seed: should be greater than or equal to 0 (got '-1')",
    ]


def test_a_mistake_in_one_step_hides_none_in_the_steps_after_it(tmp_path: Path) -> None:
    text = "steps:\n  samples: {n: x}\n  morph: {first: a.png, steps: abc}\n"
    assert mistakes(tmp_path, text) == [
        "recipe.yaml:2:16: n: should be a valid integer, unable to parse string as an integer (got 'x')",
        "recipe.yaml:3:3: the step 'morph' needs 'second'",
        "recipe.yaml:3:18: first: a.png: no such file or folder",
        "recipe.yaml:3:32: steps: should be a valid integer, unable to parse string as an integer (got 'abc')",
    ]


def test_a_file_that_is_not_there_is_missed_beside_other_mistakes(tmp_path: Path) -> None:
    text = "steps:\n  samples: {n: x}\n  morph: {first: a.png, second: '${samples}/b.png', setps: 3, steps: 1}\n"
    assert mistakes(tmp_path, text) == [
        "recipe.yaml:2:16: n: should be a valid integer, unable to parse string as an integer (got 'x')",
        "recipe.yaml:3:18: first: a.png: no such file or folder",
        "recipe.yaml:3:53: unknown key 'setps' (did you mean 'steps'?)",
        "recipe.yaml:3:70: steps: should be greater than or equal to 2 (got '1')",
    ]


def test_numbers_and_words_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    text = (
        "vars: {word: no}\nsteps:\n  train: {lr: 1e-4, images-seen: 400k, background: '${word}', interpolations: no}\n"
    )
    config = load(tmp_path, text).jobs[0].config
    assert isinstance(config, TrainConfig)
    assert (config.lr, config.images_seen, config.background, config.interpolations) == (1e-4, 400_000, "no", False)


@pytest.mark.parametrize("word", ["no", "off", "on", "y", "0o17", "012", "1:30", "2024-01-01", "1e-4", "'null'", "<<"])
def test_what_is_written_stays_as_it_is_written(word: str) -> None:
    node = parse_yaml(word, "x", Mistakes(), deepest=1)
    assert isinstance(node, Scalar) and node.value == word.strip("'")


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_nothing(word: str) -> None:
    node = parse_yaml(f"a: {word}", "x", Mistakes(), deepest=1)
    assert isinstance(node, Keyed)
    assert isinstance(value := node.get("a"), Scalar) and value.value is None


BOMB = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [{', '.join([f'*{chr(ord(c) - 1)}'] * 9)}]\n" for c in "bcdefghij")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "recipe.yaml:2:8: aliases (*a) are not read here"),
        ("a: &a [*a]\n", "recipe.yaml:1:8: aliases (*a) are not read here"),
        ("steps: " + "[" * 3000, "recipe.yaml:1:13: too deep"),
        ("#" * 2_000_000, "recipe.yaml:1: larger than 128 KB"),
        ("steps:\n  samples:\n    n: 3\n    n: 4\n", "recipe.yaml:4:5: 'n' stands already in line 3"),
        ("steps:\n  samples: {}\nsteps:\n  samples: {}\n", "recipe.yaml:3:1: 'steps' stands already in line 1"),
        ("steps: !!python/object/apply:os.system ['true']\n", "recipe.yaml:1:8: tags (!!python/object/apply:os.sys"),
        ("steps: {samples: {}}\n---\nsteps: {}\n", "recipe.yaml:2:1: a second document"),
        ("steps: {samples: {}\n", "recipe.yaml:2:1: not YAML"),
        ("steps:\n  sample: [${a}, b]\n", 'write "${name}" with quotes'),
        ("steps:\n\tsamples:\n", "recipe.yaml:2:1: not YAML"),
        ("a: \x07\n", "recipe.yaml:1: not YAML (a character that is none"),
        ("- samples\n", "recipe.yaml:1:1: not a recipe; it starts with 'steps:'"),
        ("", "recipe.yaml:1:1: not a recipe"),
        ("about: x\n", "recipe.yaml:1:1: 'steps' is needed"),
        ("steps:\n", "recipe.yaml:1:1: 'steps' is needed"),
        ("steps: [samples]\n", "recipe.yaml:1:8: 'steps' is a list of 'name: …' lines"),
        ("steps: {samples: 3}\n", "recipe.yaml:1:18: the step 'samples' is a list of 'option: value' lines"),
        ("steps: {samples: {n: [3]}}\n", "recipe.yaml:1:22: a list of 1, where one value is taken"),
        ("steps: {samples: {n: {a: 3}}}\n", "recipe.yaml:1:22: a plain value is taken here"),
        ("steps: {samples: {n: '${'}}\n", "recipe.yaml:1:22: '${' lacks its }"),
        ("steps: {faces: {n: 3}}\n", "recipe.yaml:1:9: the step 'faces' needs 'do: VERB'"),
        ("steps: {9x: {do: samples}}\n", "recipe.yaml:1:9: a step cannot be called '9x'"),
        ("steps: {con: {do: samples}}\n", "recipe.yaml:1:9: a step cannot be called 'con': Windows"),
        ("steps: {samples: {force: true}}\n", "recipe.yaml:1:19: unknown key 'force'"),
        ("threads: 0\nsteps: {samples: {}}\n", "recipe.yaml:1:10: threads: is a whole number"),
        ("steps: {train: {method: giaa}}\n", "recipe.yaml:1:25: method: unknown name 'giaa' (did you mean 'gaia'?)"),
        ("steps: {samples: {out: ../../etc/x}}\n", "recipe.yaml:1:24: out: ../../etc/x: is outside the recipe's"),
        ("steps: {train: {images: /etc}}\n", "recipe.yaml:1:25: images: /etc: is outside the recipe's folder"),
        ("steps: {samples: {out: 'a/NUL.txt'}}\n", "Windows keeps the name NUL.txt for itself"),
        ('steps: {samples: {out: "a\\0b"}}\n', "out: a path has no NUL"),
        ("steps: {samples: {out: 'a:b'}}\n", "'a:b' is not a name for a file on every system"),
        ("steps: {samples: {out: recipe.yaml}}\n", "'samples' would write over the recipe itself"),
        ("steps: {samples: {out: .}}\n", "'samples' would write over the recipe itself"),
        ("out: ../x\nsteps: {samples: {}}\n", "recipe.yaml:1:6: ../x: is outside the recipe's folder"),
        ("steps: {train: {images: photos}}\n", "recipe.yaml:1:25: images: photos: no such file or folder"),
        ("vars: {samples: 3}\nsteps: {samples: {}}\n", "'samples' is the name of a variable, too"),
        (
            "steps: {a: {do: samples, out: x}, b: {do: samples, out: X}}\n",
            "recipe.yaml:1:35: 'b' and 'a' both write X",
        ),
        (
            "steps: {a: {do: samples, out: x}, b: {do: samples, out: x/y}}\n",
            "recipe.yaml:1:35: 'b' would write into what 'a' writes, x/y",
        ),
        (
            "steps:\n  a: {do: match, stimuli: '${b}', luminance: yes}\n  b: {do: match, stimuli: '${a}', grey: yes}\n",
            "steps wait for each other",
        ),
        (
            "steps:\n  a: {do: match, stimuli: out/recipe/b, grey: yes}\n"
            "  b: {do: match, stimuli: out/recipe/a, grey: yes}\n",
            "recipe.yaml:2:3: steps wait for each other: a → b → a",
        ),
        ("steps: {match: {stimuli: out/recipe, grey: yes}}\n", "stimuli: out/recipe: is what the step itself writes"),
        ("steps: {match: {stimuli: '${match}', grey: yes}}\n", "steps wait for each other: match → match"),
        ("steps: {match: {stimuli: .}}\n", "nothing to do: give luminance, contrast"),
        ("vars: {x: " + "y" * 300 + "}\nsteps: {samples: {out: '" + "${x}" * 20 + "'}}\n", "becomes 6,000 characters"),
    ],
)
def test_a_bad_recipe_is_refused_in_no_time(text: str, said: str, tmp_path: Path) -> None:
    started = time.process_time()
    assert any(said in line for line in mistakes(tmp_path, text))
    assert time.process_time() - started < 1


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to("/etc")
    assert "outside" in mistakes(tmp_path, "steps: {samples: {out: elsewhere/x}}\n")[0]


def test_what_is_allowed_outside(tmp_path: Path) -> None:
    home = tmp_path / "study"
    home.mkdir()
    (tmp_path / "photos").mkdir()
    path = home / "recipe.yaml"
    steps = "steps: {train: {images: ../photos}}\n"
    for allowed in ("true", "../photos", "[../photos]", f"[{tmp_path}]"):
        path.write_text(f"allow_outside: {allowed}\n{steps}")
        assert load_recipe(path).jobs[0].inputs[0].path == "../photos"
    path.write_text(f"allow_outside: [../other]\n{steps}")
    with pytest.raises(ConfigError, match="outside the recipe's folder"):
        load_recipe(path)


def test_overrides(tmp_path: Path) -> None:
    text = "vars: {n: 3}\nsteps:\n  faces: {do: samples, n: '${n}', size: 64}\n  train:\n    images: ${faces}\n"
    train_more = ("train.images_seen=2k", "train.lr=1e-4", "train.background=#fff")
    changed = load(tmp_path, text, "n=5", "faces.size=32", *train_more, "threads=2")
    faces, train = (job.config for job in changed.jobs)
    assert isinstance(faces, SamplesConfig) and (faces.n, faces.size) == (5, 32)
    assert isinstance(train, TrainConfig)
    assert (train.images_seen, train.lr, train.background, changed.threads) == (2000, 1e-4, "#fff", 2)
    assert train.threads == 2


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("m=5", "--set m=5: no variable is called 'm'"),
        ("fases.n=5", "--set fases.n=5: no step is called 'fases' (did you mean 'faces'?)"),
        ("faces.sise=5", "--set faces.sise=5: unknown key 'sise' (did you mean 'size'?)"),
        ("faces.size=abc", "--set faces.size=abc: size: should be a valid integer"),
        ("faces", "--set faces: write KEY=VALUE"),
    ],
)
def test_a_wrong_override_is_named(override: str, said: str, tmp_path: Path) -> None:
    text = "vars: {n: 3}\nsteps:\n  faces: {do: samples, n: '${n}'}\n"
    assert mistakes(tmp_path, text, override)[0].startswith(said)


def test_the_built_in_model_unless_another_is_named(tmp_path: Path, plant: Callable[..., Path]) -> None:
    tiny_run = plant()
    ends = "first: '${samples}/a', second: '${samples}/b'"
    text = f"steps:\n  samples: {{n: 2}}\n  morph: {{{ends}}}\n"
    asked = load(tmp_path, text).jobs[1].config
    assert isinstance(asked, MorphConfig) and asked.model == BUILT_IN
    asked = load(tmp_path, f"model: {tiny_run}\n{text}").jobs[1].config
    assert isinstance(asked, MorphConfig) and asked.model == tiny_run
    asked = load(tmp_path, f"model: {tiny_run}\n{text}", "morph.model=builtin").jobs[1].config
    assert isinstance(asked, MorphConfig) and asked.model == BUILT_IN

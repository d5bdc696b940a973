"""Loops written out, and who needs whom."""

from pathlib import Path

import pytest

from gaia_stim.config import MorphConfig
from gaia_stim.errors import ConfigError
from gaia_stim.recipe.loops import slug
from gaia_stim.recipe.plan import Recipe, load_recipe

FACES = "  faces: {do: samples, n: 9, size: 32}\n"
MORPH = "    do: morph\n    first: ${faces}/images/${a}.png\n    second: ${faces}/images/${b}.png\n"


def load(tmp_path: Path, text: str) -> Recipe:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return load_recipe(path)


def ids(recipe: Recipe) -> list[str]:
    return [job.id for job in recipe.jobs]


def test_pairs_times_spacings_times_steps(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_bytes("\ufeffa,b,note\r\nanna,bert,x y\r\n\r\ncleo,dora,z\r\n".encode())
    text = f"""\
vars:
  counts: [5, 9]
steps:
{FACES}
  morphs:
    each: pairs.csv
    matrix:
      way: [latent, pixel]
      n: ["${{counts}}", 11]
{MORPH}
    spacing: ${{way}}
    steps: ${{n}}
"""
    recipe = load(tmp_path, text)
    assert ids(recipe)[1:4] == ["morphs_anna_bert_latent_5", "morphs_anna_bert_latent_9", "morphs_anna_bert_latent_11"]
    assert len(recipe.jobs) == 1 + 2 * 2 * 3
    job = recipe.jobs[-1]
    assert isinstance(job.config, MorphConfig)
    assert (job.id, job.needs) == ("morphs_cleo_dora_pixel_11", ("faces",))
    assert (job.config.spacing, job.config.steps) == ("pixel", 11)
    assert job.config.first == Path("out/study/faces/images/cleo.png")
    assert job.out == "out/study/morphs_cleo_dora_pixel_11"


def test_a_step_for_each_that_another_became_and_one_for_all(tmp_path: Path) -> None:
    text = f"""\
steps:
{FACES}  morphs:
    each: [{{id: one, a: x, b: y}}, {{id: two, a: y, b: z}}]
{MORPH}
  matched:
    do: match
    each: ${{morphs}}
    matrix: {{mask: [oval, none]}}
    stimuli: ${{morphs}}
    luminance: yes
    mask: ${{mask}}
  pages:
    do: report
    each: ${{matched}}
    target: ${{matched}}
  all:
    do: average
    images: ["${{morphs}}", "${{faces}}/images"]
"""
    recipe = load(tmp_path, text)
    by_id = {job.id: job for job in recipe.jobs}
    assert ids(recipe)[1:3] == ["morphs_one", "morphs_two"]
    assert by_id["matched_two_oval"].needs == ("morphs_two",)
    assert by_id["pages_two_oval"].needs == ("matched_two_oval",)
    assert by_id["pages_two_oval"].out == "out/study/pages_two_oval.html"
    assert by_id["all"].needs == ("morphs_one", "morphs_two", "faces")


def test_files_of_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("b.png", "a.png", ".hidden.png", "notes.txt"):
        (tmp_path / "photos" / name).touch()
    text = "steps:\n  caricature:\n    each: photos/*.png\n    faces: ${file}\n    out: made/${stem}\n"
    jobs = load(tmp_path, text).jobs
    assert [(job.id, job.out, job.inputs[0].path) for job in jobs] == [
        ("caricature_a", "made/a", "photos/a.png"),
        ("caricature_b", "made/b", "photos/b.png"),
    ]


def test_a_step_waits_for_what_writes_what_it_reads_however_it_is_named(tmp_path: Path) -> None:
    text = "steps:\n  late: {do: report, target: 'out/study/./morph'}\n  morph:\n    first: sets/f/a.png\n"
    text += "    second: ${faces}/b.png\n  faces: {do: samples, out: sets/f}\n"
    recipe = load(tmp_path, text)
    assert ids(recipe) == ["faces", "morph", "late"]


def test_what_a_step_also_writes_need_not_be_there(tmp_path: Path) -> None:
    (tmp_path / "points.csv").touch()
    text = "steps:\n  evaluate: {landmarks: points.csv, landmark_sheet: points.png}\n"
    assert [one.path for one in load(tmp_path, text).jobs[0].inputs if one.option != "model"] == ["points.csv"]


def test_ids_are_safe_and_told_apart(tmp_path: Path) -> None:
    rows = ["{a: x/p q, b: '=1'}", "{a: y/p q, b: '=1'}", f"{{a: {'l' * 90}, b: c}}"]
    text = f"steps:\n{FACES}  m:\n    each: [{', '.join(rows)}]\n{MORPH}"
    first, second, third = ids(load(tmp_path, text))[1:]
    assert first.startswith("m_p_q_1_") and second.startswith("m_p_q_1_") and first != second
    assert len(third) == 80
    assert ids(load(tmp_path, text))[1:] == [first, second, third]


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("photos/anna b.png", "anna_b"),
        ("0.5", "0_5"),
        ("-2:2:9", "minus2_2_9"),
        ("../x", "x"),
        ("é", "x"),
        ("a.PNG", "a"),
    ],
)
def test_values_in_names(text: str, short: str) -> None:
    assert slug(text) == short


@pytest.mark.parametrize(
    ("loop", "said"),
    [
        ("each: none.csv", "study.yaml:4:11: each: none.csv: no such file of a table"),
        ("each: photos/*.png", "study.yaml:4:11: each: no file fits 'photos/*.png'"),
        ("each: ../*.png", "study.yaml:4:11: ../: is outside the recipe's folder"),
        ("each: ragged.csv", "study.yaml:4:11: each: ragged.csv:3: 1 cells, but the header names 2 columns"),
        ("each: empty.csv", "each: empty.csv:1: has a header but no rows"),
        ("each: twice.csv", "the column 'a' cannot be a variable: it is there twice"),
        ("each: [{a: 1, b: 2}, {a: 1, b: 2}]", "two turns of its loop are the same"),
        ("each: [x]", "study.yaml:4:12: each: a row is 'variable: value' lines"),
        ("matrix: {a: [], b: [1]}", "study.yaml:4:14: 'a' has no values"),
        ("matrix: {faces: [1], a: [1], b: [1]}", "'faces' of its loop is the name of something else already"),
        ("matrix: {a: [" + ", ".join(map(str, range(101))) + "], b: '${hundred}'}", "becomes 10,100 steps"),
    ],
)
def test_loops_that_cannot_be(loop: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3\n")
    (tmp_path / "empty.csv").write_text("a,b\n")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    hundred = "[" + ", ".join(map(str, range(100))) + "]"
    text = f"steps:\n{FACES}  m:\n    {loop}\n{MORPH}vars:\n  hundred: {hundred}\n"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value)


def test_a_turn_that_is_called_like_a_step(tmp_path: Path) -> None:
    text = "steps:\n  faces: {each: [{n: 1}, {n: 2}], do: samples, n: '${n}'}\n  faces_1: {do: samples}\n"
    with pytest.raises(ConfigError, match=r"study.yaml:3:3: .* are both called 'faces_1'"):
        load(tmp_path, text)


def test_many_where_one_is_taken(tmp_path: Path) -> None:
    text = f"steps:\n{FACES}  m:\n    each: [{{a: 1, b: 2}}, {{a: 2, b: 3}}]\n{MORPH}"
    text += "  r: {do: report, target: '${m}'}\n"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert "a list of 2, where one value is taken; to do the step for each, write 'each: ${m}'" in str(caught.value)

"""Nothing of a session is lost: reloads, two tabs, servers that fail; ids of Prolific, SONA and MTurk in every row."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from jspsych_browser import MISSING, Browser, DataPipe, Page, address_of, change_settings, serve_datapipe, serve_folder
from planted_sets import planted_morph

from gaia_stim.cells import unguarded
from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.designs.responses import read_answers
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export
from gaia_stim.stimuli.sets import StimulusSet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
ID = "Ab3dE5gH7jK9"
PROLIFIC = "PROLIFIC_PID=5f0c&STUDY_ID=61aa&SESSION_ID=77bb"
TRIALS = 12
"""Of each participant in the designs here."""


@pytest.fixture
def stimuli(tmp_path: Path) -> StimulusSet:
    return planted_morph(tmp_path / "set", 4)


def exported(stimuli: StimulusSet, online: str = "none", complete: str | None = None) -> Path:
    home = stimuli.folder.parent
    made = design(
        DesignConfig(kind="2afc", stimuli=stimuli.folder, out=home / "design", participants=3, blocks=2, repetitions=2)
    )
    folder = export(
        ExportConfig(
            stimuli=stimuli.folder, to="jspsych", design=made.out, out=home / "out", online=online, complete=complete
        )
    ).out
    if online == "none":
        quick(folder)
    return folder


def quick(folder: Path) -> None:
    """No waiting, and no full screen, which changes the window in the middle of a test."""
    change_settings(folder, fixation_ms=[0, 0], fullscreen=False)


def table_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).map(unguarded)


def test_after_a_reload_the_sixth_trial_is_next_and_no_row_is_there_twice(
    browser: Browser, stimuli: StimulusSet, tmp_path: Path
) -> None:
    folder = exported(stimuli)
    page = browser.open(f"{(folder / 'index.html').as_uri()}?participant=2")
    page.answer(5)
    page.do("reload")
    assert "number 6 of 12" in page.wait(".page .warning")
    assert page.answer(TRIALS) == TRIALS - 5
    page.wait("#end")
    name, text = browser.downloads()[-1]
    results = table_of(text)
    assert results["trial"].tolist() == [str(number) for number in range(1, TRIALS + 1)]
    assert results["resumes"].tolist() == ["0"] * 5 + ["1"] * 7
    assert results["started"].nunique() == 1 and set(results["participant"]) == {"p02"}
    assert set(results["set_id"]) == {stimuli.set_id}
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(read_answers([tmp_path / name], None)) == TRIALS
    # Done: the same participant may begin a session of their own again.
    page.do("reload")
    page.wait(".page")
    assert page.js("results.length") == 0 and page.js("document.querySelector('.warning')") is None
    assert page.do("errors") == []


def test_what_was_begun_can_be_begun_again_and_is_not_lost(browser: Browser, stimuli: StimulusSet) -> None:
    page = browser.open(f"{(exported(stimuli) / 'index.html').as_uri()}?participant=1")
    page.answer(3)
    page.do("reload")
    page.wait("#start-again")
    page.do("click", selector="#start-again")
    page.wait(".page:not(:has(.warning))")
    name, text = browser.downloads()[-1]
    assert name.endswith("_unfinished.csv") and len(table_of(text)) == 3
    assert page.js("results.length") == 0


@pytest.mark.parametrize(("rule", "shown"), [("restart", ".page:not(:has(.warning))"), ("block", "#blocked")])
def test_what_was_begun_is_restarted_or_blocked(browser: Browser, stimuli: StimulusSet, rule: str, shown: str) -> None:
    folder = exported(stimuli)
    change_settings(folder, incomplete_session=rule)
    page = browser.open(f"{(folder / 'index.html').as_uri()}?participant=1")
    page.answer(2)
    page.do("reload")
    page.wait(shown)
    if rule == "restart":
        assert page.js("results.length") == 0 and len(table_of(browser.downloads()[-1][1])) == 2


def test_of_two_tabs_the_second_goes_on_and_the_first_is_told(browser: Browser, stimuli: StimulusSet) -> None:
    address = f"{(exported(stimuli) / 'index.html').as_uri()}?participant=3"
    first = browser.open(address)
    first.answer(4)
    second = browser.open(address)
    assert "number 5 of 12" in second.wait(".page .warning")
    assert "another window" in first.wait("#other-tab")
    before = len(browser.downloads())
    assert first.answer(1) == 0
    assert second.answer(TRIALS) == TRIALS - 4
    second.wait("#end")
    assert [len(table_of(text)) for _, text in browser.downloads()[before:]] == [TRIALS]
    first.do("close")


# ---------------------------------------------------------------------------------------------------------- DataPipe


@pytest.fixture
def pipe() -> Iterator[DataPipe]:
    found = DataPipe()
    server = serve_datapipe(found)
    found.address = address_of(server)  # type: ignore[attr-defined]
    yield found
    server.shutdown()


@pytest.fixture
def hosted(stimuli: StimulusSet, pipe: DataPipe) -> Iterator[str]:
    """The address of an experiment that sends to `pipe`, and people on to its `done.html`."""
    folder = exported(stimuli, f"datapipe:{ID}", "https://done.example/submissions?cc=C0DE&who=[PROLIFIC_PID]")
    quick(folder)
    host = serve_folder(folder)
    file = folder / "study.js"
    text = file.read_text(encoding="utf-8").replace("https://pipe.jspsych.org", pipe.address)  # type: ignore[attr-defined]
    file.write_text(text.replace("https://done.example", address_of(host)), encoding="utf-8")
    yield f"{address_of(host)}/index.html"
    host.shutdown()


def whole(pipe: DataPipe) -> list[pd.DataFrame]:
    return [table_of(text) for name, text in pipe.files.items() if "_part" not in name]


def test_sent_on_only_after_the_results_are_saved(browser: Browser, pipe: DataPipe, hosted: str) -> None:
    pipe.failures = [(500, "OOPS"), (400, "OSF_UPLOAD_ERROR")]
    page = browser.open(f"{hosted}?{PROLIFIC}")
    assert page.answer(TRIALS) == TRIALS
    assert "not close" in page.wait("#sending")
    while not pipe.files:
        assert "index.html" in page.do("url") or pipe.files
    page.do("goes", to="/submissions")
    (results,) = whole(pipe)
    assert page.do("url").endswith("/submissions?cc=C0DE&who=5f0c")
    assert pipe.asked == ["/api/condition/", "/api/data/", "/api/data/", "/api/data/"]
    for column, value in {
        "participant": "5f0c",
        "prolific_pid": "5f0c",
        "study_id": "61aa",
        "session_id": "77bb",
        "trial_list": "p01",
        "trial_list_by": "datapipe",
    }.items():
        assert set(results[column]) == {value}, column
    # Back again, the same person is told that it is done, and may go on to where it is said.
    again = browser.open(f"{hosted}?{PROLIFIC}")
    again.wait("#blocked")
    again.do("click", selector="#blocked button")
    again.do("goes", to="/submissions")
    assert again.do("url").endswith("cc=C0DE&who=5f0c")
    assert len(pipe.files) == 1


def test_an_answer_that_was_lost_is_no_second_file(browser: Browser, pipe: DataPipe, hosted: str) -> None:
    pipe.failures = [(0, "")]
    page = browser.open(f"{hosted}?participant=41231")
    page.answer(TRIALS)
    page.wait("#sending")
    page.do("goes", to="/submissions")
    assert "/submissions" in page.do("url")
    (results,) = whole(pipe)
    # SONA's number is nobody's of the design, though there is a p01.
    assert set(results["participant"]) == {"41231"} and len(results) == TRIALS


def test_what_cannot_be_sent_is_offered_and_nobody_is_sent_on(browser: Browser, pipe: DataPipe, hosted: str) -> None:
    # The second is what the reload hands over.
    pipe.failures = [(400, "SESSION_LIMIT_REACHED"), (400, "INVALID_DATA"), (400, "INVALID_DATA")]
    page = browser.open(f"{hosted}?workerId=W3")
    page.answer(TRIALS)
    assert "SESSION_LIMIT_REACHED" in page.wait("#failed")
    before = len(browser.downloads())
    page.do("click", selector="#failed button:nth-of-type(2)")
    page.do("reload")  # all is answered: nothing is asked again, and it is sent once more
    assert "INVALID_DATA" in page.wait("#failed")
    assert "index.html" in page.do("url")
    assert [len(table_of(text)) for _, text in browser.downloads()[before:]] == [TRIALS]
    page.do("click", selector="#failed button:nth-of-type(1)")
    page.do("goes", to="/submissions")
    assert "/submissions" in page.do("url")
    assert set(whole(pipe)[0]["worker_id"]) == {"W3"}


def test_of_a_session_that_is_broken_off_the_rows_arrive(
    browser: Browser, pipe: DataPipe, hosted: str, tmp_path: Path
) -> None:
    page = browser.open(f"{hosted}?PROLIFIC_PID=aa11")
    page.answer(4)
    page.do("reload")
    page.wait(".page .warning")
    (name,) = pipe.files
    assert name.endswith("_part1.csv") and len(table_of(pipe.files[name])) == 4
    page.answer(3)
    page.do("close")
    page = browser.open(f"{hosted}?PROLIFIC_PID=aa11")
    assert "number 8 of 12" in page.wait(".page .warning")
    assert sorted(len(table_of(text)) for text in pipe.files.values()) == [3, 4]
    page.answer(TRIALS)
    page.do("goes", to="/submissions")
    assert pipe.conditions == 1
    for name, text in pipe.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    answers = read_answers([tmp_path / name for name in pipe.files], None)
    # Whole and parts together are one person's twelve answers.
    assert len(answers) == TRIALS and set(answers.participant) == {"aa11"}


def test_who_has_no_id_gets_one_and_who_gets_no_list_is_told_so(browser: Browser, pipe: DataPipe, hosted: str) -> None:
    pipe.assigns = False
    seen = []
    for query in ("", "?PROLIFIC_PID={{%PROLIFIC_PID%}}", "?participant=p03"):
        page = browser.open(hosted + query)
        page.answer(TRIALS)
        page.do("goes", to="/submissions")
        seen.append(whole(pipe)[-1].iloc[0])
    assert [row["trial_list_by"] for row in seen] == ["hash", "hash", "name"]
    assert seen[0]["participant"] != seen[1]["participant"] and seen[0]["participant"].startswith("r")
    assert (seen[2]["participant"], seen[2]["trial_list"]) == ("p03", "p03")


# ------------------------------------------------------------------------------------------------------------- JATOS


@pytest.fixture
def on_jatos(stimuli: StimulusSet, tmp_path: Path) -> Iterator[str]:
    """What the archive has, beside a jatos.js that does as documented."""
    (archive,) = exported(stimuli, "jatos", "https://done.example").glob("*.jzip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "study")
    (folder,) = (path for path in (tmp_path / "study").iterdir() if path.is_dir())
    (folder / "jatos.js").write_bytes(Path(__file__).with_name("jatos_stub.js").read_bytes())
    quick(folder)
    host = serve_folder(folder)
    yield f"{address_of(host)}/index.html"
    host.shutdown()


def kept_by_jatos(page: Page) -> dict[str, object]:
    kept: dict[str, object] = page.js("JSON.parse(localStorage.getItem('server'))")
    return kept


def test_jatos_gets_each_row_then_all_and_ends_the_study(browser: Browser, on_jatos: str) -> None:
    page = browser.open(f"{on_jatos}?{PROLIFIC}&run=7&fails=2")
    page.answer(5)
    page.js("new Promise((done) => setTimeout(done, 300))")
    assert len(table_of(kept_by_jatos(page)["results"]["7"])) == 5  # type: ignore[index]
    page.do("reload")
    page.wait(".page .warning")
    page.answer(TRIALS)
    page.wait("#end")
    kept = kept_by_jatos(page)
    results = table_of(kept["results"]["7"])  # type: ignore[index]
    assert results["trial"].tolist() == [str(number) for number in range(1, TRIALS + 1)]
    assert set(results["prolific_pid"]) == {"5f0c"} and set(results["trial_list_by"]) == {"jatos"}
    assert kept["ended"] == ["7"]
    assert page.do("errors") == []


def test_in_a_batch_everybody_gets_a_free_list(browser: Browser, on_jatos: str) -> None:
    page = browser.open(f"{on_jatos}?PROLIFIC_PID=a&run=1&interfere=1")
    page.wait(".page")
    taken = [kept_by_jatos(page)["batch"]]
    for who in ("b", "c", "a"):
        page = browser.open(f"{on_jatos}?PROLIFIC_PID={who}&run={who}")
        page.wait(".page")
        taken.append(kept_by_jatos(page)["batch"])
    (lists,) = taken[-1].values()  # type: ignore[attr-defined]
    assert lists == {"p01": ["somebody", "c"], "p02": ["a"], "p03": ["b"]}

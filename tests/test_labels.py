"""Tables of labels as they are found, against values known beforehand; and that no image gets another one's."""

import csv
import io
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.images import list_images
from gaia_stim.labels import Attribute, Labels, coding, coding_in_words, join, problems, read_labels
from gaia_stim.labels.words import PAIRS
from gaia_stim.tabular import reading, workbooks

Write = Callable[..., Path]

NAMES = [f"Attribute_{number}" for number in range(40)]
TRUTH = np.random.default_rng(3).integers(0, 2, (30, 40))
FILES = [f"{number:06d}.jpg" for number in range(1, 31)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "labels.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def celeba(files: Sequence[str] = FILES, count: int | None = None, names: Sequence[str] = NAMES) -> str:
    """list_attr_celeba.txt as it is: a count, names and a trailing space, ragged columns of -1 and 1."""
    rows = (
        f"{file} {' '.join(f'{2 * value - 1:2d}' for value in row)}" for file, row in zip(files, TRUTH, strict=True)
    )
    return "\n".join([str(len(files) if count is None else count), " ".join(names) + " ", *rows]) + "\n"


def kaggle() -> str:
    rows = (",".join([file, *map(str, 2 * row - 1)]) for file, row in zip(FILES, TRUTH, strict=True))
    return "\n".join([",".join(["image_id", *NAMES]), *rows]) + "\n"


def by_name(labels: Labels) -> dict[str, list[float]]:
    return {attribute.name: labels.column(attribute.name).tolist() for attribute in labels.attributes}


def error(file: Path, kind: type[Exception] = DataError, **options: Any) -> str:
    with pytest.raises(kind) as raised:
        read_labels(file, **options)
    text = str(raised.value)
    assert text.startswith(str(file)) or str(file) in text
    return text.replace(str(file), file.name)


def table(images: Sequence[str], values: Sequence[float] | None = None) -> Labels:
    numbers = np.arange(len(images)) if values is None else np.asarray(values)
    attribute = Attribute("number", "graded", "number")
    return Labels(Path("labels.csv"), list(images), (attribute,), numbers.astype(float)[:, None])


VARIANTS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "BOM": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM and CRLF": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "old Mac": lambda text: text.replace("\n", "\r"),
    "no last newline": str.rstrip,
    "tabs": lambda text: text.replace(" \n", "\n").replace("  ", "\t").replace(" ", "\t"),
    "tabs at the ends": lambda text: (
        text.replace(" \n", "\n").replace("  ", "\t").replace(" ", "\t").replace("\n", "\t\n")
    ),
    "spaces around": lambda text: "\n".join(f"  {line}   " for line in text.splitlines()),
    "empty lines": lambda text: text.replace("\n", "\n\n") + "\n\n",
    "a name for the images": lambda text: text.replace("Attribute_0 ", "image_id Attribute_0 "),
    "no count": lambda text: text.partition("\n")[2],
    "commas": lambda text: "\n".join(",".join(line.split()) for line in text.splitlines()),
    "through a spreadsheet": lambda text: "\n".join(
        ",".join([*line.split(), *[""] * (41 - len(line.split()))]) for line in text.splitlines()
    ),
    "stems": lambda text: text.replace(".jpg", ""),
}


class TestCelebA:
    @pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS)
    def test_every_variant_gives_the_same_labels(self, change: Callable[[str], str], write: Write) -> None:
        labels = read_labels(write(change(celeba()), "list_attr_celeba.txt"))
        assert labels.names == NAMES
        assert [PurePosixPath(image).stem for image in labels.images] == [file[:-4] for file in FILES]
        assert np.array_equal(labels.values, TRUTH)
        assert {attribute.kind for attribute in labels.attributes} == {"binary"}
        assert labels.attributes[0].levels == (("-1", 0.0), ("1", 1.0))
        assert labels.notes == ()

    @pytest.mark.parametrize("change", [str, lambda text: text.replace("\n", "\r\n")], ids=["LF", "CRLF"])
    def test_kaggle(self, change: Callable[[str], str], write: Write) -> None:
        labels = read_labels(write(change(kaggle())))
        assert labels.image_column == "image_id"
        assert labels.images == FILES
        assert np.array_equal(labels.values, TRUTH)

    def test_mask_hq_and_png_images(self, write: Write) -> None:
        labels = read_labels(
            write(celeba([f"{number}.jpg" for number in range(30)]), "CelebAMask-HQ-attribute-anno.txt")
        )
        joined = join(labels, [f"{number}.png" for number in reversed(range(30))])
        assert np.array_equal(joined.values, TRUTH[::-1])
        assert (joined.by, joined.matched) == ("path without suffix", 30)

    def test_a_wrong_count_is_told_with_both_numbers(self, write: Write) -> None:
        assert error(write(celeba(count=202599))) == "labels.csv:1: says 202,599 images, but 30 rows follow"

    @pytest.mark.parametrize("names", [NAMES[:39], [*NAMES, "Another"]], ids=["39", "41"])
    def test_another_number_of_names_than_of_columns(self, names: list[str], write: Write) -> None:
        text = error(write(celeba(names=names)))
        assert text.startswith(f"labels.csv:3: 41 cells, where {len(names) + 1} are needed")

    def test_one_row_without_its_last_value(self, write: Write) -> None:
        lines = celeba().splitlines()
        for place in (2, 7, 31):  # the first row, too
            cut = [*lines[:place], lines[place].rsplit(maxsplit=1)[0], *lines[place + 1 :]]
            assert error(write("\n".join(cut))).startswith(f"labels.csv:{place + 1}: 40 cells, where 41 are needed")

    def test_a_csv_without_a_name_for_the_images_and_without_a_column(self, write: Write) -> None:
        """The header is as long as the rows, and every label would be one column off."""
        names = ["5_o_Clock_Shadow", *NAMES[1:]]
        short = [",".join([file, *map(str, row[:39])]) for file, row in zip(FILES, TRUTH, strict=True)]
        text = error(write("\n".join([",".join(names), *short])))
        assert "the images stand below '5_o_Clock_Shadow'" in text
        assert "the rows have 40 cells where 41 are needed" in text

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
    @given(
        kind=st.sampled_from(["celeba", "kaggle"]),
        place=st.integers(0, 10**6),
        change=st.sampled_from([[], ["1", "1"], ["x.jpg", "1"]]),
    )
    def test_a_cell_too_few_or_too_many_never_moves_a_label(
        self, kind: str, place: int, change: list[str], write: Write
    ) -> None:
        separator, text = (" ", celeba()) if kind == "celeba" else (",", kaggle())
        lines = [line.split(None if kind == "celeba" else ",") for line in text.splitlines()]
        line = lines[place % len(lines)]
        at = place // len(lines) % len(line)
        line[at : at + 1] = change
        file = write("\n".join(separator.join(line) for line in lines))
        try:
            labels = read_labels(file)
        except DataError:
            return
        assert labels.names == NAMES  # the count, or the name of the images, was taken away
        assert np.array_equal(labels.values, TRUTH)

    def test_an_attribute_that_is_minus_one_everywhere_is_zero(self, write: Write) -> None:
        labels = read_labels(write("image,bald\na.png,-1\nb.png,-1\n"))
        assert by_name(labels) == {"bald": [0, 0]}
        assert problems(labels.attributes, labels.values) == {"bald": "is 0 for every image that has it"}


class TestCoding:
    @staticmethod
    def coded(write: Write, *words: str, **options: Any) -> Labels:
        stream = io.StringIO()
        csv.writer(stream).writerows([("image", "x"), *((f"{row}.png", word) for row, word in enumerate(words))])
        return read_labels(write(stream.getvalue()), **options)

    @pytest.mark.parametrize(
        ("words", "values"),
        [
            (["0", "1", "1"], [0, 1, 1]),
            (["0.0", "1.0", "1"], [0, 1, 1]),
            (["-1", "1", "+1"], [0, 1, 1]),
            (["no", "yes", "Yes"], [0, 1, 1]),
            (["True", "False", "TRUE"], [1, 0, 1]),
            (["n", "Y", "n"], [0, 1, 0]),
            (["absent", "present", ""], [0, 1, math.nan]),
            (["male", "NA", "male"], [0, math.nan, 0]),
        ],
    )
    def test_binary(self, words: list[str], values: list[float], write: Write) -> None:
        labels = self.coded(write, *words)
        assert labels.attributes[0].kind == "binary"
        assert np.array_equal(labels.column("x"), values, equal_nan=True)
        coding = dict(labels.attributes[0].levels)
        assert [coding.get(word, math.nan) for word in words] == pytest.approx(values, nan_ok=True)

    @pytest.mark.parametrize(
        ("words", "values"),
        [
            (["-1", "0", "1"], [-1, 0, 1]),
            (["1", "2", "2"], [1, 2, 2]),
            (["-1", "3", "7.5"], [-1, 3, 7.5]),
            (["1e-3", " .5 ", "-2.", "+4"], [0.001, 0.5, -2, 4]),
            (["1", "nan", "NaN", "n/a", "#N/A", "null", " ", "3"], [1, *[math.nan] * 6, 3]),
            (["", "NA", "n/a"], [math.nan] * 3),
        ],
    )
    def test_graded(self, words: list[str], values: list[float], write: Write) -> None:
        labels = self.coded(write, *words)
        assert labels.attributes == (Attribute("x", "graded", "x"),)
        assert np.array_equal(labels.column("x"), values, equal_nan=True)

    def test_a_number_that_may_stand_for_a_missing_value_is_noted_and_can_be_said_to(self, write: Write) -> None:
        words = ["-1", "3", "-1.0", "7", "0"]
        noted = self.coded(write, *words)
        assert noted.column("x")[0] == -1
        assert "2 of 5 rows are -1" in noted.notes[0]
        assert "--missing 'x=-1'" in noted.notes[0]
        for missing in ("x=-1", "-1", "x=-1.00"):
            said = self.coded(write, *words, missing=[missing])
            assert np.array_equal(said.column("x"), [math.nan, 3, math.nan, 7, 0], equal_nan=True)
            assert said.notes == ()
        assert self.coded(write, "-1", "-0.5", "0", "1").notes == ()

    def test_a_missing_value_of_one_column_only(self, write: Write) -> None:
        file = write("image,tone,smile\na.png,-1,-1\nb.png,4,1\nc.png,7,-1\n")
        labels = read_labels(file, missing=["tone=-1"])
        assert np.isnan(labels.column("tone")[0])
        assert labels.column("smile").tolist() == [0, 1, 0]
        assert "did you mean 'tone'" in error(file, ConfigError, missing=["tones=-1"])

    def test_words_become_a_column_for_each_level_but_the_most_frequent(self, write: Write) -> None:
        labels = self.coded(write, "red", "black", "blond", "black", "")
        assert [(attribute.name, attribute.baseline) for attribute in labels.attributes] == [
            ("x:blond", "black"),
            ("x:red", "black"),
        ]
        expected = [[0, 1], [0, 0], [1, 0], [0, 0], [math.nan, math.nan]]
        assert np.array_equal(labels.values, expected, equal_nan=True)
        assert labels.attributes[1].levels == (("black", 0.0), ("blond", 0.0), ("red", 1.0))
        assert labels.attributes[1].kind == "category"

    def test_equally_frequent_levels_are_taken_by_name(self, write: Write) -> None:
        labels = self.coded(write, "red", "blond", "black", "red", "blond", "black")
        assert {attribute.baseline for attribute in labels.attributes} == {"black"}

    def test_a_baseline_can_be_chosen(self, write: Write) -> None:
        words = ["red", "black", "blond", "black"]
        labels = self.coded(write, *words, baselines={"x": "red"})
        assert by_name(labels) == {"x:black": [0, 1, 0, 1], "x:blond": [0, 0, 1, 0]}
        assert self.coded(write, "male", "female", baselines={"x": "male"}).column("x").tolist() == [0, 1]
        with pytest.raises(ConfigError, match="unknown level of column 'x' 'rad' \\(did you mean 'red'"):
            self.coded(write, *words, baselines={"x": "rad"})
        with pytest.raises(ConfigError, match=r"unknown column of .* 'xx' .* choose from x"):
            self.coded(write, *words, baselines={"xx": "red"})
        assert self.coded(write, "yes", "no", baselines={"x": "yes"}).column("x").tolist() == [0, 1]
        for numbers in (["0", "1"], ["1", "5", "9"]):
            with pytest.raises(ConfigError, match="cannot have a baseline"):
                self.coded(write, *numbers, baselines={"x": numbers[0]})

    def test_numbers_that_are_names(self, write: Write) -> None:
        labels = self.coded(write, "10", "2", "10", "1", categories=["x"])
        assert by_name(labels) == {"x:1": [0, 0, 0, 1], "x:2": [0, 1, 0, 0]}
        two = self.coded(write, "male", "female", "male", categories=["x"])
        assert by_name(two) == {"x:female": [0, 1, 0]}
        assert two.attributes[0].baseline == "male"
        with pytest.raises(ConfigError, match="unknown column of attributes in"):
            self.coded(write, "1", categories=["y"])

    def test_many_words_are_notes_unless_they_are_asked_for(self, write: Write) -> None:
        words = [f"seen by {number}" for number in range(coding.MOST_LEVELS + 1)]
        file = write("image,x,y\n" + "".join(f"{row}.png,{word},{row % 2}\n" for row, word in enumerate(words)))
        labels = read_labels(file)
        assert labels.names == ["y"]
        assert "'x' is left out: it has 31 different texts" in labels.notes[0]
        with pytest.raises(ConfigError, match="column 'x' is no attribute: it has 31"):
            labels.select(["x"])
        assert len(read_labels(file, categories=["x"]).attributes) == coding.MOST_LEVELS + 1
        crowd = [f"{number} x" for number in range(coding.MOST_LEVELS_ASKED + 1)]
        with pytest.raises(ConfigError, match="has 301 levels"):
            self.coded(write, *crowd, categories=["x"])

    @pytest.mark.parametrize("word", ["abc", "inf", "-Infinity", "1e999", "1_000", "12 kg", "1.2.3", "０"])
    def test_what_is_no_number_among_numbers_is_told_with_its_line(self, word: str, write: Write) -> None:
        with pytest.raises(DataError, match=r"labels\.csv:4: column 'x': .* not a finite number") as raised:
            self.coded(write, "1", "2", word, "3")
        assert f"--missing 'x={word}'" in str(raised.value)
        assert np.isnan(self.coded(write, "1", "2", word, "3", missing=[f"x={word}"]).column("x")[2])

    def test_decimal_commas(self, write: Write) -> None:
        file = write("image;age\na.png;30\nb.png;31,5\nc.png;32,25\n")
        labels = read_labels(file)
        assert labels.column("age").tolist() == [30, 31.5, 32.25]
        assert labels.notes == ("column 'age': '31,5' is read as 31.5",)
        text = error(write('image,age\na.png,30\nb.png,"31,5"\n'))
        assert text.startswith("labels.csv:3: column 'age': '31,5' has a decimal comma in a table whose cells commas")
        assert "--decimal comma" in text
        assert read_labels(file.with_name("labels.csv"), decimal=",").column("age").tolist() == [30, 31.5]

    def test_thousands_are_asked_about(self, write: Write) -> None:
        file = write("image;income\na.png;950\nb.png;1.000\nc.png;1.050\n")
        assert "labels.csv:3: column 'income': '1.000' may be 1000 or 1.000" in error(file)
        assert read_labels(file, decimal=",").column("income").tolist() == [950, 1000, 1050]
        # Words that hold such numbers here and there are words.
        assert read_labels(write("image;x\na.png;1,000\nb.png;few\nc.png;many\n")).attributes[0].kind == "category"

    @pytest.mark.parametrize("rows", ["a.png;{};1\nb.png;no;2\n", "a.png;{};1\nb.png;{}2;2\n"])
    def test_a_long_text_is_no_word(self, rows: str, write: Write) -> None:
        said = "holds a text of more than 1,000 letters"
        labels = read_labels(write("image;remark;age\n" + rows.replace("{}", "x" * 1001)))
        assert labels.names == ["age"] and said in labels.left_out["remark"]
        assert said in error(write(f"image;{'x' * 1001}\na.png;1\nb.png;2\n"))
        assert not read_labels(write("image;remark;age\n" + rows.replace("{}", "x" * 900))).left_out

    def test_dates_are_no_categories(self, write: Write) -> None:
        rows = "".join(f"{day}.png;{day:02d}.05.2024;{day}\n" for day in range(1, 28))
        labels = read_labels(write("image;taken;age\n" + rows))
        assert labels.names == ["age"] and "'taken' is left out: it holds dates or times" in labels.notes[0]
        assert len(read_labels(labels.file, categories=["taken"]).attributes) == 27

    @pytest.mark.parametrize("codes", [["999"], ["-1"], ["-1", "999"], ["-9", "-99"], ["9999"]])
    def test_codes_beside_plausible_ages_are_noted(self, codes: list[str], write: Write) -> None:
        labels = self.coded(write, "31", "18", "80", *codes)
        assert [code in note and f"--missing 'x={code}'" in note for code, note in zip(
            sorted(codes, key=float), labels.notes, strict=True)] == [True] * len(codes)  # fmt: skip

    @pytest.mark.parametrize(
        "numbers", [["99", "98", "40"], ["1", "5", "9"], ["999", "998", "1001"], ["-2", "-1", "3"]]
    )
    def test_numbers_among_their_like_are_not(self, numbers: list[str], write: Write) -> None:
        assert self.coded(write, *numbers).notes == ()

    def test_formulas_are_refused_and_text_that_only_looks_like_one_is_not(self, write: Write) -> None:
        assert error(write("image,x\na.png,1\nb.png,=A1+1\n")).startswith(
            "labels.csv:3: column 'x': '=A1+1' is a formula"
        )
        labels = read_labels(write("image,x\n'=SUM(A1).png,'=b\n'-b.png,c\n'tis.png,-0.5\n@.png,'@\n"))
        assert labels.images == ["=SUM(A1).png", "-b.png", "'tis.png", "@.png"]
        assert {level for level, _ in labels.attributes[0].levels} == {"=b", "c", "-0.5", "@"}

    def test_levels_that_differ_only_in_case_are_noted(self, write: Write) -> None:
        assert "'Brown' and 'brown' are two levels" in self.coded(write, "brown", "Brown", "red").notes[0]


class TestTwoWords:
    """Which of two words is 1: as they say, as they are asked about, never as the alphabet has it."""

    @staticmethod
    def read(write: Write, name: str, zero: str, one: str, **options: Any) -> Labels:
        return read_labels(write(f"image;{name};n\na.png;{zero};1\nb.png;{one};2\nc.png;{one};3\n"), **options)

    @pytest.mark.parametrize(
        ("name", "zero", "one"),
        [
            ("brille", "nein", "ja"),
            ("Brille", "NEIN", "Ja"),
            ("gözlük", "hayır", "evet"),
            ("lunettes", "non", "oui"),
            ("gafas", "no", "sí"),
            ("x", "ohne", "mit"),
            ("x", "absent", "present"),
            ("x", "none", "glasses"),
            ("x", "keine", "Brille"),
            ("x", "ohne Brille", "mit Brille"),
            ("x", "no glasses", "glasses"),
            ("x", "glasses_no", "glasses_yes"),
            ("x", "without-beard", "with-beard"),
            ("x", "non-smiling", "smiling"),
            ("x", "unfamiliar", "familiar"),
            ("x", "not smiling", "smiling"),
            ("x", "нет", "да"),
            ("x", "いいえ", "はい"),
            ("female", "male", "female"),
            ("is_male", "female", "male"),
        ],
    )
    def test_they_say_it(self, name: str, zero: str, one: str, write: Write) -> None:
        for first, second in ((zero, one), (one, zero)):
            labels = self.read(write, name, first, second)
            [found, _] = labels.attributes
            assert dict(found.levels) == {zero: 0, one: 1} and labels.asked == {}
            said = coding_in_words(found.name, found.levels, found.why)
            assert said is not None and said.startswith(f"{name}: '{one}' is 1 and '{zero}' is 0 (") and found.why

    def test_every_pair_comes_out_right(self, write: Write) -> None:
        for zero, one in PAIRS:
            assert dict(self.read(write, "x", one, zero).attributes[0].levels) == {zero: 0, one: 1}, (zero, one)

    @pytest.mark.parametrize(
        "words", [("female", "male"), ("a", "b"), ("ja", "yes"), ("left", "right"), ("nein", "no")]
    )
    def test_they_are_asked_about(self, words: tuple[str, str], write: Write) -> None:
        labels = self.read(write, "x", *words)
        assert labels.names == ["n"]
        assert labels.asked == {"x": f"which of '{words[0]}' and '{words[1]}' is 1? --one 'x={words[1]}'"}
        assert "column 'x' is left out: which of" in labels.notes[0]
        with pytest.raises(ConfigError, match="column 'x': which of"):
            labels.select(["x"])
        for one in words:
            for told in (one, f"x={one}"):
                said = self.read(write, "x", *words, ones=[told])
                assert {word for word, number in said.attributes[0].levels if number} == {one}
                assert said.attributes[0].why == "--one"

    def test_what_is_said_counts_and_has_to_be_there(self, write: Write) -> None:
        assert dict(self.read(write, "x", "nein", "ja", ones=["nein"]).attributes[0].levels) == {"ja": 0, "nein": 1}
        assert self.read(write, "x", "1", "2", ones=["x=2"]).column("x").tolist() == [0, 1, 1]
        with pytest.raises(ConfigError, match=r"unknown value of column 'x' 'jaa' .did you mean 'ja'"):
            self.read(write, "x", "nein", "ja", ones=["x=jaa"])
        with pytest.raises(ConfigError, match=r"unknown column of .* 'y'"):
            self.read(write, "x", "nein", "ja", ones=["y=ja"])
        with pytest.raises(ConfigError, match="--one jaa: no column of two words has it"):
            self.read(write, "x", "nein", "ja", ones=["jaa"])
        three = write("image,x,y\na.png,ja,ja\nb.png,nein,nein\nc.png,nein,vielleicht\n")
        assert read_labels(three, ones=["nein"]).column("x").tolist() == [0, 1, 1]
        with pytest.raises(ConfigError, match="column 'n' has 3 different values; --one is for two"):
            self.read(write, "x", "nein", "ja", ones=["n=2"])


class TestTable:
    def test_titles_sheets_and_letters_are_said(self, tmp_path: Path, write: Write) -> None:
        labels = read_labels(write("Ratings, spring\n\nimage;age\nZoë.png;3\n".encode("cp1252")))
        assert labels.images == ["Zoë.png"]
        assert [note.partition(": ")[0] for note in labels.notes] == ["labels.csv"] * 2
        pd.DataFrame({"image": ["a.png"], "age": [3]}).to_excel(tmp_path / "l.ods", engine="odf", sheet_name="Faces")
        labels = read_labels(tmp_path / "l.ods", sheet="Faces")
        assert (labels.images, labels.names) == (["a.png"], ["age"])
        assert labels.left_out == {"": "holds the numbers of the rows, as R and pandas write them"}

    def test_row_numbers_of_r_are_no_attribute(self, write: Write) -> None:
        labels = read_labels(write('"","image","age"\n"1","a.png",30\n"2","b.png",31\n'))
        assert labels.names == ["age"] and "column '1' is left out" in labels.notes[0]
        assert read_labels(write("X,image,age\n1,a.png,30\n2,b.png,31\n")).names == ["age"]

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("name", ["image", "Image_ID", "file name", "FILEPATH", "stim_file", "img-name", "Photo"])
    def test_images_by_the_columns_name(self, name: str, separator: str, write: Write) -> None:
        text = f"smiling,{name},age\n0,a.png,20\n1,b.png,30\n".replace(",", separator)
        labels = read_labels(write(text))
        assert labels.images == ["a.png", "b.png"]
        assert by_name(labels) == {"smiling": [0, 1], "age": [20, 30]}

    def test_images_by_content_are_noted(self, write: Write) -> None:
        labels = read_labels(write("smiling,portrait\n0,a.png\n1,b.JPG\n"))
        assert (labels.images, labels.names) == (["a.png", "b.JPG"], ["smiling"])
        assert "taken from the column 'portrait'" in labels.notes[0]

    def test_the_one_that_names_files_among_several(self, write: Write) -> None:
        labels = read_labels(write("image_id,filename,age\n1,a.png,20\n2,b.png,30\n"))
        assert (labels.images, labels.names) == (["a.png", "b.png"], ["age"])
        assert "'image_id' is left out" in labels.notes[0]

    def test_a_weak_name_where_there_is_nothing_better(self, write: Write) -> None:
        assert read_labels(write("id,age\n0001,20\n0002,30\n")).images == ["0001", "0002"]
        assert read_labels(write("id,image,age\n7,0001,20\n8,0002,30\n")).images == ["0001", "0002"]

    @pytest.mark.parametrize(
        ("header", "said"),
        [
            ("left,right,age", "'left' and 'right' may both name the images"),
            ("image,file,age", "'image' and 'file' may both name the images"),
        ],
    )
    def test_several_columns_may_name_the_images(self, header: str, said: str, write: Write) -> None:
        file = write(f"{header}\na.png,b.png,20\nc.png,d.png,30\n")
        text = error(file)
        assert said in text
        assert "--image-column" in text
        assert f"columns: {header.replace(',', ', ')}" in text
        assert read_labels(file, header.split(",")[1]).images == ["b.png", "d.png"]

    def test_no_column_seems_to_name_the_images(self, write: Write) -> None:
        file = write("face code,age\nx1,20\nx2,30\n")
        assert "no column seems to name the images" in error(file)
        assert read_labels(file, "face code").images == ["x1", "x2"]
        assert "did you mean 'face code'" in error(file, ConfigError, image_column="face_code")

    def test_a_header_without_a_name_for_the_first_column(self, write: Write) -> None:
        for text in ("smiling,age\na.png,0,20\nb.png,1,30\n", ",smiling,age\na.png,0,20\nb.png,1,30\n"):
            labels = read_labels(write(text))
            assert labels.images == ["a.png", "b.png"]
            assert by_name(labels) == {"smiling": [0, 1], "age": [20, 30]}
            assert [("names all columns but the first" in note) for note in labels.notes] == [True] * (text[0] != ",")

    def test_a_comma_at_the_end_of_every_row_moves_nothing(self, write: Write) -> None:
        labels = read_labels(write("image,smiling,age\na.png,0,20,\nb.png,1,30,\n"))
        assert by_name(labels) == {"smiling": [0, 1], "age": [20, 30]}

    def test_empty_rows_and_columns_of_a_spreadsheet(self, write: Write) -> None:
        labels = read_labels(write("image,age,,\r\na.png,20,,\r\n,,,\r\nb.png,30,,\r\n,,,\r\n"))
        assert by_name(labels) == {"age": [20, 30]}

    def test_quotes_spaces_and_newlines_in_cells(self, write: Write) -> None:
        labels = read_labels(write('image, "age", note\n"a, 1.png", "20","two\nlines"\n"b ""2"".png",30,\n'))
        assert labels.images == ["a, 1.png", 'b "2".png']
        assert labels.column("age").tolist() == [20, 30]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty"),
            (b"\n \n,,\n", "is empty"),
            (b"image,age\n", "has a header but no rows"),
            (b"image\na.png\n", "has no attributes beside the images"),
            (b"image,age,age\na.png,1,2\n", ":1: two columns are called 'age'"),
            (b"image,,age\na.png,1,2\n", "column 2 has no name in the header"),
            (
                b",image,age\n7,a.png,2\n6,b.png,3\n",
                "the first column has no name in the header, although another names the images",
            ),
            (b"image,age\na.png,1\nb.png\n", ":3: 1 cells, but the header names 2 columns"),
            (b"image,age\na.png,1\n\nb.png,1,2\n", ":4: 3 cells, but the header names 2 columns"),
            (b'image,age\n"a\n\n.png",1\nb.png,1,2\n', ":5: 3 cells"),
            (b"image,age\n,1\n", ":2: names no image"),
            (b'image,age\na.png,1\n"b.png,1\nc.png,2\n', ":3: not a CSV table"),
            (b"image,age\na.png,\x81\n", ":2: not UTF-8 (byte 0x81); save it as CSV UTF-8"),
            (b"image,age\na.png,1\nb\0.png,2\n", ":3: a NUL byte"),
            (b"\xd0\xcf\x11\xe0rest", "an old Excel file, or one with a password; save it as .xlsx or as CSV UTF-8"),
            (b"a.png,0,1\nb.png,1,1\n", ":1: 'a.png' is in the place of a column's name"),
            (b"image,h:b,h\na.png,1,a\nb.png,2,b\nc.png,3,c\n", "two attributes would be called 'h:b'"),
            (b"image,age\n" + b"a" * 140_000 + b",1\n", ":2: not a CSV table"),
        ],
    )
    def test_what_is_no_table_of_labels(self, content: bytes, said: str, write: Write) -> None:
        assert said in error(write(content))

    def test_no_file_a_folder_and_a_huge_file(
        self, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "no such file" in error(tmp_path / "nothing.csv")
        assert "is a folder" in error(tmp_path)
        monkeypatch.setattr(reading, "LARGEST", 5)
        assert "too large" in error(write("image,age\na.png,1\n"))

    def test_one_row_an_image(self, write: Write) -> None:
        labels = read_labels(write("image,age\na.png,1\nb.png,NA\n./a.png,1.0\nb.png,\n"))
        assert labels.images == ["a.png", "b.png"]
        assert "2 rows say again" in labels.notes[0]
        text = error(write("image,age\na.png,1\nb.png,2\na.png,3\n"))
        assert text.startswith("labels.csv:4: other labels for 'a.png' than on line 2")

    def test_names_are_told_from_others(self, write: Write) -> None:
        labels = read_labels(write("image,hair,smiling\na.png,red,0\nb.png,black,1\nc.png,blond,1\nd.png,red,1\n"))
        assert labels.select(["smiling", "hair"]).names == ["smiling", "hair:black", "hair:blond"]
        assert np.array_equal(labels.select(["smiling"]).values[:, 0], labels.column("smiling"))
        with pytest.raises(
            ConfigError, match=r"unknown attribute 'smilling' \(did you mean 'smiling'\?\); choose from hair"
        ):
            labels.select(["smilling"])
        with pytest.raises(
            ConfigError, match="'hair:red' is the baseline that hair:black, hair:blond are measured against"
        ):
            labels.select(["hair:red"])
        with pytest.raises(ConfigError, match="'hair' is several attributes"):
            labels.column("hair")

    def test_columns_that_the_program_reads_for_something_else(self, write: Write) -> None:
        assert read_labels(write("image,license,age\na.png,CC0,1\nb.png,CC BY,2\n")).names == ["age"]
        file = write("image,id,age\na.png,7,1\nb.png,8,2\nc.png,7,3\n")
        assert read_labels(file).names == ["age"]
        assert read_labels(file, categories=["id"]).names == ["id:8", "age"]
        with pytest.raises(ConfigError, match="choose from id, age"):
            read_labels(file, categories=["image"])

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
    @given(
        levels=st.lists(
            st.text(st.characters(categories=["L", "Zs", "P", "S"]), min_size=1, max_size=8)
            .map(str.strip)
            .filter(lambda word: word and word[0] not in "'=" and word.casefold() not in coding.MISSING),
            min_size=1,
            max_size=12,
        ),
        numbers=st.lists(
            st.one_of(st.just(0.0), st.floats(1e-29, 1e29), st.floats(-1e29, -1e-29)), min_size=12, max_size=12
        ),
        separator=st.sampled_from(",;\t"),
        newline=st.sampled_from(["\n", "\r\n"]),
        bom=st.booleans(),
    )
    def test_what_was_written_is_read(
        self, levels: list[str], numbers: list[float], separator: str, newline: str, bom: bool, write: Write
    ) -> None:
        words = [levels[row % len(levels)] for row in range(12)]
        stream = io.StringIO()
        rows = csv.writer(stream, delimiter=separator, lineterminator=newline)
        rows.writerow(["word", "image", "number"])
        rows.writerows(
            [word, f"{row}.png", number] for row, (word, number) in enumerate(zip(words, numbers, strict=True))
        )
        labels = read_labels(write(("\ufeff" if bom else "") + stream.getvalue()), categories=["word"])
        assert labels.images == [f"{row}.png" for row in range(12)]
        if len(set(numbers)) > 2:
            assert labels.column("number").tolist() == numbers
        for attribute, column in zip(labels.attributes, labels.values.T, strict=True):
            if attribute.kind == "category":
                level = attribute.name.removeprefix("word:")
                assert column.tolist() == [float(word == level) for word in words]


class TestSheets:
    @staticmethod
    def save(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
        from openpyxl import Workbook

        book = Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
        return path

    def test_values_of_every_kind(self, tmp_path: Path) -> None:
        rows = [
            ["image", "age", "glasses", "hair", "tone"],
            ["a.png", 20, True, "red", -1],
            ["b.png", 30.5, False, "black", 3],
            [],
            ["c.png", None, True, "blond", 4.0],
            ["0004", 41.0, False, None, None],
        ]
        labels = read_labels(self.save(tmp_path / "labels.xlsx", rows), missing=["tone=-1"])
        assert labels.images == ["a.png", "b.png", "c.png", "0004"]
        assert np.array_equal(labels.column("age"), [20, 30.5, math.nan, 41], equal_nan=True)
        assert labels.column("glasses").tolist() == [1, 0, 1, 0]
        assert np.array_equal(labels.column("tone"), [math.nan, 3, 4, math.nan], equal_nan=True)
        assert labels.select(["hair"]).names == ["hair:blond", "hair:red"]

    def test_celeba_in_a_sheet(self, tmp_path: Path) -> None:
        rows = [[30], NAMES, *([file, *map(int, 2 * row - 1)] for file, row in zip(FILES, TRUTH, strict=True))]
        labels = read_labels(self.save(tmp_path / "labels.xlsx", rows))
        assert (labels.names, labels.images) == (NAMES, FILES)
        assert np.array_equal(labels.values, TRUTH)

    def test_errors_name_the_row_of_the_sheet(self, tmp_path: Path) -> None:
        rows = [["image", "age"], ["a.png", 1], [], ["b.png", "old"], ["c.png", 2]]
        assert error(self.save(tmp_path / "labels.xlsx", rows)).startswith("labels.xlsx:4: column 'age'")
        rows = [["image", "age"], ["a.png", 1], ["b.png", 2, "?"]]
        assert error(self.save(tmp_path / "labels.xlsx", rows)).startswith("labels.xlsx:3: 3 cells")

    def test_a_formula_without_its_value(self, tmp_path: Path) -> None:
        file = self.save(tmp_path / "labels.xlsx", [["image", "age"], ["a.png", 1], ["b.png", "=B2+1"]])
        assert error(file).startswith("labels.xlsx: cell B3 is a formula without its value")

    def test_damaged_and_huge(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = self.save(tmp_path / "labels.xlsx", [["image", "age"], ["a.png", 1]])
        cut = tmp_path / "cut.xlsx"
        cut.write_bytes(file.read_bytes()[:-300])
        assert "not an XLSX or ODS workbook, or damaged" in error(cut)
        monkeypatch.setattr(workbooks, "LARGEST_UNPACKED", 100)
        assert "unpacks to" in error(file)


class TestJoin:
    @pytest.mark.parametrize(
        ("rows", "images", "by"),
        [
            (["a.png", "sub/b.png"], ["a.png", "sub/b.png"], "path"),
            (["./a.png", "sub\\b.png"], ["a.png", "sub/b.png"], "path"),
            (["cafe\u0301.png", "b.png"], ["caf\u00e9.png", "b.png"], "path"),
            (["x/1.jpg", "y/1.jpg"], ["x/1.png", "y/1.png"], "path without suffix"),
            (["a", "morph_0.25"], ["a.png", "morph_0.25.png"], "path without suffix"),
            (["A.JPG", "b.jpg"], ["a.jpg", "b.png"], "path without suffix"),
            (["images/a.png", "images/b.png"], ["a.png", "b.png"], "name"),
            (["C:\\faces\\a.png", "C:\\faces\\b.png"], ["a.png", "b.png"], "name"),
            (["a.png", "b.png"], ["x/a.png", "y/b.png"], "name"),
            (["images/a.jpg", "images/b.jpg"], ["a.png", "b.png"], "stem"),
        ],
    )
    def test_by_what(self, rows: list[str], images: list[str], by: str) -> None:
        joined = join(table(rows), images[::-1])
        assert (joined.by, joined.matched, joined.unmatched_images, joined.unused_rows) == (by, 2, (), ())
        assert joined.values[:, 0].tolist() == [1, 0]
        assert joined.rows.tolist() == [1, 0]

    def test_rows_of_other_images_are_counted(self) -> None:
        joined = join(table([f"{number}.png" for number in range(1000)]), ["7.png", "500.png"])
        assert joined.values[:, 0].tolist() == [7, 500]
        assert len(joined.unused_rows) == 998
        assert "998 rows of labels are of other images, such as 0.png" in joined.summary

    def test_a_few_images_without_labels_are_missing_values(self) -> None:
        images = [f"face {letter}{letter}" for letter in "abcdefghijklmnopqrst"]
        joined = join(table(images[1:]), images)
        assert joined.unmatched_images == ("face aa",)
        assert np.isnan(joined.values[0, 0])
        assert joined.values[1:, 0].tolist() == list(range(19))
        assert joined.rows[0] == -1
        assert joined.summary == "19 of 20 images have labels (matched by path); none for face aa"

    @pytest.mark.parametrize("folder", ["", "images", "sub/images"])
    def test_some_of_the_images_by_their_paths_are_used_counted_and_told(self, folder: str) -> None:
        """Sixty images, fifty of them labelled, and five rows of others."""
        images = [f"face_{number:04d}.png" for number in range(60)]
        before = f"{folder}/" if folder else ""
        rows = [f"{before}face_{number:04d}.png" for number in range(10, 60)] + [f"gone_{n}.png" for n in range(5)]
        joined = join(table(rows), images, folder)
        assert (joined.by, joined.matched, len(joined.unused_rows)) == ("path", 50, 5)
        assert np.isnan(joined.values[:10, 0]).all() and joined.values[10:, 0].tolist() == list(range(50))
        assert joined.summary == (
            "50 of 60 images have labels (matched by path); none for face_0000.png, face_0001.png, face_0002.png,"
            " face_0003.png, face_0004.png and 5 more; 5 rows of labels are of other images, such as gone_0.png"
        )
        # From the images' own folder as well as from the table's.
        assert join(table([row.removeprefix(before) for row in rows]), images, folder).matched == 50

    def test_fewer_are_refused_where_it_is_a_guess(self) -> None:
        images = [f"face {letter}{letter}.png" for letter in "abcdefghijklmnopqrs"]
        stems = [image.removesuffix(".png") for image in images]
        with pytest.raises(DataError) as raised:
            join(table(stems[1:]), images)
        text = str(raised.value)
        assert "labels for 18 of 19 images (94 %) by their path without suffix, at least 95% are needed" in text
        assert "none for face aa.png" in text
        with pytest.raises(DataError, match="are these the labels of these images") as raised:
            join(table(["x", "y", "z"]), images)
        assert "labels for 0 of 19 images" in str(raised.value)
        assert "face aa.png, face bb.png, face cc.png, face dd.png, face ee.png and 14 more" in str(raised.value)
        with pytest.raises(DataError, match="no images"):
            join(table(["x"]), [])

    @pytest.mark.parametrize(
        ("rows", "images", "both"),
        [
            (["x/1.png", "y/1.png"], ["1.png", "2.png"], ("'x/1.png'", "'y/1.png'")),
            (["1.jpg", "2.jpg"], ["x/1.png", "y/1.png"], ("x/1.png", "y/1.png")),
            (["1", "2"], ["1.png", "1.jpg", "2.png"], ("1.png", "1.jpg")),
            (["1.jpg", "1.png", "2.png"], ["1.gif", "2.gif"], ("'1.jpg'", "'1.png'")),
        ],
    )
    def test_the_same_stem_twice_is_an_error_that_names_both(
        self, rows: list[str], images: list[str], both: tuple[str, str]
    ) -> None:
        with pytest.raises(DataError, match="twice") as raised:
            join(table(rows), images)
        assert all(name in str(raised.value) for name in both)

    def test_twins_that_no_image_needs_do_not_matter(self) -> None:
        assert join(table(["x/1.png", "y/1.png", "x/2.png"]), ["2.jpg"]).values.tolist() == [[2]]
        assert join(table(["x/1.png", "y/1.png"]), ["x/1.png", "y/1.png"]).matched == 2

    def test_folders_that_matter_are_not_left_out(self) -> None:
        """Nine of ten match with their folders; the tenth must not get the labels of its namesake elsewhere."""
        images = [f"old/{letter}.png" for letter in "abcdefghij"]
        rows = [*images[:9], "young/j.png"]
        joined = join(table(rows), images)
        assert (joined.by, joined.matched, joined.unmatched_images) == ("path", 9, ("old/j.png",))
        with pytest.raises(DataError, match="labels for 9 of 10"):
            join(table([row.replace("png", "jpg") for row in rows]), images)

    @pytest.mark.parametrize("count", [10, 500])  # below and above 95 % by accident
    @pytest.mark.parametrize("suffix", ["png", "jpg"])
    @pytest.mark.parametrize("digits", [1, 6])
    def test_labels_from_1_and_images_from_0(self, count: int, suffix: str, digits: int) -> None:
        rows = [f"{number:0{digits}d}.jpg" for number in range(1, count + 1)]
        images = [f"{number:0{digits}d}.{suffix}" for number in range(count)]
        with pytest.raises(DataError, match="the labels look 1-based and the images 0-based") as raised:
            join(table(rows), images)
        assert f"if {images[0]} went with {rows[0]}" in str(raised.value)
        with pytest.raises(DataError, match="the labels look 0-based and the images 1-based"):
            join(
                table([f"{number}.jpg" for number in range(count)]), [f"{number}.png" for number in range(1, count + 1)]
            )

    def test_an_offset_with_words_before_the_numbers(self) -> None:
        rows = [f"faces/id_{number}.jpg" for number in range(301, 340)]
        with pytest.raises(DataError, match="the labels look numbered one higher"):
            join(table(rows), [f"id_{number:05d}.png" for number in range(300, 339)])

    def test_a_gap_is_no_offset(self) -> None:
        rows = [f"{number}.png" for number in range(101) if number != 50]
        joined = join(table(rows), [f"{number}.png" for number in range(100)])
        assert joined.unmatched_images == ("50.png",)

    def test_leading_zeros_count_but_are_named(self) -> None:
        """000001.jpg of CelebA and 00001.png of CelebA-HQ are different faces."""
        rows = [f"{number:06d}.jpg" for number in range(1, 40)]
        with pytest.raises(DataError, match="30 would match if leading zeros did not count"):
            join(table(rows), [f"{number:05d}.png" for number in range(1, 31)])

    @settings(deadline=None, max_examples=100)
    @given(
        stems=st.lists(
            st.text("ab01._- é", min_size=1, max_size=5).map(lambda text: f"x{text}x"), min_size=1, max_size=30
        ),
        suffix=st.sampled_from([".png", ".jpg", "", ".PNG"]),
        folder=st.sampled_from(["", "images/", "./images/", "a\\b\\"]),
        seed=st.integers(0, 99),
    )
    def test_every_image_gets_its_own_labels(self, stems: list[str], suffix: str, folder: str, seed: int) -> None:
        stems = list(dict.fromkeys(stems))
        rows = [f"{folder}{stem}{suffix}" for stem in stems]
        order = np.random.default_rng(seed).permutation(len(stems))
        joined = join(table(rows), [f"{stems[place]}.png" for place in order])
        assert joined.values[:, 0].tolist() == order.tolist()


def test_problems() -> None:
    attributes = [Attribute(name, "graded", name) for name in ("good", "constant", "missing", "copy", "other")]
    gap = math.nan
    values = np.array([[1, 7, gap, 1, 1], [2, gap, gap, 2, 2], [gap, 7, gap, gap, 0]])
    assert problems(attributes, values) == {
        "constant": "is 7 for every image that has it",
        "missing": "is missing for every image",
        "copy": "is the same as 'good' for every image",
    }


DATA = Path(os.environ.get("GAIA_STIM_DATA", "nowhere"))


@pytest.mark.skipif(not DATA.is_dir(), reason="GAIA_STIM_DATA is not set")
class TestRealData:
    def test_avatars(self) -> None:
        labels = read_labels(
            DATA / "avatars" / "labels.csv", missing=["skin_tone=-1"], baselines={"hair_color": "black"}
        )
        for folder in (DATA / "avatars", DATA / "avatars" / "images"):
            joined = join(labels, list_images(folder))
            assert (joined.matched, joined.unused_rows) == (2380, ())
        named = dict(zip(labels.names, labels.values.T, strict=True))
        assert (np.isnan(named["skin_tone"]).sum(), np.nanmin(named["skin_tone"])) == (4, 1)
        assert named["eyeglasses"].sum() == 1118
        hair = {attribute.name: attribute.baseline for attribute in labels.select(["hair_color"]).attributes}
        assert set(hair.values()) == {"black"}
        assert {name: named[name].sum() for name in hair} == {
            "hair_color:bald": 25,
            "hair_color:blond": 641,
            "hair_color:brown": 499,
            "hair_color:ginger": 516,
            "hair_color:grey": 422,
        }
        assert np.array_equal(named["young"], 1 - named["hair_color:grey"] - named["hair_color:bald"])

    def test_avatars_unsaid(self) -> None:
        [note] = read_labels(DATA / "avatars" / "labels.csv").notes
        assert "--missing 'skin_tone=-1'" in note

    def test_finch(self) -> None:
        labels = read_labels(DATA / "finch" / "labels.csv")
        assert join(labels, list_images(DATA / "finch" / "spectrograms128")).matched == 4028
        assert set(labels.left_out) == {"source"}
        assert problems(labels.attributes, labels.values)["sample_rate"] == "is 32000 for every image that has it"


def test_the_built_in_samples(faces: Path) -> None:
    labels = read_labels(faces.parent / "labels.csv")
    assert join(labels, list_images(faces)).matched == 60
    assert {attribute.name: attribute.kind for attribute in labels.attributes}["glasses"] == "binary"
    assert labels.notes == ()

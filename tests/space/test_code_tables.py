"""Codes on disk: exact to the bit in every format, and anything else is refused."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.torch import save

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.files import hash_file
from gaia_stim.space.codes import SUFFIXES, TEXTS, CodeTable, read_codes, write_codes
from gaia_stim.tensors import HEADER

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
CODES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=FLOATS)
NAMES = [
    "a",
    "ü/ß 1.png",
    "007",
    "NA",
    "None",
    'say "hi", then.png',
    "1e5",
    "#",
    "-5.png",
    "=1+1.png",
    "two\nlines",
    " x ",
]


def table(codes: Any, names: list[str] | None = None) -> CodeTable:
    codes = np.asarray(codes, np.float32)
    names = names or [f"n{row}" for row in range(len(codes))]
    return CodeTable(codes, "sha256_12e4", [f"id_{name}" for name in names], names, ["sha256_0"] * len(names))


def same(a: CodeTable, b: CodeTable) -> bool:
    texts = all(getattr(a, name) == getattr(b, name) for name in (*TEXTS, "model_hash"))
    return texts and a.codes.dtype == b.codes.dtype == np.float32 and np.array_equal(a.codes, b.codes)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=40, deadline=None)
@given(codes=CODES)
def test_every_number_comes_back(suffix: str, codes: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"codes{suffix}"
    write_codes(path, table(codes))
    assert same(read_codes(path), table(codes))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_extremes_come_back(suffix: str, tmp_path: Path) -> None:
    info = np.finfo(np.float32)
    values = [info.max, -info.max, info.tiny, info.smallest_subnormal, info.eps, 0.1, 1 / 3, 16_777_217, 0]
    write_codes(tmp_path / f"x{suffix}", table([values, values[::-1]]))
    assert same(read_codes(tmp_path / f"x{suffix}"), table([values, values[::-1]]))


@pytest.mark.parametrize(
    "suffix",
    [".csv", ".npz", ".safetensors"],
)
def test_the_sign_of_nothing_comes_back(suffix: str, tmp_path: Path) -> None:
    write_codes(tmp_path / f"x{suffix}", table([[-0.0, 1.0]]))
    assert np.signbit(read_codes(tmp_path / f"x{suffix}").codes).tolist() == [[True, False]]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_name_comes_back(suffix: str, tmp_path: Path) -> None:
    codes = np.arange(2.0 * len(NAMES)).reshape(-1, 2)
    write_codes(tmp_path / f"x{suffix}", table(codes, NAMES))
    assert same(read_codes(tmp_path / f"x{suffix}"), table(codes, NAMES))


def test_a_carriage_return_in_a_name_comes_back(tmp_path: Path) -> None:
    write_codes(tmp_path / "x.csv", table([[1.0]], ["a\r.png"]))
    assert same(read_codes(tmp_path / "x.csv"), table([[1.0]], ["a\r.png"]))


def test_a_name_is_inert_in_a_spreadsheet(tmp_path: Path) -> None:
    write_codes(tmp_path / "x.csv", table([[-0.5]], ['=HYPERLINK("x").png']))
    text = (tmp_path / "x.csv").read_text()
    assert ",\"'=HYPERLINK" in text or ",'=HYPERLINK" in text
    assert text.rstrip().endswith(",-0.5")


def test_a_csv_is_what_others_read(tmp_path: Path) -> None:
    write_codes(tmp_path / "x.csv", table([[0.5, -0.25, 1e-7] * 4]))
    assert (tmp_path / "x.csv").read_text().splitlines() == [
        "image_id,path,image_hash,model_hash," + ",".join(f"z_{number:02}" for number in range(1, 13)),
        "id_n0,n0,sha256_0,sha256_12e4," + ",".join(["0.5", "-0.25", "1.00000001e-07"] * 4),
    ]


@pytest.mark.parametrize(
    "suffix",
    [
        ".csv",
        ".npz",
        ".safetensors",
    ],
)
def test_the_same_codes_are_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    hashes = set()
    for _ in range(12):
        write_codes(tmp_path / f"x{suffix}", table([[1.5, 2.5]]))
        hashes.add(hash_file(tmp_path / f"x{suffix}"))
    assert len(hashes) == 1


@pytest.mark.parametrize("name", ["codes", "codes.txt", "codes.npy", "codes.pt", "codes.csv.gz"])
def test_other_formats_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")
    for refused in (lambda: write_codes(tmp_path / name, table([[1.0]])), lambda: read_codes(tmp_path / name)):
        with pytest.raises(ConfigError, match=r"written as \.csv, \.npz, \.safetensors; choose"):
            refused()
    assert (tmp_path / name).read_text() == "x"


def header(**changes: Any) -> dict[str, str]:
    return {HEADER: json.dumps({**{name: ["a"] for name in TEXTS}, "model_hash": "m", **changes})}


def of_numpy(**arrays_: Any) -> bytes:
    stream = io.BytesIO()
    texts = {name: np.array(["a"]) for name in TEXTS}
    np.savez(stream, **{"codes": np.ones((1, 2), np.float32), "model_hash": np.array("m"), **texts, **arrays_})
    return stream.getvalue()


def of_one_array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.ones((1, 2), np.float32))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.csv", None),
        ("text.npz", b"hello"),
        ("text.safetensors", b"hello"),
        ("empty.safetensors", b""),
        ("empty.csv", b""),
        ("binary.csv", bytes(range(256)) * 4),
        ("table.csv", b"a,b\n1,2\n"),
        ("ragged.csv", b"image_id,path\na,b,c,d,e\n1\n"),
        ("words.csv", b"image_id,path,image_hash,model_hash,z_1\na,a,a,m,oh\n"),
        ("blank.csv", b"image_id,path,image_hash,model_hash,z_1\na,a,a,m,\n"),
        ("nan.csv", b"image_id,path,image_hash,model_hash,z_1\na,a,a,m,nan\n"),
        ("huge.csv", b"image_id,path,image_hash,model_hash,z_1\na,a,a,m,1e39\n"),
        ("object.npz", of_numpy(codes=np.array([[{}]], dtype=object))),
        ("objects.npz", of_numpy(path=np.array([{}], dtype=object))),
        ("words.npz", of_numpy(codes=np.array([["oh"]]))),
        ("flat.npz", of_numpy(codes=np.ones(3))),
        ("infinite.npz", of_numpy(codes=np.full((1, 2), np.inf))),
        ("none_left.npz", of_numpy(codes=np.ones((0, 2)))),
        ("no_header.safetensors", save({"codes": torch.ones(1, 2)})),
        ("no_codes.safetensors", save({"z": torch.ones(1, 2)}, metadata=header())),
        ("not_json.safetensors", save({"codes": torch.ones(1, 2)}, metadata={HEADER: "oh"})),
        ("header_alone.csv", b"image_id,path,image_hash,model_hash,z_1\n"),
        ("empty.npz", b""),
        ("cut.npz", of_numpy()[:300]),
        ("flipped.npz", of_numpy().replace(b"\x80?", b"\x81?", 1)),
        ("array.npz", of_one_array()),
        ("too_few_names.npz", of_numpy(codes=np.ones((2, 2)))),
        ("too_few_hashes.npz", of_numpy(image_hash=np.array([], np.str_))),
        ("table_of_names.npz", of_numpy(image_id=np.array([["a", "b"]]))),
        *(
            (f"{name}_{kind}.safetensors", save({"codes": torch.ones(1, 2)}, metadata=header(**{name: odd})))
            for name in TEXTS
            for kind, odd in {
                "none": None,
                "number": 3,
                "text": "a",
                "mapping": {"a": 1},
                "of_lists": [["a"]],
                "half_a_letter": ["\ud800"],
                "long": ["a" * 10_001],
            }.items()
        ),
        ("model_number.safetensors", save({"codes": torch.ones(1, 2)}, metadata=header(model_hash=3))),
        ("list.safetensors", save({"codes": torch.ones(1, 2)}, metadata={HEADER: "[]"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_codes_is_refused(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_codes(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ") and caught.value.exit_code == 3


def test_codes_are_float32_whatever_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(of_numpy(codes=np.array([[1, 2]], np.int64)))
    assert read_codes(tmp_path / "x.npz").codes.dtype == np.float32


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_codes_of_safetensors_are_float32_too(kind: torch.dtype, tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(save({"codes": torch.ones(1, 2, dtype=kind)}, metadata=header()))
    assert read_codes(tmp_path / "x.safetensors").codes.dtype == np.float32


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_codes_that_are_too_large_for_32_bits_are_told(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    write_codes(path, table([[1.0, 2.0]]))
    if suffix == ".csv":
        path.write_text(path.read_text().replace("2", "1e300"))
    else:
        with np.load(path) as file:
            np.savez(path, **{**file, "codes": np.array([[1.0, 1e300]])})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="not a table of finite numbers of 32 bits"):
        read_codes(path)

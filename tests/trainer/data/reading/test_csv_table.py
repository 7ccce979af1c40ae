"""Tables in the forms that spreadsheets, pandas and Kaggle give them, read by their columns."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.data.prepare import open_data
from trainer.data.readers import fer2013, picture_list
from trainer.data.readers.reader_registry import find_reader
from trainer.data.reading.csv_table import parse_whole_numbers
from trainer.data.reading.read_options import read_options
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

PICTURES = np.random.default_rng(3).integers(0, 256, (14, 48, 48), np.uint8)
USAGES = ("Training", "PublicTest")


def pixels(index: int, mark: str = "") -> str:
    return " ".join(f"{value}{mark}" for value in PICTURES[index].ravel())


def fer_table(head: str, row: str, mark: str = "") -> str:
    """14 rows by a form with {emotion}, {usage}, {pixels} and {index}."""
    rows = [
        row.format(emotion=i % 7, usage=USAGES[i // 7], pixels=pixels(i, mark), index=i)
        for i in range(14)
    ]
    return "\n".join([head, *rows]) + "\n"


FORMS = {
    "kaggle icml": fer_table("emotion, Usage, pixels", "{emotion},{usage},{pixels}").encode(),
    "quoted": fer_table('"emotion","pixels","Usage"', '"{emotion}","{pixels}","{usage}"').encode(),
    "capitals": fer_table("EMOTION,PIXELS,USAGE", "{emotion},{pixels},{usage}").encode(),
    "index column": fer_table(
        ",emotion,pixels,Usage", "{index},{emotion},{pixels},{usage}"
    ).encode(),
    "byte order mark": b"\xef\xbb\xbf"
    + fer_table("emotion,pixels,Usage", "{emotion},{pixels},{usage}").encode(),
    "utf-16": fer_table("emotion,pixels,Usage", "{emotion},{pixels},{usage}").encode("utf-16"),
    "utf-16 without mark": fer_table("emotion,pixels,Usage", "{emotion},{pixels},{usage}").encode(
        "utf-16-le"
    ),
    "carriage returns": fer_table("emotion,pixels,Usage", "{emotion},{pixels},{usage}")
    .replace("\n", "\r\n")
    .encode(),
    "semicolons": fer_table("emotion;pixels;Usage", "{emotion};{pixels};{usage}").encode(),
    "tabs": fer_table("emotion\tpixels\tUsage", "{emotion}\t{pixels}\t{usage}").encode(),
    "decimal commas": fer_table(
        "emotion;pixels;Usage", "{emotion},0;{pixels};{usage}", ",0"
    ).encode(),
    "decimal points": fer_table(
        "emotion,pixels,Usage", "{emotion}.0,{pixels},{usage}", ".0"
    ).encode(),
    "excel's separator line": b"sep=;\n"
    + fer_table("emotion;pixels;Usage", "{emotion};{pixels};{usage}").encode(),
    "blank lines": fer_table("emotion,pixels,Usage", "{emotion},{pixels},{usage}").encode()
    + b"\n\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_fer2013_is_recognised_by_its_columns(tmp_path: Path, form: str) -> None:
    file = tmp_path / "icml_face_data.csv"
    file.write_bytes(FORMS[form])
    assert find_reader(file).name == "fer2013"
    data = fer2013.read(file)
    assert data.label.tolist() == [i % 7 for i in range(14)]
    assert np.array_equal(data.images, PICTURES)
    assert data.split.tolist() == ["train"] * 7 + ["val"] * 7


def test_without_usage_a_stratified_tenth_of_train_is_held_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    draw = np.random.default_rng(0)
    lines = ["emotion,pixels"]
    for i in range(420):
        values = draw.integers(0, 256, 2304)
        lines.append(f"{i % 7},{' '.join(map(str, values))}")
    file = tmp_path / "train.csv"
    file.write_text("\n".join(lines))
    assert find_reader(file).name == "fer2013"
    with caplog.at_level(logging.INFO):
        data = fer2013.read(file)
    counts = data.class_counts()
    assert set(counts) == {"train", "val"}
    assert set(counts["val"]) == set(EXPRESSIONS)
    assert 25 <= sum(counts["val"].values()) <= 65
    assert "no validation pictures" in caplog.text
    assert "seed 0" in caplog.text


def test_contempt_of_ckextended_is_left_out_or_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = ["emotion,pixels,Usage"]
    lines += [f"{i % 8},{pixels(i % 14)},Training" for i in range(16)]
    file = tmp_path / "ckextended.csv"
    file.write_text("\n".join(lines))
    with caplog.at_level(logging.INFO):
        data = fer2013.read(file)
    assert len(data) == 14
    assert data.classes == EXPRESSIONS
    assert data.source_index.tolist() == [i for i in range(16) if i % 8 != 7]
    assert "left out: 2 of contempt" in caplog.text
    eight = fer2013.list_rows(file, read_options(classes=(*EXPRESSIONS, "contempt"))).load()
    assert np.bincount(eight.label).tolist() == [2] * 8


@pytest.mark.parametrize("name", ["image", "path", "filename", "FilePath", "img", "image_path"])
@pytest.mark.parametrize("label", ["emotion", "Expression", "class"])
def test_lists_under_other_names(tmp_path: Path, name: str, label: str) -> None:
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), PICTURES[i])
    (tmp_path / "faces.csv").write_text(
        f"{label};id;{name};Usage\nhappy;7;0.png;Training\nSad;8;1.png;PublicTest\n"
        "fear;9;2.png;test\n"
    )
    assert find_reader(tmp_path / "faces.csv").name == "list"
    data = picture_list.list_pictures(tmp_path / "faces.csv").load()
    assert [EXPRESSIONS[number] for number in data.label] == ["happy", "sad", "fear"]
    assert data.split.tolist() == ["train", "val", "test"]
    assert np.array_equal(data.images, PICTURES[:3])


def test_backslashes_and_absolute_paths_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "set" / "x").mkdir(parents=True)
    for i in range(2):
        cv2.imwrite(str(tmp_path / "set" / "x" / f"{i}.png"), PICTURES[i])
    absolute = tmp_path / "set" / "x" / "1.png"
    file = tmp_path / "set" / "faces.csv"
    file.write_text(f"file,label,split\nx\\0.png,happy,train\n{absolute},sad,train\n")
    data = open_data(file, landmarks=False)
    assert data.sample_id.tolist() == ["x/0.png", "x/1.png"]
    cv2.imwrite(str(tmp_path / "outer.png"), PICTURES[2])
    file.write_text(f"file,label,split\n{tmp_path / 'outer.png'},happy,train\n")
    with pytest.raises(DataError, match=r"outer\.png lies outside the folder"):
        picture_list.list_pictures(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"pixels\n1 2 3\n", "CSV with the columns pixels; for FER2013 emotion is missing"),
        (b"pixels,Usage\n1 2 3,Training\n", "CSV with the columns pixels, Usage; for FER2013 "
         "emotion is missing; for a list of pictures file and label are missing"),
        (b"name;age\nx;3\n", "CSV with the columns name, age; for FER2013 emotion and pixels"),
        ("Gefühl,Bild\nfroh,1\n".encode("cp1252"), "CSV with the columns Gefühl, Bild"),
        ("a,b\n1,2\n".encode("utf-16"), "CSV with the columns a, b"),
        (b"", "an empty file"),
        (bytes(range(256)), "a binary file"),
    ],
)  # fmt: skip
def test_an_unknown_table_says_which_columns_are_missing(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "other.csv"
    file.write_bytes(content)
    with pytest.raises(DataError) as error:
        find_reader(file)
    assert words in str(error.value)


def test_a_misspelt_label_is_refused_with_the_nearest(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), PICTURES[0])
    file = tmp_path / "faces.csv"
    file.write_text("image,emotion\n0.png,hapy\n0.png,Neutral\n0.png,contempt\n")
    with pytest.raises(DataError, match=r"unknown labels: 'hapy'\n.*--class-map hapy=happy"):
        picture_list.list_pictures(file)
    data = picture_list.list_pictures(file, read_options(class_map={"hapy": "happy"})).load()
    assert [EXPRESSIONS[number] for number in data.label] == ["happy", "neutral"]


@pytest.mark.parametrize("text", ["1 2 3", "[1, 2, 3]", "1,2,3", "1.0 2.0 3.0", "1,0 2,0 3,0"])
def test_whole_numbers_in_every_notation(text: str) -> None:
    assert parse_whole_numbers(text).tolist() == [1, 2, 3]


@pytest.mark.parametrize("text", ["1 2 x", "1.5 2", "nan 1", "inf 1", "9e999 1"])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_whole_numbers(text)

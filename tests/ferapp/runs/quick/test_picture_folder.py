"""The check of a beginner's folder: what is found, and which mistakes are named."""

import zipfile
from pathlib import Path

import pytest

from ferapp.runs.quick.example_folder import make_example
from ferapp.runs.quick.picture_folder import (
    check_folder,
    open_quick_data,
    quick_data_config,
)
from ferapp.runs.quick.quick_fit import quick_arguments, reference_right
from trainer.config.loading import load_config
from trainer.recipes import RECIPES


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_example(tmp_path_factory.mktemp("pictures") / "faces")


def put(example: Path, target: Path, folders: dict[str, tuple[str, int]]) -> Path:
    """Copy so many pictures of a class of the example into each folder."""
    for folder, (name, count) in folders.items():
        (target / folder).mkdir(parents=True, exist_ok=True)
        for picture in sorted((example / name).glob("*.png"))[:count]:
            (target / folder / picture.name).write_bytes(picture.read_bytes())
    return target


def test_every_picture_is_counted_with_its_face_and_split(example: Path, tmp_path: Path) -> None:
    folders = {"calm": ("worried", 8), "Happy": ("laughing", 6)}
    check = check_folder(put(example, tmp_path / "mine", folders))
    assert [(each.name, each.pictures, each.faces) for each in check.classes] == [
        ("calm", 8, 8),
        ("happy", 6, 6),
    ]
    assert not check.problem
    assert check.advice.startswith("With 20 or more pictures each, calm and happy")
    assert all(0 < each.held_out < each.faces for each in check.classes)
    assert check.classes[0].examples[0].shape == (48, 48)


def test_the_command_reads_the_same_classes_and_pictures(example: Path, tmp_path: Path) -> None:
    """Words that elsewhere mean another class stay as they are."""
    folders = {"calm": ("worried", 6), "anger": ("tearful", 6), "happy": ("laughing", 6)}
    check = check_folder(put(example, tmp_path / "my faces", folders))
    arguments = quick_arguments(check, tmp_path / "runs")
    sets = [arguments[k + 1] for k, word in enumerate(arguments) if word == "--set"]
    config = load_config(None, sets, **RECIPES["quick"].values)
    assert config.data == quick_data_config(("anger", "calm", "happy"))
    assert arguments[arguments.index("--name") + 1] == "my-faces"
    data = open_quick_data(tmp_path / "my faces", ("anger", "calm", "happy"))
    assert data.classes == ("anger", "calm", "happy")
    assert [name.split("/")[0] for name in data.sample_id.tolist()] == [
        data.classes[index] for index in data.label.tolist()
    ]


def test_default_is_asked_among_the_same_classes(example: Path, tmp_path: Path) -> None:
    folders = {"sadness": ("tearful", 12), "joy": ("laughing", 12)}
    check = check_folder(put(example, tmp_path / "two", folders))
    assert reference_right(check) == check.held_out  # tears and laughter are easy for it
    assert reference_right(check_folder(example)) is None  # tearful is none of the seven


@pytest.mark.parametrize(
    ("folders", "problem"),
    [
        ({}, "There are no pictures in mine."),
        ({"": ("worried", 6)}, "The pictures lie directly in mine, in no class folder."),
        ({"happy": ("laughing", 6)}, "There is only one class folder, happy."),
        (
            {"a/happy": ("laughing", 6), "b/sad": ("tearful", 6)},
            "The class folders lie too deep, as a/happy does.",
        ),
        ({"happy": ("laughing", 3), "sad": ("tearful", 2)}, "Too few pictures of happy and sad."),
    ],
)
def test_a_mistake_is_named_with_what_to_do(
    example: Path, tmp_path: Path, folders: dict[str, tuple[str, int]], problem: str
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    check = check_folder(put(example, mine, folders))
    assert check.problem == problem
    assert check.advice


def test_an_empty_class_folder_is_listed(example: Path, tmp_path: Path) -> None:
    folders = {"happy": ("laughing", 6), "sad": ("tearful", 6), "fear": ("worried", 0)}
    check = check_folder(put(example, tmp_path / "mine", folders))
    assert check.problem == "Too few pictures of fear."
    (missing,) = [each for each in check.classes if each.is_too_few]
    assert (missing.name, missing.pictures) == ("fear", 0)


def test_a_zip_is_read_as_its_folder(example: Path, tmp_path: Path) -> None:
    mine = put(example, tmp_path / "mine", {"x": ("laughing", 6), "y": ("tearful", 6)})
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for file in mine.rglob("*.png"):
            archive.write(file, Path("photos") / file.relative_to(mine))
    check = check_folder(tmp_path / "mine.zip")
    assert not check.problem
    assert [(each.name, each.faces) for each in check.classes] == [("x", 6), ("y", 6)]


def test_no_folder_at_all(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("angry")
    assert check_folder(tmp_path / "notes.txt").problem.startswith("notes.txt is neither")

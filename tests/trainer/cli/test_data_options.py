"""Layouts, class maps and validation draws from the command line to training and evaluation."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_face
from trainer.card import ModelCard
from trainer.cli.commands import app
from trainer.config.sections import DataConfig
from trainer.data import face_data
from trainer.data.prepare import cache_folder, open_data, prepare
from trainer.data.reading.read_options import configured_options, parse_class_map, read_options
from trainer.errors import DataError, UsageError
from trainer.models import create
from trainer.models.model_file import save_model


def numbered_folders(root: Path, count: int = 12) -> Path:
    draw = np.random.default_rng(0)
    for code in range(1, 8):
        (root / str(code)).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(root / str(code) / f"{number}.png"), drawn_face(code - 1, draw))
    return root


CLASS_MAP = "1=angry,2=disgust,3=fear,4=happy,5=sad,6=surprise,7=neutral"


def test_prepare_takes_a_class_map_and_the_validation_draw(tmp_path: Path) -> None:
    source = numbered_folders(tmp_path / "faces")
    for name, further in (
        ("a", ["--class-map", CLASS_MAP]),
        ("b", ["--class-map", CLASS_MAP, "--val-share", "0.4", "--val-seed", "3"]),
        ("c", ["--format", "raf-db-folders", "--classes", "happy,sad"]),
    ):
        arguments = ["prepare", str(source), "--out", str(tmp_path / name), "--no-landmarks"]
        assert app(args=[*arguments, *further], standalone_mode=False) in (None, 0)
    first, second, third = (face_data.load(tmp_path / name) for name in "abc")
    assert first.class_counts()["train"].keys() == set(first.classes)
    assert (second.split == "val").mean() > 0.2 > (first.split == "val").mean()
    assert third.classes == ("happy", "sad")
    assert {name.split("/")[0] for name in third.sample_id} == {"4", "5"}


def test_a_prepared_folder_is_of_one_set_of_options(tmp_path: Path) -> None:
    source, out = numbered_folders(tmp_path / "faces", 3), tmp_path / "out"
    options = read_options(class_map=parse_class_map(CLASS_MAP))
    prepare(source, out, options=options, landmarks=False)
    prepare(source, out, options=options, landmarks=False)
    other = read_options(class_map=parse_class_map(CLASS_MAP), val_seed=5)
    with pytest.raises(UsageError, match="val_seed: none, asked: 5"):
        prepare(source, out, options=other, landmarks=False)
    assert len({cache_folder(source, options=each) for each in (options, other)}) == 2
    assert cache_folder(source) == cache_folder(source, options=read_options())


def test_the_options_of_a_prepared_folder_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, out = numbered_folders(tmp_path / "faces", 3), tmp_path / "out"
    options = read_options(class_map=parse_class_map(CLASS_MAP), val_seed=5)
    prepare(source, out, options=options, landmarks=False)
    open_data(out, landmarks=False, options=options)
    assert "stay as they are" not in caplog.text
    open_data(out, landmarks=False, options=read_options(val_seed=6))
    assert "its classes and splits stay as they are, not val_seed 6" in caplog.text


def test_the_configuration_has_the_options() -> None:
    config = DataConfig(classes=["happiness", "pain"], class_map=["1=joy"], val_seed=4)
    options = configured_options(config)
    assert options.classes == ("happy", "pain")
    assert options.class_map == {"1": "happy"}
    assert options.val_seed == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [("1=", "'1' is not LABEL=CLASS"), ("happy", "'happy' is not"), ("=sad", "'' is not")],
)
def test_a_class_map_is_checked(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_class_map(text)


def test_a_class_map_to_no_class_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'hapy' is no class\nDid you mean happy\?"):
        read_options(class_map={"1": "hapy"})


@pytest.mark.slow
def test_evaluation_validates_on_the_pictures_that_training_held_out(
    command, tmp_path: Path
) -> None:
    numbered_folders(tmp_path / "faces")
    done = command(
        "trainer", "train", "--data", "faces", "--json", "--no-landmarks", "--class-map",
        CLASS_MAP, "--set", "data.val_share=0.3", "--set", "data.val_seed=2", "--set",
        "optim.epochs=1", "--set", "model.options={widths=[16],blocks=[1]}", "--set",
        "optim.batch_size=16", "--set", "augment.start_side=0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout.splitlines()[-1])
    done = command(
        *("trainer", "evaluate", "--model", run["model"], "--data", "faces", "--no-landmarks"),
        "--json",
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    options = read_options(class_map=parse_class_map(CLASS_MAP), val_share=0.3, val_seed=2)
    data = open_data(tmp_path / "faces", options=options, landmarks=False)
    assert result["n"] == int((data.split == "val").sum())
    assert result["accuracy"] == pytest.approx(run["best"]["accuracy"])


def test_evaluate_reads_numbered_folders_and_the_classes_of_its_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a run beside the model, its card says which classes to read."""
    source = numbered_folders(tmp_path / "val", 2).parent
    arguments = ["evaluate", "--data", str(source), "--no-landmarks", "--device", "cpu", "--json"]

    def evaluate(model: str, *further: str) -> dict[str, Any]:
        assert app(args=[*arguments, "--model", model, *further], standalone_mode=False) in (
            None,
            0,
        )
        result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return result

    with pytest.raises(DataError, match="not recognised"):
        evaluate("compact")
    assert evaluate("compact", "--class-map", CLASS_MAP)["n"] == 14
    assert evaluate("compact", "--format", "raf-db-folders")["per_class"]["surprise"]["n"] == 2
    card = ModelCard(
        name="two",
        architecture="compact",
        arguments={},
        attribution_layer=create("compact").attribution_layer,
        classes=("happy", "sad"),
    )
    save_model(tmp_path / "two.safetensors", create("compact", num_classes=2).state_dict(), card)
    result = evaluate(str(tmp_path / "two.safetensors"), "--class-map", CLASS_MAP)
    assert result["n"] == 4
    assert set(result["per_class"]) == {"happy", "sad"}

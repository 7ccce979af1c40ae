"""The small card beside other people's models."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.trainer.other_nets import CARD, EIGHT, write_onnx
from trainer.card import ModelCard
from trainer.errors import ModelFileError
from trainer.model_index import find_model, read_card
from trainer.other_card import OtherCard


def card_of(**changes: Any) -> ModelCard:
    return OtherCard.of("x", {**CARD, **changes}).model_card("x", "ONNX")


def test_classes_get_the_names_of_the_project_and_unknown_ones_stay() -> None:
    names = ("joy", "Contemptuous", "Bored stiff", "CALM", "fearful")
    card = card_of(classes=names)
    assert card.classes == ("happy", "contempt", "Bored stiff", "neutral", "fear")
    assert card_of().classes == (
        "neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt",
    )  # fmt: skip


def test_a_white_of_255_scales_mean_and_deviation() -> None:
    sizes = card_of(white=255, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
    assert sizes.preprocessing.mean == pytest.approx((0.485, 0.456, 0.406))
    assert sizes.preprocessing.std == pytest.approx((0.229, 0.224, 0.225))
    assert card_of(white=255, colour="gray").preprocessing.std == pytest.approx(1 / 255)


def test_the_card_becomes_one_of_the_project_and_survives_as_json() -> None:
    card = card_of(colour="BGR", mean=[0.1, 0.2, 0.3], padding=0.25, about="from a paper")
    assert (
        card.preprocessing.text == "32 × 32 px of the face's box with 25 % more on each side, BGR"
    )
    assert card_of(crop="aligned", crop_size=40).preprocessing.margin == 4
    assert ModelCard.from_json(card.to_json()) == card
    assert card.explanation == "occlusion"  # a gradient is not promised
    assert "from a paper" in card.summary


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"classes": ["happy", "joy"]}, "'happy' and 'joy' are both the class happy"),
        ({"classes": ["happy", " "]}, "a class has no name"),
        ({"classes": ["happy"]}, "classes: tuple should have at least 2"),
        ({"size": "32"}, "size: input should be a valid integer"),
        ({"std": 0}, "std: input should be greater than 0"),
        ({"mean": [1, 2]}, "mean: one number, or three for three channels, not 2"),
        ({"colour": "cmyk"}, "colour: input should be 'grey', 'rgb' or 'bgr'"),
        ({"colour": "grey", "std": [1, 1, 1]}, "a grey model has one mean and one std"),
        ({"crop": "aligned", "padding": 0.2}, "padding is only for the crop box"),
        ({"crop": "box", "crop_size": 40}, "crop_size is only for the crop aligned"),
        ({"sdt": 1}, "a card has no field 'sdt'"),
        ({"layout": "CHW"}, "layout: input should be 'NCHW' or 'NHWC'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        OtherCard.of("net.json", {**CARD, **changes})
    first, hint = str(caught.value).split("\n")
    assert first.startswith("net.json: ")
    assert reason in first
    assert hint


def test_the_card_lies_beside_the_onnx_file(tmp_path: Path) -> None:
    file = write_onnx(tmp_path / "net.onnx", {**CARD, "name": "A net"})
    assert find_model(str(file)) == file
    card = read_card(file)
    assert (card.name, card.architecture, len(card.classes)) == ("A net", "ONNX", len(EIGHT))
    file.with_suffix(".json").write_text(json.dumps({**CARD, "color": "bgr"}), "utf-8-sig")
    assert read_card(file).preprocessing.colour == "bgr"


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "needs a card beside it"), ("{", "is not JSON"), ("[]", "not a JSON object")],
)
def test_a_missing_or_damaged_card_is_named(tmp_path: Path, text: str | None, reason: str) -> None:
    file = write_onnx(tmp_path / "net.onnx")
    if text is not None:
        file.with_suffix(".json").write_text(text)
    with pytest.raises(ModelFileError, match=reason) as caught:
        read_card(file)
    assert "net.json" in str(caught.value)
    assert "fertrain models --card" in str(caught.value) or text == "{"

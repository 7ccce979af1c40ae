"""A card for somebody's ONNX file, with all that the file itself says."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from trainer.errors import ModelFileError, UsageError
from trainer.files import write_json
from trainer.model_index import is_onnx
from trainer.models.other_models.onnx_model import CPU, TYPES, open_session
from trainer.other_card import card_file

_BATCH = 2  # of the pictures that the model is tried on
_USUAL_SIDE = 224  # where the file takes any


def write_card_template(onnx: Path) -> tuple[Path, list[str]]:
    """Write `onnx`'s card, and say what is to be completed in it.

    Raises UsageError where there is a card already, and ModelFileError for what is no ONNX model
    of pictures.
    """
    if not is_onnx(onnx):
        raise UsageError(f"--card {onnx}: this is no ONNX file", "Its name ends with .onnx.")
    if not onnx.is_file():
        raise UsageError(f"--card {onnx}: there is no such file")
    file = card_file(onnx)
    if file.exists():
        raise UsageError(f"{file}: this card exists already", "Edit it, or move it away.")
    session = open_session(onnx, [CPU], 1)
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in TYPES:
        raise ModelFileError(f"{onnx}: it does not take one batch of pictures, so it is no card's")
    card, to_complete = _card(session, inputs[0])
    write_json(file, card)
    return file, to_complete


def _card(session: Any, taken: Any) -> tuple[dict[str, Any], list[str]]:
    batch, *rest = taken.shape
    is_nhwc = rest[0] not in (1, 3) and rest[2] in (1, 3)
    channels, side = (rest[2], rest[0]) if is_nhwc else (rest[0], rest[1])
    is_colour = channels != 1
    known_side = isinstance(side, int)
    shape = [side if known_side else _USUAL_SIDE] * 2
    shape = [*shape, channels] if is_nhwc else [3 if is_colour else 1, *shape]
    output = _answers(session, taken, [batch if isinstance(batch, int) else _BATCH, *shape])
    count = 0 if output is None else output.shape[1]
    is_sum_one = output is not None and bool(
        (output >= 0).all() and np.allclose(output.sum(axis=1), 1, atol=1e-3)
    )
    classes, are_stated = _stated_classes(session, count)
    card = {
        "classes": classes,
        "size": shape[0] if is_nhwc else shape[1],
        "colour": "rgb" if is_colour else "grey",
        "white": 255 if taken.type == "tensor(uint8)" else 1,
        "mean": [0.0, 0.0, 0.0] if is_colour else 0.0,
        "std": [1.0, 1.0, 1.0] if is_colour else 1.0,
        "crop": "box",
        "padding": 0.1,
        "output": "probabilities" if is_sum_one else "logits",
        "layout": "NHWC" if is_nhwc else "NCHW",
    }
    to_complete = [
        "mean, std, white: how its training normalised pixels; white is 1 or 255.",
        "crop: box (the face's box, with padding on each side) or aligned (as this project's own).",
    ]
    if is_colour:
        to_complete.insert(0, "colour: rgb or bgr.")
    if not known_side:
        to_complete.insert(0, f"size: the file takes any; {_USUAL_SIDE} is a guess.")
    if not are_stated:
        to_complete.insert(0, "classes: their names, in the order of its outputs.")
    return card, ["Complete in it what the file does not say:", *to_complete]


def _answers(session: Any, taken: Any, shape: list[Any]) -> Any:
    """The first output (B, K) for noise; None where it fails."""
    noise = np.random.default_rng(0).random(shape)
    pixels = (255 * noise if taken.type == "tensor(uint8)" else noise).astype(TYPES[taken.type])
    try:
        output = np.asarray(session.run(None, {taken.name: pixels})[0], np.float32)
    except Exception:  # the size is a guess
        return None
    flat = output.reshape(len(output), -1)
    return flat if flat.shape[1] > 1 else None


def _stated_classes(session: Any, count: int) -> tuple[list[str], bool]:
    """Those in the file's metadata; else numbers, since an order cannot be guessed."""
    stated = session.get_modelmeta().custom_metadata_map.get("classes", "")
    try:
        names = json.loads(stated)
    except ValueError:
        names = [name.strip() for name in stated.split(",")]
    if isinstance(names, list) and len(names) == count and all(isinstance(n, str) for n in names):
        return names, True
    return [f"class {number + 1}" for number in range(max(count, 2))], False

"""A model is one safetensors file with its card in the header; no pickle is ever read."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from trainer.card import ModelCard
from trainer.errors import FerError, ModelFileError
from trainer.files import asset, write_atomic
from trainer.models.registry import FerModel, create

CARD_KEY = "card"
HEADER_LIMIT = 1 << 20  # bytes; a header of ours has some kilobytes
SUFFIX = ".safetensors"


def save_model(
    path: Path,
    state: dict[str, Tensor],
    card: ModelCard,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write weights (floating ones as `dtype`) and card to `path`, whole or not at all."""
    tensors = {
        name: value.detach().to("cpu", dtype if value.is_floating_point() else value.dtype)
        for name, value in state.items()
    }
    content = save_tensors(
        {name: value.contiguous() for name, value in tensors.items()},
        metadata={CARD_KEY: card.to_json()},
    )
    write_atomic(path, lambda stream: stream.write(content))


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without reading its weights. Raises ModelFileError."""
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
            size = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= size <= HEADER_LIMIT:
                raise ModelFileError(
                    f"{path}: this is no model file of this project",
                    "Expected is a .safetensors file with a model card in its header.",
                )
            header = json.loads(stream.read(size))
        text = header["__metadata__"][CARD_KEY]
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: the header of this model file is damaged") from error
    except (KeyError, TypeError) as error:
        raise ModelFileError(
            f"{path}: this safetensors file has no model card",
            "Only models made by `fertrain` can be opened.",
        ) from error
    try:
        return ModelCard.from_json(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path}: its model card does not fit: {error}") from error


def load_model(path: Path, device: torch.device | str = "cpu") -> tuple[FerModel, ModelCard]:
    """The network in evaluation mode, float32, without gradients for its weights; and its card.

    Raises ModelFileError when the file is damaged or its weights do not fit its card.
    """
    card = read_card(path)
    try:
        model = create(
            card.architecture,
            num_classes=len(card.classes),
            input_size=card.preprocessing.input_size,
            **card.arguments,
        )
    except FerError as error:
        raise ModelFileError(f"{path}: {error}") from error
    try:
        state = load_tensors(path.read_bytes())
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelFileError(f"{path}: the file is truncated or damaged ({error})") from error
    _check_fit(path, state, model.state_dict())
    model.load_state_dict(state)
    model.float().requires_grad_(False).eval().to(device)
    if card.attribution_layer not in dict(model.named_modules()):
        raise ModelFileError(f"{path}: the network has no layer {card.attribution_layer!r}")
    return model, card


def _check_fit(path: Path, state: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    missing = sorted(set(expected) - set(state))
    surplus = sorted(set(state) - set(expected))
    if missing or surplus:
        listed = ", ".join([f"missing {n}" for n in missing] + [f"unknown {n}" for n in surplus])
        raise ModelFileError(f"{path}: the weights do not fit the card's network ({listed[:200]})")
    for name, value in state.items():
        if value.shape != expected[name].shape:
            raise ModelFileError(
                f"{path}: {name} has the shape {tuple(value.shape)}, "
                f"the card's network needs {tuple(expected[name].shape)}"
            )
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ModelFileError(f"{path}: {name} has values that are not finite (NaN or Inf)")


def find_model(name: str) -> Path:
    """The file of a model named by a path or by the stem of a bundled file.

    Raises ModelFileError with the bundled names when there is none.
    """
    path = Path(name)
    if path.suffix == SUFFIX or path.is_file():
        if not path.is_file():
            raise ModelFileError(f"{path}: there is no such file")
        return path
    bundled = asset("models") / f"{name}{SUFFIX}"
    if "/" in name or "\\" in name or not bundled.is_file():
        known = ", ".join(bundled_models()) or "none"
        raise ModelFileError(
            f"there is no model {name!r}", f"Bundled: {known}. Or give a {SUFFIX} file."
        )
    return bundled


def bundled_models() -> list[str]:
    """Names of the models that ship with the project."""
    return sorted(path.stem for path in asset("models").glob(f"*{SUFFIX}"))


def with_metrics(card: ModelCard, metrics: dict[str, Any]) -> ModelCard:
    return replace(card, metrics={**card.metrics, **metrics})

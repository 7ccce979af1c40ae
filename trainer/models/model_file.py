"""A model is one safetensors file with its card in the header; no pickle is ever read."""

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
from trainer.files import write_atomic
from trainer.model_index import CARD_KEY, read_card
from trainer.models.registry import FerModel, create


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


def with_metrics(card: ModelCard, metrics: dict[str, Any]) -> ModelCard:
    return replace(card, metrics={**card.metrics, **metrics})

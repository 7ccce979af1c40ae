"""A model is one safetensors file with its card in the header; no pickle is ever read."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from trainer.card import ModelCard
from trainer.errors import ModelFileError
from trainer.files import write_atomic
from trainer.model_index import (
    CARD_KEY,
    CHECKSUM_KEY,
    find_frame_model,
    is_onnx,
    is_own,
    parse_card,
    read_metadata,
)
from trainer.models.other_models import load_onnx, load_registered
from trainer.models.registry import AFFECT, FRAME, FerModel, build
from trainer.models.shapes_only import shapes_only


def save_model(
    path: Path,
    state: dict[str, Tensor],
    card: ModelCard,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write weights (floating ones as `dtype`) and card to `path`, whole or not at all.

    Those of a frame model stay in its own file, which the card names.
    """
    if card.frame_model is not None:
        state = {name: value for name, value in state.items() if not _is_of_frame(name)}
    tensors = {
        name: value.detach().to("cpu", dtype if value.is_floating_point() else value.dtype)
        for name, value in state.items()
    }
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    text = card.to_json()
    metadata = {CARD_KEY: text, CHECKSUM_KEY: _checksum(text, tensors)}
    content = save_tensors(tensors, metadata=metadata)
    write_atomic(path, lambda stream: stream.write(content))


def load_model(path: Path, device: torch.device | str = "cpu") -> tuple[FerModel, ModelCard]:
    """The network, in evaluation mode, float32 and without weight gradients, and its card.

    Also of an ONNX file, and of a registered module. Raises ModelFileError when the file is damaged
    or its weights do not fit its card. Whatever
    the card describes, loading takes no more memory than the file's weights need.
    """
    if is_onnx(path):
        return load_onnx(path, device)
    if not is_own(path):
        return load_registered(path, device)
    metadata = read_metadata(path)
    card = parse_card(path, metadata)
    try:
        state = load_tensors(path.read_bytes())
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelFileError(f"{path}: the file is truncated or damaged ({error})") from error
    if metadata.get(CHECKSUM_KEY) not in (None, _checksum(metadata[CARD_KEY], state)):
        raise ModelFileError(
            f"{path}: the file is damaged: its checksum does not match its contents",
            "Copy it again from its source.",
        )

    if card.frame_model is not None:
        frame, _ = load_model(find_frame_model(path, card.frame_model))
        state |= frame_state(frame)
    _check_fit(path, state, expected_state(path, lambda: build(card), len(state)))
    model = build(card)
    model.load_state_dict(state)
    model.float().requires_grad_(False).eval().to(device)
    if card.attribution_layer not in dict(model.named_modules()):
        raise ModelFileError(f"{path}: the network has no layer {card.attribution_layer!r}")
    model.card, model.file = card, path
    return model, card


def frame_state(frame: FerModel) -> dict[str, Tensor]:
    """The weights of a frame model by their names in a network for clips."""
    state = frame.state_dict().items()
    return {f"{FRAME}.{name}": v for name, v in state if not name.startswith(f"{AFFECT}.")}


def _is_of_frame(name: str) -> bool:
    return name.startswith(f"{FRAME}.")


def expected_state(path: Path, create: Callable[[], FerModel], weights: int) -> dict[str, Tensor]:
    """The state of the network that a card describes, on the meta device.

    The networks of this project call torch up to 12 times per weight tensor.
    """
    try:
        with shapes_only(max_calls=1000 + 50 * weights):
            return dict(create().state_dict())
    except Exception as error:  # a damaged card may describe anything
        raise ModelFileError(f"{path}: the card's network cannot be built: {error}") from error


def _checksum(card: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of a card's text and the names, types, shapes and bytes of the weights."""
    digest = hashlib.sha256(card.encode(errors="surrogatepass"))
    for name, value in sorted(tensors.items()):
        digest.update(f"|{name} {value.dtype} {tuple(value.shape)}|".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _check_fit(path: Path, state: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    missing = sorted(set(expected) - set(state))
    unknown = sorted(set(state) - set(expected))
    if missing or unknown:
        problems = ", ".join([f"missing {n}" for n in missing] + [f"unknown {n}" for n in unknown])
        raise ModelFileError(f"{path}: the weights do not fit the card's network ({problems:.200})")
    for name, value in state.items():
        if value.shape != expected[name].shape:
            raise ModelFileError(
                f"{path}: {name} has the shape {tuple(value.shape)}, "
                f"the card's network needs {tuple(expected[name].shape)}"
            )
        if value.is_floating_point() != expected[name].is_floating_point():
            raise ModelFileError(f"{path}: {name} has the type {value.dtype}, which does not fit")
        if not bool(torch.isfinite(value.float()).all()):
            raise ModelFileError(f"{path}: {name} has values that are not finite (NaN or Inf)")

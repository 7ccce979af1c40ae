"""torch modules of other people, registered by name from Python."""

import copy
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainer.card import ModelCard
from trainer.errors import ModelFileError, UsageError
from trainer.model_index import bundled_models, read_card, read_reference, write_reference
from trainer.models.other_models.module_parts import ModuleParts, find_parts
from trainer.models.other_models.other_model import OtherModel
from trainer.other_card import OtherCard

INNER = "module"  # the registered module's name in the network around it
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,63}")


@dataclass(frozen=True, slots=True)
class _Registered:
    module: nn.Module
    card: ModelCard
    parts: ModuleParts
    file: Path


_registered: dict[str, _Registered] = {}


class ModuleModel(OtherModel):
    """A registered module with the parts that were found in it.

    Where its last layer is linear, that layer's input is the embedding; where the embedding is the
    spatial mean of the features, the module has a `linear_head`.
    """

    def __init__(self, module: nn.Module, card: ModelCard, parts: ModuleParts) -> None:
        super().__init__(card)
        self.add_module(INNER, module)
        self.parts = parts
        self.has_gradient = parts.has_gradient
        self.has_feature_layer = bool(parts.layer)
        if parts.layer:
            # each module has its own, unlike the networks of a class
            self.attribution_layer = f"{INNER}.{parts.layer}"  # type: ignore[misc]

    def answer(self, x: Tensor) -> Tensor:
        output: Tensor = self.get_submodule(INNER)(x)
        return output

    @property
    def embedding_size(self) -> int:
        return self._head.in_features if self.parts.head else super().embedding_size

    def embed(self, x: Tensor) -> Tensor:
        if not self.parts.head:
            return super().embed(x)
        embeddings: list[Tensor] = []
        handle = self._head.register_forward_pre_hook(lambda _, args: embeddings.append(args[0]))
        try:
            super().embed(x)
        finally:
            handle.remove()
        return embeddings[-1]

    def classify(self, embedding: Tensor) -> Tensor:
        if not self.parts.head:
            return super().classify(embedding)
        logits: Tensor = self._head(embedding)
        return logits

    def forward(self, x: Tensor) -> Tensor:
        return super().embed(x)  # the logits

    @property
    def linear_head(self) -> nn.Linear | None:
        return self._head if self.parts.is_mean_pooled else None

    @property
    def _head(self) -> nn.Linear:
        head = self.get_submodule(f"{INNER}.{self.parts.head}")
        assert isinstance(head, nn.Linear)
        return head


def register(name: str, module: nn.Module, card: Mapping[str, Any]) -> None:
    """Make a torch module known as the model `name`, in this process.

    `module` takes (B, C, H, W) float32 pictures and returns (B, K) numbers; `card` has the fields
    of `trainer.other_card.OtherCard`, at least `classes` and `size`. A copy of it is used, in
    evaluation mode. Wherever a model is wanted, `name` is then understood: `ferapp.load(name)`,
    `trainer.evaluate(name, …)`, the menus of the window. Another module of the same name replaces
    it. Raises UsageError for a name that cannot be, and ModelFileError where card and module do not
    fit together.
    """
    if not _NAME.fullmatch(name) or name in bundled_models():
        raise UsageError(
            f"a model cannot be registered as {name!r}",
            "A name has letters, digits, and - _ . +, and is none of "
            f"{', '.join(bundled_models())}.",
        )
    if not isinstance(module, nn.Module):
        raise UsageError(f"{name}: a torch.nn.Module is wanted, not {type(module).__name__}")
    stated = OtherCard.of(name, card)
    if stated.layout != "NCHW":
        raise UsageError(f"{name}: a torch module gets its pictures as NCHW", "Leave layout out.")
    module = _copy_of(module, name).cpu().float().eval().requires_grad_(False)
    described = stated.model_card(name, type(module).__name__)
    ModuleModel(module, described, ModuleParts()).check_answers(name)
    parts = find_parts(module, described.preprocessing, stated.layer, name)
    model = ModuleModel(module, described, parts)
    changes = {
        "attribution_layer": model.attribution_layer,
        "explanation": _explanation(model),
    }
    own = described.model_copy(update=changes)
    file = write_reference(name, own, _weights_hash(module))
    _registered[name] = _Registered(module, own, parts, file)


def load_registered(path: Path, device: torch.device | str) -> tuple[ModuleModel, ModelCard]:
    """A copy of the module that a reference file stands for. Raises ModelFileError."""
    reference, card = read_reference(path), read_card(path)
    name = str(reference["name"])
    found = _registered.get(name)
    if found is None:
        raise ModelFileError(
            f"the model {name} was registered by Python code, which has not run here",
            "Start with --plugin FILE.py, naming the file that registers it.",
        )
    if found.file != path.resolve():
        raise ModelFileError(
            f"the model {name} is not the same as before: its weights or its card changed",
            f"Choose it again by its name, {name}. Weights drawn at random differ in each process.",
        )
    model = ModuleModel(_copy_of(found.module, name), card, found.parts).eval()
    model.requires_grad_(False).to(device)
    model.file = path
    return model, card


def _explanation(model: OtherModel) -> str:
    """The method by which evaluations explain it."""
    if not model.has_gradient:
        return "occlusion"
    return "grad_x_input" if model.has_feature_layer else "pixels_grad_x_input"


def _copy_of(module: nn.Module, name: str) -> nn.Module:
    try:
        return copy.deepcopy(module)
    except Exception as error:  # of anything in it
        raise ModelFileError(f"{name}: the module cannot be copied ({error})") from error


def _weights_hash(module: nn.Module) -> str:
    digest = hashlib.sha256(type(module).__qualname__.encode())
    for key, value in module.state_dict().items():
        digest.update(f"|{key}|".encode())
        if isinstance(value, Tensor):
            values = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            digest.update(values.numpy().data)
    return digest.hexdigest()

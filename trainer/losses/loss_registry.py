"""The base class of losses, the step that they see, and the registered losses by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from trainer.card import Preprocessing
from trainer.config.loss_settings import LossConfig
from trainer.config.objective_config import register_loss_settings
from trainer.data.augmentation import Pasted
from trainer.errors import UsageError
from trainer.models.registry import FerModel


@dataclass(frozen=True, slots=True)
class LossContext:
    """What a loss is built for; `targets` (N, K) are those of all training samples."""

    model: FerModel
    targets: Tensor
    classes: tuple[str, ...]
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True)
class NetworkOutputs:
    """What the network computes of a batch, with its graph: logits (B, K), embedding (B, d), and
    `layers` (B, C, h, w), those that the losses read, by name.
    """

    logits: Tensor
    embedding: Tensor
    layers: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Step:
    """One batch in training, with its graph. Under autocast the network's outputs are bfloat16.

    `run` gives the network's outputs for any inputs, as for another view of the batch.
    `cross_entropy` of logits and targets (B, K) has the run's label smoothing and class weights.
    `inputs` (B, C, H, W), `logits` (B, K), `embedding` (B, d), `targets` (B, K) probabilities,
    `landmarks` (B, 68, 2) in input px, NaN where a sample has none. `outputs` (B, C, h, w) of the
    layers that the losses read, by name. `pasted` describes CutMix. `valence_arousal` (B, 2) are
    NaN where unknown. `rows` (B,) are the samples'
    places in `LossContext.targets`, where they are known. `epoch` counts from 1. A loss may add
    detached scalars to `log`: the run's events have them.
    """

    model: FerModel
    run: Callable[[Tensor], NetworkOutputs]
    cross_entropy: Callable[[Tensor, Tensor], Tensor]
    inputs: Tensor
    logits: Tensor
    embedding: Tensor
    outputs: Mapping[str, Tensor]
    targets: Tensor
    landmarks: Tensor
    pasted: Pasted | None = None
    valence_arousal: Tensor | None = None
    rows: Tensor | None = None
    epoch: int = 1
    log: dict[str, Tensor] = field(default_factory=dict)

    @property
    def features(self) -> Tensor:
        """(B, C, h, w) of the model's attribution layer."""
        return self.outputs[self.model.attribution_layer]

    @property
    def labels(self) -> Tensor:
        """(B,) the most probable class of the targets."""
        return self.targets.argmax(dim=1)

    @property
    def has_landmarks(self) -> Tensor:
        """(B,) bool."""
        return torch.isfinite(self.landmarks).all(dim=2).all(dim=1)


class Loss:
    """A term of the objective, `objective.<name>` in the configuration.

    Built when its weight is not 0, and called in every step, under the step's autocast. `Config`
    holds its settings and what it needs; `layers` names the layers that it reads from
    `Step.outputs`; `state` is a module that is saved with the run: its parameters are trained with
    the network's, its buffers are the loss's own to change. `balances_prior` where the network
    learns to predict as if all classes were equally frequent, whatever their shares in training,
    or nearer to that, as `Config.balance` says.
    """

    Config: ClassVar[type[LossConfig]] = LossConfig
    balances_prior: ClassVar[bool] = False

    def __init__(self, config: Any, context: LossContext) -> None:
        self.config = config
        self.layers: tuple[str, ...] = (context.model.attribution_layer,)
        self.state: nn.Module | None = None

    def __call__(self, step: Step) -> Tensor:
        """The scalar that is weighted and added up; instead of the cross-entropy where
        `Config.replaces_cross_entropy`, else beside it.
        """
        raise NotImplementedError

    def after_step(self, total: Callable[[Tensor], Tensor]) -> None:
        """Called after every step of the optimiser; `total` sums a tensor over all processes."""


LossFunction = Callable[[Step], Tensor]
L = TypeVar("L", bound=type[Loss] | LossFunction)
_LOSSES: dict[str, type[Loss]] = {}


def register_loss(name: str) -> Callable[[L], L]:
    """Register a subclass of Loss, or simply a function of a Step, as `objective.<name>`."""

    def register(loss: L) -> L:
        if isinstance(loss, type):
            kind: type[Loss] = loss
        else:
            kind = _loss_of(loss)
        register_loss_settings(name, kind.Config)
        _LOSSES[name] = kind
        return loss

    return register


def _loss_of(function: LossFunction) -> type[Loss]:
    class FunctionLoss(Loss):
        def __call__(self, step: Step) -> Tensor:
            return function(step)

    return FunctionLoss


def find_loss(name: str) -> type[Loss]:
    """Raises UsageError that lists the known names."""
    if name not in _LOSSES:
        raise UsageError(
            f"objective.{name}: there is no loss of this name",
            f"Known: {', '.join(_LOSSES)}. Run the file that registers it: `python FILE resume …`.",
        )
    return _LOSSES[name]


def require_layers(model: nn.Module, layers: Sequence[str], setting: str) -> None:
    """Raise UsageError, naming the `setting`, for a layer that the model does not have."""
    known = dict(model.named_modules())
    for layer in layers:
        if layer not in known:
            names = ", ".join(name for name in known if name and name.count(".") < 2)
            raise UsageError(f"{setting}: no layer {layer!r}", f"It has: {names}.")


def full_precision(x: Tensor) -> torch.autocast:
    """Autocast switched off, for maths that needs float32."""
    return torch.autocast(x.device.type, enabled=False)

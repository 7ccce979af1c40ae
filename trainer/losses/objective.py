"""The objective of a run: L = cross-entropy + Σ weight · loss, as the configuration composes it.

One of the losses may replace the cross-entropy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from trainer.card import Preprocessing
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.labels import EXPRESSIONS
from trainer.losses.cross_entropy import WEIGHT_POWERS, class_weights, soft_cross_entropy
from trainer.losses.loss_registry import LossContext, NetworkOutputs, Step, find_loss
from trainer.models.registry import FerModel, capture_outputs

USUAL = Preprocessing()


@dataclass(frozen=True, slots=True)
class ObjectiveValue:
    """One batch's loss, its logits (B, K), and the detached terms by name, for the log."""

    loss: Tensor
    logits: Tensor
    terms: dict[str, Tensor] = field(default_factory=dict)


class Objective(nn.Module):
    """Cross-entropy and the losses that are switched on; holds their state: centers, own layers.

    `training_targets` (N, K) are those of all training samples, of `classes`; `preprocessing` is
    that of the inputs. Raises UsageError when a loss does not fit the model.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        config: ObjectiveConfig,
        model: FerModel,
        training_targets: Tensor,
        classes: Sequence[str] = EXPRESSIONS,
        preprocessing: Preprocessing = USUAL,
    ) -> None:
        super().__init__()
        self._config = config
        power = WEIGHT_POWERS[config.class_weights]
        weights = class_weights(training_targets, power) if power else None
        self.register_buffer("class_weights", weights, persistent=False)
        context = LossContext(model, training_targets, tuple(classes), preprocessing)
        self.losses = {
            name: find_loss(name)(settings, context) for name, settings in config.losses.items()
        }
        self._layers = {layer for loss in self.losses.values() for layer in loss.layers}
        for name, loss in self.losses.items():
            if loss.state is not None:
                self.add_module(name, loss.state)

    def forward(
        self, model: FerModel, batch: Batch, dtype: torch.dtype | None = None, epoch: int = 1
    ) -> ObjectiveValue:
        """The value for a batch of normalised inputs in an epoch, which counts from 1.

        `dtype` is that of autocast, under which the network and the losses run. The terms have
        the plain cross-entropy even where a loss replaces it.
        """

        def precision() -> torch.autocast:
            return torch.autocast(batch.x.device.type, dtype, enabled=dtype is not None)

        def run(inputs: Tensor) -> NetworkOutputs:
            layers = dict[str, Tensor]()
            with precision():
                with capture_outputs(model, self._layers, layers):
                    embedding = model.embed(inputs)
                return NetworkOutputs(model.classify(embedding), embedding, layers)

        first = run(batch.x)
        plain = self._cross_entropy(first.logits, batch.targets)
        values = [] if self._config.replacement else [plain]
        terms = {"loss_cross_entropy": plain.detach()}
        for name, loss in self.losses.items():
            step = Step(
                model, run, self._cross_entropy, batch.x, first.logits, first.embedding,
                first.layers, batch.targets, batch.landmarks, batch.pasted,
                batch.valence_arousal, batch.rows, epoch,
            )  # fmt: skip
            with precision():
                value = loss(step)
            values.append(loss.config.weight * value)
            terms |= {f"loss_{name}": value.detach(), **step.log}
        return ObjectiveValue(sum(values[1:], values[0]), first.logits, terms)

    def _cross_entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
        smoothing = self._config.label_smoothing
        return soft_cross_entropy(logits, targets, smoothing, self.class_weights)

    def after_step(self, total: Callable[[Tensor], Tensor] = lambda own: own) -> None:
        """Update what the losses change after each step of the optimiser, such as centers.

        `total` sums a tensor over all processes.
        """
        for loss in self.losses.values():
            loss.after_step(total)

"""What training changes and a checkpoint saves: network, average, optimiser, loss, step; and the
schedule of steps and learning rates.
"""

import logging
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from itertools import compress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainer.attribution import available_methods
from trainer.card import ModelCard
from trainer.config.sections import OptimConfig
from trainer.config.train_config import TrainConfig
from trainer.device import memory_format
from trainer.errors import DataError, UsageError
from trainer.files import write_atomic
from trainer.losses.objective import Objective
from trainer.model_index import find_model
from trainer.models import FerModel
from trainer.models.import_weights import IMAGENET, imagenet_weights, import_weights, read_weights
from trainer.models.model_file import frame_state
from trainer.models.registry import build
from trainer.training.distributed import SINGLE_PROCESS, World

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StepPlan:
    """How many steps a run takes, and how many samples each takes over all processes.

    The incomplete last step of an epoch is dropped: BatchNorm needs full batches.
    """

    samples_per_step: int
    steps_per_epoch: int
    total_steps: int
    validations_per_epoch: int

    @classmethod
    def of(cls, config: TrainConfig, samples: int, world: World) -> "StepPlan":
        """The plan for `samples` training samples."""
        per_step = config.optim.batch_size * config.optim.accumulate * world.size
        per_epoch = max(1, samples // per_step)
        total = per_epoch * config.optim.epochs
        return cls(per_step, per_epoch, total, min(config.run.validations, per_epoch))

    def epoch(self, steps_done: int) -> int:
        """The epoch of the last of `steps_done` steps, from 1; 0 before the first step."""
        return -(-steps_done // self.steps_per_epoch)

    def next_validation(self, steps_done: int) -> int:
        """The number of steps after which the next validation is due; each epoch ends with one."""
        epoch, done = divmod(steps_done, self.steps_per_epoch)
        number = done * self.validations_per_epoch // self.steps_per_epoch + 1
        due = -(-number * self.steps_per_epoch // self.validations_per_epoch)
        return epoch * self.steps_per_epoch + due


def learning_rate(step: int, total: int, per_epoch: int, settings: OptimConfig) -> float:
    """The learning rate of step `step` (from 0) of `total`, by the schedule in `settings`.

    one_cycle (Smith and Topin 2018): linear rise from peak/25, cosine fall to peak/10⁴.
    """
    peak = settings.learning_rate
    if settings.schedule == "constant":
        return peak
    if settings.schedule == "step":
        return peak * settings.step_factor ** (step // (per_epoch * settings.step_epochs))
    warmup = settings.warmup * total
    if step < warmup:
        return peak * (1 / 25 + (1 - 1 / 25) * step / warmup)
    progress = (step - warmup) / max(1.0, total - warmup)
    return peak * (1e-4 + (1 - 1e-4) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


@dataclass(slots=True)
class Checkpoint:
    """The content of `state.pt`: all that is needed to resume to the same weights.

    `step` counts the optimiser steps done. No state of random generators is saved: what a step
    draws depends on seed and step alone.
    """

    step: int
    model: dict[str, Any]
    average: dict[str, Any]
    objective: dict[str, Any]
    optimizer: dict[str, Any]
    best: dict[str, Any]  # metrics of the best validation: {"epoch": …, "accuracy": …}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    write_atomic(path, lambda stream: torch.save(asdict(checkpoint), stream))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint without executing code in it. Raises DataError when it is damaged."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        # older versions saved more
        return Checkpoint(**{each.name: content[each.name] for each in fields(Checkpoint)})
    except Exception as error:  # torch's unpickler raises many kinds for a damaged file
        raise DataError(f"{path}: the run's state cannot be read ({error})") from error


@dataclass(slots=True)
class TrainState:
    """What a training step changes. `step` counts the optimiser steps done.

    `average` is the exponential moving average of `model`, which is validated and saved; without
    averaging it is `model` itself.
    """

    model: FerModel
    average: FerModel
    objective: Objective
    optimizer: torch.optim.Optimizer
    head_only: bool = False
    step: int = 0

    def train_mode(self) -> None:
        """Switch the trained layers' norms and dropout to training, all others to evaluation."""
        self.model.train(not self.head_only)
        if self.head_only:
            self.model.classifier.train()

    def optimizer_step(
        self, settings: OptimConfig, rate: float, world: World = SINGLE_PROCESS
    ) -> None:
        """Update weights, centers and average from the accumulated gradients."""
        trained = [*self.model.parameters(), *self.objective.parameters()]
        world.sum_gradients(trained)
        if settings.clip > 0:
            nn.utils.clip_grad_norm_(trained, settings.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.model.constrain()
        self.optimizer.zero_grad(set_to_none=True)
        self.objective.after_step(world.sum)
        self.step += 1
        if self.average is not self.model:
            # a smaller decay at first, or the random initial weights would linger
            decay = min(settings.ema, (1 + self.step) / (10 + self.step))
            _update_average(self.average, self.model, decay)

    def checkpoint(self, best: dict[str, Any]) -> Checkpoint:
        return Checkpoint(
            step=self.step,
            model=self.model.state_dict(),
            average=self.average.state_dict(),
            objective=self.objective.state_dict(),
            optimizer=self.optimizer.state_dict(),
            best=best,
        )

    def restore(self, path: Path) -> Checkpoint:
        """Load the checkpoint `path` into this state, and return it. Raises DataError."""
        checkpoint = load_checkpoint(path)
        try:
            self.model.load_state_dict(checkpoint.model)
            self.average.load_state_dict(checkpoint.average)
            self.objective.load_state_dict(checkpoint.objective)
            self.optimizer.load_state_dict(checkpoint.optimizer)
        except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path}: the run's state does not fit its configuration ({error})"
            ) from error
        self.step = checkpoint.step
        log.info("continuing %s from step %d", path.parent, self.step)
        return checkpoint


@torch.no_grad()
def _update_average(average: FerModel, model: FerModel, decay: float) -> None:
    means, values = ([*net.parameters(), *net.buffers()] for net in (average, model))
    floating = [value.is_floating_point() for value in means]
    torch._foreach_lerp_([*compress(means, floating)], [*compress(values, floating)], 1 - decay)
    counters = [not is_float for is_float in floating]  # BatchNorm's number of batches
    if any(counters):
        torch._foreach_copy_([*compress(means, counters)], [*compress(values, counters)])


def new_train_state(
    config: TrainConfig,
    card: ModelCard,
    targets: Tensor,
    device: torch.device,
    frame: FerModel | None = None,
) -> TrainState:
    """A freshly initialised state; `targets` (N, K) are those of all training samples.

    `frame` is the frame model of a network for clips.
    Raises UsageError when the configuration does not fit the network.
    """

    def new_model() -> FerModel:
        model = build(card)
        return model.to(device).to(memory_format=memory_format(model, device))

    model = new_model()
    if frame is not None:
        model.load_state_dict(frame_state(frame), strict=False)
    model.constrain()
    methods = available_methods(model, "live")
    if config.model.explanation not in methods:
        raise UsageError(
            f"model.explanation: {card.architecture} has no {config.model.explanation}",
            f"It has: {', '.join(methods)}.",
        )
    average = new_model().requires_grad_(False) if config.optim.ema else model
    average.load_state_dict(model.state_dict())
    _check_start_side(model, config, device)
    head_only = config.optim.layers == "head"
    if head_only:
        _freeze_all_but_head(model, card.architecture)
    objective = Objective(config.objective, model, targets, card.classes, card.preprocessing)
    objective.to(device)
    optimizer = _new_optimizer([*model.parameters(), *objective.parameters()], config.optim)
    return TrainState(model, average, objective, optimizer, head_only)


def _freeze_all_but_head(model: FerModel, architecture: str) -> None:
    if not any(True for _ in getattr(model, "classifier", nn.Module()).parameters()):
        raise UsageError(
            f"optim.layers = head: {architecture} has no classifier of its own",
            "Set optim.layers=all.",
        )
    model.requires_grad_(False)
    model.classifier.requires_grad_(True)
    if model.affect is not None:
        model.affect.requires_grad_(True)


def _new_optimizer(
    parameters: Iterable[nn.Parameter], settings: OptimConfig
) -> torch.optim.Optimizer:
    trained = [p for p in parameters if p.requires_grad]
    decay, rate, momentum = settings.weight_decay, settings.learning_rate, settings.momentum
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": decay},
        {
            "params": [p for p in trained if p.ndim <= 1],  # norms and biases
            "weight_decay": decay if settings.decay_norms else 0.0,
        },
    ]
    if settings.optimizer == "adam":
        return torch.optim.Adam(groups, lr=rate, fused=True)
    nesterov = settings.nesterov and momentum > 0
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=nesterov, fused=True)


def _check_start_side(model: FerModel, config: TrainConfig, device: torch.device) -> None:
    """Raise UsageError when the network takes inputs of one size only, as those that flatten do."""
    side = config.augment.start_side
    if not side:
        return
    model.eval()
    try:
        with torch.inference_mode():
            model(torch.zeros(1, 1, side, side, device=device))
    except RuntimeError as error:
        raise UsageError(
            f"augment.start_side = {side}: {config.model.name} takes inputs of "
            f"{config.data.input_size} px only",
            "Set augment.start_side=0.",
        ) from error


def load_initial_weights(state: TrainState, init: str, example: Tensor | None = None) -> str:
    """Load the weights that fit from a model, a weights file or `imagenet`; returns a summary.

    `example` (B, C, H, W) are inputs on which weights without BatchNorm statistics get theirs.
    """
    from_imagenet = init == IMAGENET
    weights = imagenet_weights(state.model) if from_imagenet else read_weights(find_model(init))
    summary = import_weights(state.model, weights, example)
    state.model.constrain()
    state.average.load_state_dict(state.model.state_dict())
    return f"model.init {init}: {summary}"

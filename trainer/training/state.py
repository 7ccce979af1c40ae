"""What one training step changes: network, its average, optimiser, objective, and their state."""

import logging
import math
from dataclasses import dataclass
from itertools import compress
from typing import Any

import torch
from torch import Tensor, nn

from trainer.attribution import available_methods
from trainer.card import ModelCard
from trainer.config.train_config import OptimConfig, TrainConfig
from trainer.device import memory_format
from trainer.errors import DataError, UsageError
from trainer.losses.objective import Objective
from trainer.model_index import find_model
from trainer.models import FerModel, create
from trainer.models.import_weights import IMAGENET, imagenet_weights, import_weights, read_weights
from trainer.training.checkpoint import TrainState, load_state, save_state
from trainer.training.distributed import World
from trainer.training.run_dir import RunDir

log = logging.getLogger(__name__)

ALONE = World()


@dataclass(slots=True)
class Learner:
    """`step` counts the optimiser's steps."""

    model: FerModel
    average: FerModel  # exponential moving average of model; the one that is kept; or model itself
    objective: Objective
    optimizer: torch.optim.Optimizer
    head_only: bool = False
    step: int = 0

    def train_mode(self) -> None:
        """Before steps: norms and dropout of what is trained take part, all else predicts."""
        self.model.train(not self.head_only)
        if self.head_only:
            self.model.classifier.train()

    def descend(self, settings: OptimConfig, rate: float, world: World = ALONE) -> None:
        """One step with learning rate `rate` down the gradients that backward passes left."""
        world.sum_gradients(self.model.parameters())
        if settings.clip > 0:
            nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.model.constrain()
        self.optimizer.zero_grad(set_to_none=True)
        self.objective.after_step(world.total)
        self.step += 1
        if self.average is not self.model:
            # young averages follow faster, or the random start would stay in them for long
            _follow(self.average, self.model, min(settings.ema, (1 + self.step) / (10 + self.step)))

    def save(self, run: RunDir, best: dict[str, Any], newest: dict[str, Any]) -> None:
        save_state(
            run.state,
            TrainState(
                step=self.step,
                model=self.model.state_dict(),
                average=self.average.state_dict(),
                objective=self.objective.state_dict(),
                optimizer=self.optimizer.state_dict(),
                best=best,
                newest=newest,
            ),
        )

    def restore(self, run: RunDir) -> tuple[dict[str, Any], dict[str, Any]]:
        """Go on where the run was saved; returns the best epoch and the event of the newest.

        Raises DataError.
        """
        state = load_state(run.state)
        try:
            self.model.load_state_dict(state.model)
            self.average.load_state_dict(state.average)
            self.objective.load_state_dict(state.objective)
            self.optimizer.load_state_dict(state.optimizer)
        except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(
                f"{run.state}: the run's state does not fit its configuration ({error})"
            ) from error
        self.step = state.step
        log.info("continuing %s from step %d", run.path, self.step)
        return state.best, state.newest


def new_learner(
    config: TrainConfig, card: ModelCard, targets: Tensor, device: torch.device
) -> Learner:
    """Freshly initialised; `targets` (N, K) are those of all training samples.

    Raises UsageError when the configuration does not fit the network.
    """

    def build() -> FerModel:
        model = create(
            card.architecture,
            num_classes=len(card.classes),
            input_size=card.preprocessing.input_size,
            **card.arguments,
        )
        return model.to(device).to(memory_format=memory_format(model, device))

    model = build()
    model.constrain()
    works = available_methods(model, "live")
    if config.model.explanation not in works:
        raise UsageError(
            f"model.explanation: {card.architecture} has no {config.model.explanation}",
            f"It has: {', '.join(works)}.",
        )
    average = build().requires_grad_(False) if config.optim.ema else model
    average.load_state_dict(model.state_dict())
    _check_sizes(model, config, device)
    head_only = config.optim.layers == "head"
    if head_only:
        if not any(True for _ in getattr(model, "classifier", nn.Module()).parameters()):
            raise UsageError(
                f"optim.layers = head: {card.architecture} has no classifier of its own",
                "Set optim.layers=all.",
            )
        model.requires_grad_(False)
        model.classifier.requires_grad_(True)
    trained = [p for p in model.parameters() if p.requires_grad]
    weights = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    groups = [
        {"params": weights, "weight_decay": config.optim.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    rate, momentum = config.optim.learning_rate, config.optim.momentum
    optimizer: torch.optim.Optimizer
    if config.optim.optimizer == "adam":
        optimizer = torch.optim.Adam(groups, lr=rate, fused=True)
    else:
        optimizer = torch.optim.SGD(
            groups, lr=rate, momentum=momentum, nesterov=momentum > 0, fused=True
        )
    objective = Objective(config.objective, model, targets, card.classes, card.preprocessing).to(
        device
    )
    return Learner(model, average, objective, optimizer, head_only)


@torch.no_grad()
def _follow(average: FerModel, model: FerModel, decay: float) -> None:
    means, values = ([*net.parameters(), *net.buffers()] for net in (average, model))
    floating = [value.is_floating_point() for value in means]
    torch._foreach_lerp_([*compress(means, floating)], [*compress(values, floating)], 1 - decay)
    counts = [not each for each in floating]  # BatchNorm's, of batches
    if any(counts):
        torch._foreach_copy_([*compress(means, counts)], [*compress(values, counts)])


def start_from(learner: Learner, init: str, example: Tensor | None = None) -> str:
    """Take the weights that fit from a model, a weights file or `imagenet`; tells which did.

    `example` (B, C, H, W) are inputs, which weights without statistics are measured on.
    """
    if init == IMAGENET:
        weights = imagenet_weights(learner.model)
    else:
        weights = read_weights(find_model(init))
    report = import_weights(learner.model, weights, example)
    learner.model.constrain()
    learner.average.load_state_dict(learner.model.state_dict())
    return f"model.init {init}: {report}"


def learning_rate(step: int, total: int, per_epoch: int, settings: OptimConfig) -> float:
    """Of step `step` of `total`, by the schedule that `settings` name.

    one_cycle (Smith and Topin 2018): linear rise from peak/25, cosine fall to peak/10⁴.
    """
    peak = settings.learning_rate
    if settings.schedule == "constant":
        return peak
    if settings.schedule == "step":
        return peak * settings.step_factor ** (step // (per_epoch * settings.step_epochs))
    rising = settings.warmup * total
    if step < rising:
        return peak * (1 / 25 + (1 - 1 / 25) * step / rising)
    done = (step - rising) / max(1.0, total - rising)
    return peak * (1e-4 + (1 - 1e-4) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _check_sizes(model: FerModel, config: TrainConfig, device: torch.device) -> None:
    """Flattening networks take one size only: say so before the first batch does."""
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

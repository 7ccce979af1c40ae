"""The optimiser's steps of a run, from one validation to the next."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import Batch, augment, cutmix, mixup
from trainer.data.crops import Crops, normalise
from trainer.data.loader import Sample, load_batches
from trainer.device import autocast_dtype, memory_format, memory_mb
from trainer.errors import FerError
from trainer.files import write_atomic
from trainer.training.distributed import World
from trainer.training.run_dir import RunDir
from trainer.training.state import Learner, learning_rate

EVENT_SECONDS = 2.0  # between two "step" events


@dataclass(frozen=True, slots=True)
class Taken:
    """A step whose numbers nobody has asked for yet: they lie where they were computed."""

    step: int
    rate: float
    rows: list[Tensor]  # of each forward pass
    terms: list[dict[str, Tensor]]  # likewise


@dataclass(frozen=True, slots=True)
class Plan:
    """How many steps there are, and how many samples each takes over all processes.

    The last, incomplete step of an epoch is left out: BatchNorm needs a batch worth the name.
    """

    per_step: int
    per_epoch: int
    total: int
    validations: int

    @classmethod
    def of(cls, config: TrainConfig, samples: int, world: World) -> "Plan":
        per_step = config.optim.batch_size * config.optim.accumulate * world.size
        per_epoch = max(1, samples // per_step)
        total = per_epoch * config.optim.epochs
        return cls(per_step, per_epoch, total, min(config.run.validations, per_epoch))

    def next_validation(self, step: int) -> int:
        """The step at which the next validation comes; each epoch ends with one."""
        epoch, done = divmod(step, self.per_epoch)
        part = done * self.validations // self.per_epoch + 1
        return epoch * self.per_epoch + -(-part * self.per_epoch // self.validations)


class Steps:
    """Takes steps, tells of them, and keeps the means of the epoch that they belong to."""

    def __init__(
        self,
        run: RunDir,
        learner: Learner,
        training: Crops,
        config: TrainConfig,
        plan: Plan,
        world: World,
        emit: Callable[..., None],
    ) -> None:
        self._run, self._learner, self._training, self._config = run, learner, training, config
        self._plan, self._world, self._emit = plan, world, emit
        self._device = next(learner.model.parameters()).device
        self._layout = memory_format(learner.model, self._device)
        self._dtype = autocast_dtype(self._device, config.run.precision)
        self._sums: dict[str, float] = {}
        self._noted: dict[str, Any] = {}  # of the newest step that was noted
        self._seen, self._seconds = 0, 0.0
        # a GPU has the next step's work before it is asked for the numbers of this one
        self._behind = int(self._device.type == "cuda")

    def until(self, end: int, stopped: Callable[[], bool]) -> dict[str, float] | None:
        """Steps up to step `end` of the same epoch; the means since the epoch began.

        None when it was stopped before the last of them.
        """
        first, per_epoch = self._learner.step, self._plan.per_epoch
        if first % per_epoch == 0:
            self._sums, self._seen, self._seconds = {}, 0, 0.0
        # the order depends on seed and epoch alone, so that a resumed epoch goes on in it
        shuffle = torch.Generator().manual_seed(
            self._config.run.seed * 100_003 + first // per_epoch
        )
        order = torch.randperm(len(self._training), generator=shuffle)
        parts = [self._parts(order, step) for step in range(first, end)]
        loaded = load_batches(
            self._training,
            (rows for step in parts for rows in step),
            self._config.run.loaders,
            self._device,
        )
        self._learner.train_mode()
        before, told, told_seen = self._seconds, time.perf_counter(), self._seen
        began, self._noted = told, {}
        waiting: deque[Taken] = deque()
        for step, rows in enumerate(parts, first):
            waiting.append(self._take(step, rows, [next(loaded) for _ in rows]))
            # after the last step comes the validation, and who asked learns of it then
            stop = step < end - 1 and self._world.any(stopped())
            while len(waiting) > (0 if stop or step == end - 1 else self._behind):
                self._note(waiting.popleft())
            now = time.perf_counter()
            self._seconds = before + now - began
            if self._noted and (now - told >= EVENT_SECONDS or step == end - 1):
                speed = (self._seen - told_seen) / (now - told)
                left = (self._plan.total - step - 1) * self._plan.per_step
                self._emit(
                    "step",
                    **self._noted,
                    steps=self._plan.total,
                    epoch=step // per_epoch + 1,
                    images_per_second=round(speed, 1),
                    memory_mb=round(memory_mb(self._device), 1),
                    eta_s=round(left * self._seconds / self._seen),
                )
                told, told_seen = now, self._seen
            if stop:
                loaded.close()
                return None
        means = {key: amount / self._seen for key, amount in self._sums.items()}
        return {**means, "images_per_second": round(self._seen / self._seconds, 1)}

    def _parts(self, order: Tensor, step: int) -> list[Tensor]:
        """The rows of this process's forward passes in a step."""
        start = step % self._plan.per_epoch * self._plan.per_step
        rows = order[start : start + self._plan.per_step]
        mine = rows[self._world.rank :: self._world.size]
        return [part for part in torch.split(mine, self._config.optim.batch_size) if len(part)]

    def _take(self, step: int, rows: list[Tensor], samples: list[Sample]) -> Taken:
        """One step. Nothing here waits for a GPU."""
        config, draws = self._config, self._draws(step)
        torch.manual_seed(draws.initial_seed())  # dropout
        terms = []
        for part, sample in zip(rows, samples, strict=True):
            batch = self._views(step, sample, draws)
            outcome = self._learner.objective(self._learner.model, batch, self._dtype)
            (outcome.loss * (len(part) / self._count)).backward()
            hits = (outcome.logits.detach().argmax(1) == batch.targets.argmax(1)).float().mean()
            terms.append({"loss": outcome.loss.detach(), "train_accuracy": hits, **outcome.terms})
        rate = learning_rate(step, self._plan.total, self._plan.per_epoch, config.optim)
        self._learner.descend(config.optim, rate, self._world)
        return Taken(step, rate, rows, terms)

    def _draws(self, step: int) -> torch.Generator:
        """They depend on seed, step and process alone: a run that goes on needs no other state."""
        seed = (self._config.run.seed * 1_000_003 + step) * self._world.size + self._world.rank
        draws = torch.Generator(self._device if self._device.type == "cuda" else "cpu")
        return draws.manual_seed(seed)

    @property
    def _count(self) -> int:
        """Samples of a step, over all processes."""
        return min(self._plan.per_step, len(self._training))

    def _note(self, taken: Taken) -> None:
        """Ask for a step's terms and add them to the epoch's; refuse a loss that is not finite."""
        noted: dict[str, float] = {}
        for index, (rows, terms) in enumerate(zip(taken.rows, taken.terms, strict=True)):
            # all at once: each number that a GPU is asked for has to be waited for
            values = torch.stack([value.float() for value in terms.values()]).tolist()
            if not math.isfinite(values[0]):
                self._refuse(taken, index)
            for name, value in zip(terms, values, strict=True):
                noted[name] = noted.get(name, 0.0) + value * len(rows) / self._count
        total = self._world.total(torch.tensor(list(noted.values()), dtype=torch.float64))
        noted = dict(zip(noted, total.tolist(), strict=True))
        self._seen += self._count
        for name, value in noted.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * self._count
        self._noted = {"step": taken.step + 1, **noted, "learning_rate": taken.rate}

    def _views(self, step: int, sample: Sample, draws: torch.Generator) -> Batch:
        """Augmented and normalised."""
        config, preprocessing = self._config, self._config.data.preprocessing
        early = step < config.augment.start_share * self._plan.total
        side = early and config.augment.start_side
        pixels, landmarks, targets = (
            part.to(self._device, non_blocking=part.is_pinned()) for part in sample
        )
        batch = augment(
            pixels,
            landmarks,
            targets,
            config.augment,
            view=preprocessing.input_size,
            side=side or preprocessing.input_size,
            generator=draws,
        )
        batch = mixup(batch, config.augment.mixup, draws)
        batch = cutmix(batch, config.augment.cutmix, draws)
        x = normalise(batch.x, preprocessing).contiguous(memory_format=self._layout)
        return replace(batch, x=x)

    def _refuse(self, taken: Taken, index: int) -> None:
        """Make the batch whose loss is not finite once more, keep it, and stop."""
        draws, rows = self._draws(taken.step), taken.rows[: index + 1]
        for sample in load_batches(self._training, rows, 1, self._device):
            batch = self._views(taken.step, sample, draws)
        kept: dict[str, Any] = {"rows": rows[-1], "inputs": batch.x, "targets": batch.targets}
        file = self._run.path / "bad_batch.npz"
        write_atomic(
            file, lambda stream: np.savez(stream, **{k: v.cpu().numpy() for k, v in kept.items()})
        )
        raise FerError(
            f"the loss is no longer finite in step {taken.step + 1}; its batch is in {file}",
            "Try a smaller optim.learning_rate.",
        )

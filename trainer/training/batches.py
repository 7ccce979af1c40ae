"""The training samples of a run, and the batches that its steps take from them."""

import logging
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.config.sections import DataConfig
from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import Batch, augment, cutmix, mixup
from trainer.data.crops import Crops, align_all, normalise
from trainer.data.face_data import FaceData
from trainer.data.label_noise import flip_labels
from trainer.data.label_review import apply_review
from trainer.data.loader import Sample, load_batches
from trainer.training.distributed import World
from trainer.training.run_dir import RunDir
from trainer.training.state import StepPlan

log = logging.getLogger(__name__)


def training_crops(run: RunDir, config: TrainConfig, data: FaceData) -> Crops:
    """The samples to train on: without leaks, with the reviewed labels, up to the limit; of
    these a share may have wrong labels on purpose.

    A function of its own, so that its copies of the index (250 MB for AffectNet) are freed.
    """
    settings = config.data
    review = run.review if run.review.is_file() else Path(settings.review).expanduser()
    training = limit_samples(reviewed_samples(settings, data, review), settings.limit)
    return align_all(
        flip_labels(training, settings.flipped_labels, settings.flipped_seed),
        settings.preprocessing,
        settings.votes_share,
        settings.votes,
        settings.memory,
    )


def reviewed_samples(settings: DataConfig, data: FaceData, review: Path) -> FaceData:
    """The training samples without leaks, with the labels of `review` if the settings name one.

    Raises DataError as `apply_review`.
    """
    unleaked = data.without_leaked() if settings.drop_leaked else data
    training = unleaked.of_split("train")
    return apply_review(training, review) if settings.review else training


def limit_samples(data: FaceData, limit: int) -> FaceData:
    """`limit` samples with the class shares of `data`, the same ones at every call; 0 is all.

    Every class that `data` has keeps one sample at least, even if there are more classes than
    `limit`; the log names the classes that would have had none by their share.
    """
    if not 0 < limit < len(data):
        return data
    counts = np.bincount(data.label[data.label >= 0], minlength=len(data.classes))
    taken = _shares_of_classes(counts, limit)
    rare = np.flatnonzero(np.rint(limit * counts / counts.sum()) < taken.clip(max=1))
    if len(rare):
        log.warning(
            "data.limit=%d: %s kept with one sample each; a proportional share would be none",
            limit,
            ", ".join(data.classes[label] for label in rare),
        )
    draw = np.random.default_rng(0)
    chosen = [
        draw.permutation(np.flatnonzero(data.label == label))[:count]
        for label, count in enumerate(taken)
    ]
    return data.select(np.sort(np.concatenate(chosen)))


def _shares_of_classes(counts: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Samples of each class (K,) by the largest remainder, at least one where `counts` has any."""
    exact = limit * counts / counts.sum()
    taken: NDArray[np.int64] = np.maximum(np.floor(exact), counts > 0).astype(np.int64)
    while taken.sum() < limit:
        taken[np.argmax(exact - taken)] += 1
    while taken.sum() > limit and taken.max() > 1:
        taken[np.argmax(np.where(taken > 1, taken - exact, -np.inf))] -= 1
    return taken


class TrainingBatches:
    """Shuffles samples by epoch, divides steps among processes, and augments the batches.

    All random draws depend on seed, epoch, step and process alone, so that a resumed run continues
    with the same batches without a saved random state.
    """

    def __init__(
        self,
        crops: Crops,
        config: TrainConfig,
        plan: StepPlan,
        world: World,
        device: torch.device,
        layout: torch.memory_format,
    ) -> None:
        self._crops, self._config, self._plan, self._world = crops, config, plan, world
        self._device, self._layout = device, layout
        self.samples_per_step = min(plan.samples_per_step, len(crops))  # over all processes

    def rows_of_steps(self, first: int, end: int) -> list[list[Tensor]]:
        """The rows of this process's forward passes in steps `first` to `end` of one epoch."""
        epoch = first // self._plan.steps_per_epoch
        shuffle = torch.Generator().manual_seed(self._config.run.seed * 100_003 + epoch)
        order = torch.randperm(len(self._crops), generator=shuffle)
        return [self._rows_of_step(order, step) for step in range(first, end)]

    def _rows_of_step(self, order: Tensor, step: int) -> list[Tensor]:
        start = step % self._plan.steps_per_epoch * self._plan.samples_per_step
        rows = order[start : start + self._plan.samples_per_step]
        own = rows[self._world.rank :: self._world.size]
        return [part for part in torch.split(own, self._config.optim.batch_size) if len(part)]

    def load(self, rows_of_steps: Iterable[list[Tensor]]) -> Generator[Sample]:
        """The samples of every forward pass, in order, read ahead by threads."""
        rows = (rows for step in rows_of_steps for rows in step)
        return load_batches(self._crops, rows, self._config.run.loaders, self._device)

    def generator(self, step: int) -> torch.Generator:
        """The random draws of a step in this process."""
        seed = (self._config.run.seed * 1_000_003 + step) * self._world.size + self._world.rank
        generator = torch.Generator(self._device if self._device.type == "cuda" else "cpu")
        return generator.manual_seed(seed)

    def prepare(self, step: int, sample: Sample, generator: torch.Generator) -> Batch:
        """Move a sample to the device, augment and normalise it."""
        config, preprocessing = self._config, self._config.data.preprocessing
        side = preprocessing.input_size
        if step < config.augment.start_share * self._plan.total_steps:
            side = config.augment.start_side or side
        rows, pixels, landmarks, targets, affect = (
            part.to(self._device, non_blocking=part.is_pinned()) for part in sample
        )
        if pixels.is_floating_point():  # features of clips' frames
            return Batch(pixels, landmarks, targets, rows=rows)
        batch = augment(
            pixels,
            landmarks,
            targets,
            config.augment,
            view=preprocessing.input_size,
            side=side,
            generator=generator,
        )
        batch = replace(batch, valence_arousal=affect)
        batch = mixup(batch, config.augment.mixup, generator)
        batch = cutmix(batch, config.augment.cutmix, generator)
        x = normalise(batch.x, preprocessing).contiguous(memory_format=self._layout)
        return replace(batch, x=x, rows=rows)

    def rebuild(self, step: int, rows: list[Tensor]) -> Batch:
        """The batch of the last forward pass in `rows` once more, with the same draws."""
        generator = self.generator(step)
        for sample in load_batches(self._crops, rows, 1, self._device):
            batch = self.prepare(step, sample, generator)
        return batch

"""The training samples of a run, and the batches that its steps take from them."""

import logging
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import Batch, augment, cutmix, mixup
from trainer.data.crops import Crops, align_all, normalise
from trainer.data.face_data import FaceData
from trainer.data.label_noise import flip_labels
from trainer.data.loader import Sample, load_batches
from trainer.data.training_samples import reviewed_samples
from trainer.training.distributed import World
from trainer.training.run_dir import RunDir
from trainer.training.state import StepPlan

log = logging.getLogger(__name__)


def training_crops(run: RunDir, config: TrainConfig, data: FaceData) -> Crops:
    """The samples to train on, of which a share may have wrong labels on purpose.

    A function of its own, so that its copies of the index (250 MB for AffectNet) are freed.
    """
    settings = config.data
    review = run.review if run.review.is_file() else Path(settings.review).expanduser()
    training = reviewed_samples(settings, data, review)
    return align_all(
        flip_labels(training, settings.flipped_labels, settings.flipped_seed),
        settings.preprocessing,
        settings.votes_share,
        settings.votes,
        settings.memory,
    )


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

"""Maps of the watched faces at every epoch, computed in advance, the shown epoch first."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QObject, Signal

from ferapp.review.epochs.epoch_maps import FaceMap, attribute_faces
from ferapp.review.epochs.opened_epochs import EpochWeights, OpenedEpochs
from ferapp.runs.task_queue import TaskFailure
from trainer.errors import FerError


class SubmitTask(Protocol):
    def __call__(
        self, key: str, work: Callable[[], Any], on_done: Callable[[Any], None]
    ) -> None: ...


class MapCache(QObject):
    """`arrived` has the position of an epoch whose maps are known now, or cannot be: then `failed`
    has the reason.

    One epoch at a time is a task, so that the queue is free for something else in between.
    """

    arrived = Signal(int)
    failed = Signal(str)

    def __init__(self, submit: SubmitTask) -> None:
        super().__init__()
        self._submit = submit
        self._epochs: OpenedEpochs | None = None
        self._read_picture: Callable[[int], Any] = lambda row: None
        self._faces: tuple[int, ...] = ()
        self._position = 0
        self._weights: dict[int, EpochWeights] = {}  # by the position of the epoch
        self._maps: dict[tuple[EpochWeights, str], FaceMap] = {}  # by weights and sample id
        self._unusable: set[EpochWeights] = set()
        self.missing: frozenset[int] = frozenset()  # positions of epochs without all maps
        self._is_running = False

    def open(self, opened: OpenedEpochs, read_picture: Callable[[int], Any]) -> None:
        """Of another run, or of the same one with more epochs. Maps of the same files stay."""
        if self._epochs is None or self._epochs.run != opened.run:
            self._maps.clear()
            self._unusable.clear()
        self._epochs, self._read_picture = opened, read_picture
        self._weights = {
            position: opened.weights[epoch]
            for position, epoch in enumerate(opened.learning.epochs.tolist())
            if epoch in opened.weights
        }

    def watch(self, faces: tuple[int, ...]) -> None:
        """Compute the maps of these samples."""
        self._faces = faces
        self._go_on()

    def go_to(self, position: int) -> None:
        """The epoch at this position is shown: it and its neighbours come first."""
        self._position = position

    def map_of(self, position: int, face: int) -> FaceMap | None:
        """None where there are no weights, or while the map is not computed yet."""
        if self._epochs is None or position not in self._weights:
            return None
        return self._maps.get((self._weights[position], self._id(face)))

    def _id(self, face: int) -> str:
        assert self._epochs is not None
        return str(self._epochs.samples.sample_id[face])

    def _without_map(self, weights: EpochWeights) -> list[int]:
        return [face for face in self._faces if (weights, self._id(face)) not in self._maps]

    def _go_on(self) -> None:
        self.missing = frozenset(
            position
            for position, weights in self._weights.items()
            if weights not in self._unusable and self._without_map(weights)
        )
        if self._is_running or self._epochs is None or not self.missing:
            return
        self._is_running = True
        opened, read_picture = self._epochs, self._read_picture
        weights = self._weights[min(self.missing, key=lambda each: abs(each - self._position))]
        faces = self._without_map(weights)

        def compute() -> dict[str, FaceMap]:
            samples, rows = opened.samples, np.array(faces)
            pictures = [read_picture(int(opened.rows[face])) for face in faces]
            if any(picture is None for picture in pictures):
                raise FerError("The pictures are missing, so there are no maps.")
            maps = attribute_faces(
                weights.file, pictures, samples.landmarks[rows], samples.label[rows]
            )
            return dict(zip(samples.sample_id[rows].tolist(), maps, strict=True))

        self._submit("maps", compute, lambda result: self._on_maps(weights, result))

    def _on_maps(self, weights: EpochWeights, result: dict[str, FaceMap] | TaskFailure) -> None:
        self._is_running = False
        if isinstance(result, TaskFailure):
            self._unusable.add(weights)
            self.failed.emit(result.message)
        else:
            self._maps |= {(weights, sample): face_map for sample, face_map in result.items()}
        self._go_on()
        for position, each in self._weights.items():
            if each == weights:
                self.arrived.emit(position)

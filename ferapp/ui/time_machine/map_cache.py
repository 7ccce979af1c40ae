"""Pictures of the watched faces, and their maps at every epoch, read and computed in advance."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from ferapp.review.classify_pictures import ReadPicture
from ferapp.review.epochs.epoch_maps import FaceMap, attribute_faces
from ferapp.review.epochs.opened_epochs import EpochWeights, OpenedEpochs
from ferapp.runs.task_queue import TaskFailure

Pictures = dict[str, NDArray[np.uint8] | None]  # by sample id


class SubmitTask(Protocol):
    def __call__(
        self, key: str, work: Callable[[], Any], on_done: Callable[[Any], None]
    ) -> None: ...


class MapCache(QObject):
    """`arrived` has the position of an epoch whose maps were computed, −1 for pictures that were
    read; `failed` has the reason why there are none.

    The maps of one epoch are a task, the shown epoch and its neighbours first, so that the queue
    is free for something else in between.
    """

    arrived = Signal(int)
    failed = Signal(str)

    def __init__(self, submit: SubmitTask) -> None:
        super().__init__()
        self._submit = submit
        self._epochs: OpenedEpochs | None = None
        self._read_picture: ReadPicture = lambda row: None
        self._faces: tuple[int, ...] = ()
        self._position = 0
        self._weights: dict[int, EpochWeights] = {}  # by the position of the epoch
        self._pictures: Pictures = {}
        self._maps: dict[tuple[EpochWeights, str], FaceMap] = {}  # by weights and sample id
        self._unusable: set[EpochWeights] = set()
        self.missing: frozenset[int] = frozenset()  # positions of epochs without all maps
        self._is_running = False

    def open(self, opened: OpenedEpochs, read_picture: ReadPicture) -> None:
        """Of another run, or of the same one with more epochs. Maps of the same files stay."""
        if self._epochs is None or self._epochs.run != opened.run:
            self._pictures, self._maps = {}, {}
            self._unusable.clear()
        self._epochs, self._read_picture = opened, read_picture
        self._weights = {
            position: opened.weights[epoch]
            for position, epoch in enumerate(opened.learning.epochs.tolist())
            if epoch in opened.weights
        }

    def watch(self, faces: tuple[int, ...]) -> None:
        """Read the pictures of these samples, then compute their maps."""
        assert self._epochs is not None
        self._faces, read_picture = faces, self._read_picture
        rows = {self._id(face): int(self._epochs.rows[face]) for face in faces}
        unread = {name: row for name, row in rows.items() if name not in self._pictures}
        self._submit(
            "pictures",
            lambda: {name: read_picture(row) for name, row in unread.items()},
            self._on_pictures,
        )

    def go_to(self, position: int) -> None:
        """The epoch at this position is shown."""
        self._position = position

    def picture_of(self, face: int) -> NDArray[np.uint8] | None:
        """None where it is missing, or not read yet."""
        return self._pictures.get(self._id(face))

    def map_of(self, position: int, face: int) -> FaceMap | None:
        """None where there are no weights, or while the map is not computed yet."""
        if position not in self._weights:
            return None
        return self._maps.get((self._weights[position], self._id(face)))

    def _id(self, face: int) -> str:
        assert self._epochs is not None
        return str(self._epochs.samples.sample_id[face])

    def _on_pictures(self, result: Pictures | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self.failed.emit(result.message)
            return
        self._pictures |= result
        if any(self.picture_of(face) is None for face in self._faces):
            self.failed.emit("The pictures are missing, so there are no maps.")
        self._compute_next()
        self.arrived.emit(-1)

    def _faces_without_map(self, weights: EpochWeights) -> list[int]:
        return [
            face
            for face in self._faces
            if self.picture_of(face) is not None and (weights, self._id(face)) not in self._maps
        ]

    def _compute_next(self) -> None:
        self.missing = frozenset(
            position
            for position, weights in self._weights.items()
            if weights not in self._unusable and self._faces_without_map(weights)
        )
        if self._is_running or self._epochs is None or not self.missing:
            return
        self._is_running = True
        position = min(self.missing, key=lambda each: abs(each - self._position))
        weights = self._weights[position]
        faces, samples = self._faces_without_map(weights), self._epochs.samples
        known = [self.picture_of(face) for face in faces]
        pictures = [picture for picture in known if picture is not None]
        names, landmarks = samples.sample_id[faces].tolist(), samples.landmarks[faces]
        label = samples.label[faces]

        def compute() -> dict[str, FaceMap]:
            maps = attribute_faces(weights.file, pictures, landmarks, label)
            return dict(zip(names, maps, strict=True))

        self._submit("maps", compute, lambda result: self._on_maps(position, weights, result))

    def _on_maps(
        self, position: int, weights: EpochWeights, result: dict[str, FaceMap] | TaskFailure
    ) -> None:
        self._is_running = False
        if isinstance(result, TaskFailure):
            self._unusable.add(weights)
            self.failed.emit(result.message)
        else:
            self._maps |= {(weights, name): face_map for name, face_map in result.items()}
        self._compute_next()
        self.arrived.emit(position)

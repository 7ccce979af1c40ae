"""What a reader says of a data set, and from there to grey squares of one size."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.data.face_data import FaceData
from trainer.data.reading.bad_rows import BadRows, name_some
from trainer.data.stored_images import Image, StoredImages, write_images
from trainer.errors import DataError
from trainer.shown_text import shown_name

log = logging.getLogger(__name__)

MAX_SIDE = 224
SIDE_SAMPLES = 1000  # pictures whose size decides the side
THREADS, QUEUE_LENGTH = 4, 64
CONSTANT_RANGE = 4  # grey levels; a picture within so few shows nothing


@dataclass(frozen=True, slots=True)
class Listing:
    """What a reader says of N pictures, before one is decoded.

    `landmarks` (N, 68, 2) are in each picture's own pixels, NaN where the data set has none;
    `valence_arousal` (N, 2) likewise, None where no picture has any.
    `picture` decodes one, grey, of any size, or raises ValueError with the reason. `total` counts
    all pictures of the data set, where `bad` lists some already.
    """

    name: str
    classes: tuple[str, ...]
    sample_id: list[str]
    split: NDArray[np.str_]
    label: NDArray[np.int64]
    picture: Callable[[int], Image]
    source_index: NDArray[np.int64] | None = None  # rows in the source; 0 to N − 1 without
    bad: BadRows = field(default_factory=BadRows)
    total: int = 0
    landmarks: NDArray[np.float32] | None = None
    votes: NDArray[np.float32] | None = None
    valence_arousal: NDArray[np.float32] | None = None
    clip: NDArray[np.int64] | None = None  # of which each picture is a frame, in order
    landmark_source: str = "data set"
    _square_landmarks: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    _constant: list[str] = field(default_factory=list)

    def load(self) -> FaceData:
        """The pictures that can be read, in memory. Raises DataError when too many cannot."""
        rows: list[int] = []
        images = list(self._squares(rows))
        self._check()
        if not images:
            raise DataError(f"{self.name}: it has no pictures")
        return self._face_data(np.stack(images), rows)

    def write(self, folder: Path, progress: Callable[[int, int], None]) -> FaceData:
        """The same with the pictures in `folder`, one at a time, so that any number fits."""
        rows: list[int] = []
        folder.mkdir(parents=True, exist_ok=True)

        def report_progress() -> Iterator[Image]:
            for done, square in enumerate(self._squares(rows), 1):
                yield square
                if done % 100 == 0:
                    progress(done, len(self.sample_id))

        write_images(folder / "images.npy", report_progress(), len(self.sample_id))
        self._check()
        progress(len(self.sample_id), len(self.sample_id))
        return self._face_data(StoredImages(folder / "images.npy"), rows)

    def _check(self) -> None:
        self.bad.check(self.total or len(self.sample_id))
        if self._constant:
            count = len(self._constant)
            pictures = "1 picture is" if count == 1 else f"{count} pictures are"
            log.warning(
                "%s: %s of nearly one grey level: %s",
                self.name,
                pictures,
                name_some(self._constant),
            )

    def _face_data(self, images: Image | StoredImages, rows: list[int]) -> FaceData:
        readable, count = np.array(rows, np.int64), len(rows)
        landmarks = np.full((count, 68, 2), np.nan, np.float32)
        for place, row in enumerate(rows):
            if row in self._square_landmarks:
                landmarks[place] = self._square_landmarks[row]
        votes = np.full((count, len(self.classes)), np.nan, np.float32)
        return FaceData(
            name=self.name,
            classes=self.classes,
            images=images,
            sample_id=np.array([shown_name(self.sample_id[row]) for row in rows]),
            source_index=readable if self.source_index is None else self.source_index[readable],
            split=self.split[readable],
            label=self.label[readable],
            landmarks=landmarks,
            votes=votes if self.votes is None else self.votes[readable],
            valence_arousal=None
            if self.valence_arousal is None
            else self.valence_arousal[readable],
            clip=None if self.clip is None else self.clip[readable],
            landmark_source="none" if self.landmarks is None else self.landmark_source,
            skipped=tuple(self.bad.reasons),
        )

    def _squares(self, rows: list[int]) -> Iterator[Image]:
        """Squares of the pictures that can be read; their places in the listing go to `rows`."""
        side = self._most_common_side()

        def load(row: int) -> tuple[Image, bool]:
            picture = self.picture(row)
            square, (scale, shift) = to_square(picture, side)
            if self.landmarks is not None and np.isfinite(self.landmarks[row]).all():
                self._square_landmarks[row] = self.landmarks[row] * scale + shift
            return square, int(picture.max()) - int(picture.min()) < CONSTANT_RANGE

        with ThreadPoolExecutor(THREADS) as pool:  # OpenCV does not hold the GIL
            queue: deque[tuple[int, Future[tuple[Image, bool]]]] = deque()
            for row in range(len(self.sample_id) + QUEUE_LENGTH):
                if row < len(self.sample_id):
                    queue.append((row, pool.submit(load, row)))
                if len(queue) > QUEUE_LENGTH or row >= len(self.sample_id):
                    if not queue:
                        return
                    first, future = queue.popleft()
                    try:
                        square, is_constant = future.result()
                    except ValueError as error:
                        self.bad.add(self.sample_id[first], str(error))
                        continue
                    if is_constant:
                        self._constant.append(self.sample_id[first])
                    rows.append(first)
                    yield square

    def _most_common_side(self) -> int:
        """The most common longer side of some pictures, at most 224."""
        sides: Counter[int] = Counter()
        step = -(-len(self.sample_id) // SIDE_SAMPLES)
        for row in range(0, len(self.sample_id), step or 1):
            try:
                sides[min(MAX_SIDE, max(self.picture(row).shape))] += 1
            except ValueError:
                continue
        if len(sides) > 1:
            log.info("%s: pictures are scaled to one side", self.name)
        return max(sides, key=lambda side: (sides[side], side), default=1)


def to_square(picture: Image, side: int) -> tuple[Image, tuple[float, NDArray[np.float32]]]:
    """The picture as a square of `side` px, and (scale, shift) that move its points with it.

    Continued by its border pixels where it is not square, because stretching changes a face;
    then scaled, linear up and by area down.
    """
    height, width = picture.shape
    longer = max(height, width)
    top, left = (longer - height) // 2, (longer - width) // 2
    if height != width:
        edges = (top, longer - height - top, left, longer - width - left)
        picture = np.asarray(cv2.copyMakeBorder(picture, *edges, cv2.BORDER_REPLICATE), np.uint8)
    if longer != side:
        how = cv2.INTER_AREA if longer > side else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, (side, side), interpolation=how), np.uint8)
    scale = side / longer
    shift = np.array([left + 0.5, top + 0.5], np.float32) * scale - 0.5
    return picture, (scale, shift)

"""A prepared data set: the pictures, what each sample is, and where its landmarks lie.

On disk it is one folder that travels: `images.npy` (N, h, w) uint8, `samples.npz` and
`dataset.json`, which is written last and so marks the folder complete.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.stored_images import JoinedImages, StoredImages
from trainer.data.tables import check_arrays, read_arrays
from trainer.errors import DataError, UsageError
from trainer.files import write_atomic, write_json

SPLITS = ("train", "val", "test")
FORMAT = 1
# of samples.npz: kinds of types as numpy names them, and dimensions
PARTS = {
    "sample_id": ("U", 1),
    "source_index": ("iu", 1),
    "split": ("U", 1),
    "label": ("iu", 1),
    "landmarks": ("f", 3),
    "votes": ("f", 2),
}


@dataclass(frozen=True, slots=True)
class FaceData:
    """N labelled face pictures; those of a prepared folder stay in their file.

    `landmarks` are (N, 68, 2) float32 in picture pixels, NaN where no face was found.
    `votes` (N, K) float32 are the shares of annotators who chose each class, NaN without any.
    """

    name: str
    classes: tuple[str, ...]
    images: NDArray[np.uint8] | StoredImages | JoinedImages  # (N, h, w), if joined of any size
    sample_id: NDArray[np.str_]  # (N,)
    source_index: NDArray[np.int64]  # (N,) row in the source
    split: NDArray[np.str_]  # (N,)
    label: NDArray[np.int64]  # (N,)
    landmarks: NDArray[np.float32]
    votes: NDArray[np.float32]
    landmark_source: str = "none"  # or "mediapipe", "data set", "files"
    skipped: tuple[str, ...] = ()  # what of the source could not be read, with the reason

    def __len__(self) -> int:
        return len(self.label)

    @property
    def has_landmarks(self) -> NDArray[np.bool_]:
        """(N,) whether a face was found."""
        return ~np.isnan(self.landmarks[:, 0, 0])

    def select(self, where: NDArray[np.bool_] | NDArray[np.int64]) -> "FaceData":
        """The samples that a mask or an index array names."""
        return replace(
            self,
            images=self.images[where],
            sample_id=self.sample_id[where],
            source_index=self.source_index[where],
            split=self.split[where],
            label=self.label[where],
            landmarks=self.landmarks[where],
            votes=self.votes[where],
        )

    def of_split(self, split: str) -> "FaceData":
        """The samples of one split. Raises UsageError when there are none."""
        where = self.split == split
        if not where.any():
            present = ", ".join(sorted(set(self.split.tolist())))
            raise UsageError(f"{self.name} has no split {split!r}", f"It has: {present}.")
        return self.select(where)

    def without_landmarks(self) -> "FaceData":
        """The same samples as if no face had been found in any."""
        nothing = np.full_like(self.landmarks, np.nan)
        return replace(self, landmarks=nothing, landmark_source="none")

    def without_leaked(self, split: str = "train") -> "FaceData":
        """Without the samples of `split` whose picture is in another too, pixel for pixel."""
        return self.select(~self.leaked(split))

    def leaked(self, split: str = "train") -> NDArray[np.bool_]:
        """(N,) whether a sample is of `split` and its picture in another too, pixel for pixel."""
        digests, mine = self._digests(), self.split == split
        leaked: NDArray[np.bool_] = mine & np.isin(digests, digests[~mine])
        return leaked

    def conflicting(self) -> int:
        """Pictures that several samples share under different labels, pixel for pixel."""
        labels: dict[str, set[int]] = {}
        for digest, label in zip(self._digests().tolist(), self.label.tolist(), strict=True):
            labels.setdefault(digest, set()).add(label)
        return sum(len(found) > 1 for found in labels.values())

    def _digests(self) -> NDArray[np.str_]:
        return np.array([hashlib.md5(image.tobytes()).hexdigest() for image in self.images])

    def class_counts(self) -> dict[str, dict[str, int]]:
        """Split → class name → number of samples."""
        return {
            split: {name: counts[index] for index, name in enumerate(self.classes) if counts[index]}
            for split in SPLITS
            if (counts := Counter(self.label[self.split == split].tolist()))
        }


def joined(data: FaceData, others: Sequence[FaceData], most: int = 0) -> FaceData:
    """`data` with the training samples of `others`, whose classes are matched by name.

    Of each of the `others` at most `most` samples of a class (0 is all), always the same ones.
    Left out are samples of classes that `data` does not have, those without a face where faces
    were looked for, and `others`' votes. Raises UsageError where nothing of a set is left.
    """
    numbers = {name: number for number, name in enumerate(data.classes)}
    parts = [data]
    for other in others:
        place = np.array([numbers.get(name, np.nan) for name in other.classes])[other.label]
        faces = other.has_landmarks | (other.landmark_source == "none")
        kept = np.flatnonzero((other.split == "train") & ~np.isnan(place) & faces)
        if most:
            draw, labels = np.random.default_rng(0), other.label[kept]
            drawn = [draw.permutation(kept[labels == k])[:most] for k in range(len(other.classes))]
            kept = np.sort(np.concatenate(drawn))
        if not len(kept):
            raise UsageError(
                f"{other.name} has no training picture of a class of {data.name}",
                f"Its classes are {', '.join(other.classes)}.",
            )
        part = other.select(kept)
        parts.append(
            replace(
                part,
                sample_id=np.array([f"{other.name}/{each}" for each in part.sample_id]),
                label=place[kept].astype(np.int64),
                votes=np.full((len(part), len(data.classes)), np.nan, np.float32),
            )
        )
    if not others:
        return data
    return replace(
        data,
        name=" + ".join(part.name for part in parts),
        images=JoinedImages([part.images for part in parts]),
        skipped=tuple(line for part in parts for line in part.skipped),
        sample_id=np.concatenate([part.sample_id for part in parts]),
        source_index=np.concatenate([part.source_index for part in parts]),
        split=np.concatenate([part.split for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        landmarks=np.concatenate([part.landmarks for part in parts]),
        votes=np.concatenate([part.votes for part in parts]),
    )


def save(data: FaceData, folder: Path) -> None:
    """Write `data` as a prepared folder."""
    images = data.images
    if not (isinstance(images, StoredImages) and images.path == folder / "images.npy"):
        write_atomic(folder / "images.npy", lambda stream: np.save(stream, np.asarray(images)))
    write_atomic(
        folder / "samples.npz",
        lambda stream: np.savez(
            stream,
            sample_id=data.sample_id,
            source_index=data.source_index,
            split=data.split,
            label=data.label,
            landmarks=data.landmarks,
            votes=data.votes,
        ),
    )
    write_json(
        folder / "dataset.json",
        {
            "format": FORMAT,
            "name": data.name,
            "classes": list(data.classes),
            "samples": len(data),
            "landmark_source": data.landmark_source,
            "with_landmarks": int(data.has_landmarks.sum()),
            "with_votes": int((~np.isnan(data.votes[:, 0])).sum()),
            "class_counts": data.class_counts(),
            "skipped": list(data.skipped),
        },
    )


def is_prepared(folder: Path) -> bool:
    return (folder / "dataset.json").is_file()


def load(folder: Path) -> FaceData:
    """Read a prepared folder. Raises DataError when a part is missing or does not fit."""
    try:
        head = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        if head["format"] != FORMAT:
            raise DataError(f"{folder}: prepared in format {head['format']}, this is {FORMAT}")
        images = StoredImages(folder / "images.npy")
        samples = read_arrays(folder / "samples.npz")
        check_arrays(samples, PARTS)
        data = FaceData(
            name=str(head["name"]),
            classes=tuple(map(str, head["classes"])),
            images=images,
            landmark_source=str(head["landmark_source"]),
            skipped=tuple(map(str, head.get("skipped", ()))),
            **samples,
        )
        _check(data)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{folder}: the prepared data set is damaged ({error})", "Prepare it again."
        ) from error
    return data


def _check(data: FaceData) -> None:
    """Raise ValueError where the parts of a prepared folder do not fit together."""
    if len(data.images) != len(data):
        raise ValueError(f"it has {len(data.images)} pictures of {len(data)} samples")
    if data.landmarks.shape[1:] != (68, 2) or data.votes.shape[1:] != (len(data.classes),):
        raise ValueError(f"landmarks are {data.landmarks.shape}, votes {data.votes.shape}")
    if len(data) and not -1 <= data.label.min() <= data.label.max() < len(data.classes):
        raise ValueError("a label is no class")

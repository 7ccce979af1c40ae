"""A prepared data set: pictures with their labels, splits and landmarks.

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

from trainer.data.array_files import check_arrays, read_arrays
from trainer.data.stored_images import JoinedImages, StoredImages
from trainer.errors import DataError, UsageError
from trainer.files import write_atomic, write_json

SPLITS = ("train", "val", "test")
FORMAT = 1
# of samples.npz: dtype kinds and number of dimensions
ARRAYS = {
    "sample_id": ("U", 1),
    "source_index": ("iu", 1),
    "split": ("U", 1),
    "label": ("iu", 1),
    "landmarks": ("f", 3),
    "votes": ("f", 2),
}
OPTIONAL_ARRAYS = {"valence_arousal": ("f", 2), "clip": ("iu", 1)}


@dataclass(frozen=True, slots=True)
class FaceData:
    """N labelled face pictures; those of a prepared folder stay on disk.

    `landmarks` are (N, 68, 2) float32 in picture pixels, NaN where no face was detected.
    `votes` (N, K) float32 are the shares of annotators who chose each class, NaN without any.
    `valence_arousal` (N, 2) float32 are from −1 to 1, NaN where unknown; None if no sample has any.
    `clip` (N,) are the numbers of the clips of which the samples are frames, in the order of time;
    None for single pictures. The frames of a clip have one label and one split.
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
    valence_arousal: NDArray[np.float32] | None = None
    clip: NDArray[np.int64] | None = None
    landmark_source: str = "none"  # or "mediapipe", "data set", "files"
    skipped: tuple[str, ...] = ()  # pictures that could not be read, with the reason

    def __len__(self) -> int:
        return len(self.label)

    @property
    def has_landmarks(self) -> NDArray[np.bool_]:
        """(N,) whether a face was detected."""
        return ~np.isnan(self.landmarks[:, 0, 0])

    def select(self, where: NDArray[np.bool_] | NDArray[np.int64]) -> "FaceData":
        """The samples that a mask or index array selects."""
        return replace(
            self,
            images=self.images[where],
            sample_id=self.sample_id[where],
            source_index=self.source_index[where],
            split=self.split[where],
            label=self.label[where],
            landmarks=self.landmarks[where],
            votes=self.votes[where],
            valence_arousal=None if self.valence_arousal is None else self.valence_arousal[where],
            clip=None if self.clip is None else self.clip[where],
        )

    def of_split(self, split: str) -> "FaceData":
        """The samples of one split. Raises UsageError when there are none."""
        where = self.split == split
        if not where.any():
            present = ", ".join(sorted(set(self.split.tolist())))
            raise UsageError(f"{self.name} has no split {split!r}", f"It has: {present}.")
        return self.select(where)

    def without_landmarks(self) -> "FaceData":
        """The same samples as if no face had been detected."""
        empty = np.full_like(self.landmarks, np.nan)
        return replace(self, landmarks=empty, landmark_source="none")

    def in_classes(self, classes: tuple[str, ...]) -> "FaceData":
        """The same samples with the labels numbered as in `classes`, which may be more.

        Raises UsageError that names the classes of samples that are not among them.
        """
        if classes == self.classes:
            return self
        present = [self.classes[number] for number in np.unique(self.label[self.label >= 0])]
        missing = [name for name in present if name not in classes]
        if missing:
            kept = ",".join(name for name in self.classes if name in classes)
            raise UsageError(
                f"{self.name} has samples of {', '.join(missing)}, and the classes are "
                f"{', '.join(classes)}",
                f"Leave those samples out: --classes {kept}" if kept else "",
            )
        number = [classes.index(name) if name in classes else -1 for name in self.classes]
        votes = np.zeros((len(self), len(classes)), np.float32)
        votes[np.isnan(self.votes).any(axis=1)] = np.nan
        for old, new in enumerate(number):
            if new >= 0:
                votes[:, new] = self.votes[:, old]
        return replace(
            self,
            classes=classes,
            label=np.array([*number, -1])[self.label].astype(np.int64),
            votes=votes,
        )

    def with_faces(self) -> "FaceData":
        """The samples in which a face was detected. Raises DataError when there are none."""
        if not self.has_landmarks.any():
            raise DataError(f"{self.name}: no face was detected in any picture")
        return self.select(self.has_landmarks)

    def without_leaked(self, split: str = "train") -> "FaceData":
        """Without the samples of `split` that also appear, pixel for pixel, in another."""
        return self.select(~self.leaked(split))

    def leaked(self, split: str = "train") -> NDArray[np.bool_]:
        """(N,) whether a sample of `split` also appears, pixel for pixel, in another split."""
        digests, in_split = self._digests(), self.split == split
        leaked: NDArray[np.bool_] = in_split & np.isin(digests, digests[~in_split])
        return leaked

    def conflicting(self) -> list[NDArray[np.int64]]:
        """The rows of each picture that appears, pixel for pixel, under different labels."""
        copies: dict[str, list[int]] = {}
        for row, digest in enumerate(self._digests().tolist()):
            copies.setdefault(digest, []).append(row)
        several = (np.array(rows) for rows in copies.values() if len(rows) > 1)
        return [rows for rows in several if len(set(self.label[rows].tolist())) > 1]

    def _digests(self) -> NDArray[np.str_]:
        return np.array([hashlib.md5(image.tobytes()).hexdigest() for image in self.images])

    def class_counts(self) -> dict[str, dict[str, int]]:
        """Split → class name → number of samples."""
        return {
            split: {name: counts[index] for index, name in enumerate(self.classes) if counts[index]}
            for split in SPLITS
            if (counts := Counter(self.label[self.split == split].tolist()))
        }


def join_data_sets(data: FaceData, others: Sequence[FaceData], limit: int = 0) -> FaceData:
    """`data` with the training samples of `others`, whose classes are matched by name.

    Each of the `others` gives at most `limit` samples of a class (0 is all), always the same ones.
    Left out are samples of classes that `data` does not have and those without a detected face
    where detection ran. Votes for such classes are left out, too; the rest is scaled to a sum of 1.
    Raises UsageError where nothing of a set is left.
    """
    numbers = {name: number for number, name in enumerate(data.classes)}
    if others and any(each.clip is not None for each in (data, *others)):
        raise UsageError(f"{data.name} + {others[0].name}: clips cannot be joined with other data")
    parts = [data]
    for other in others:
        label = np.array([numbers.get(name, np.nan) for name in other.classes])[other.label]
        is_face = other.has_landmarks | (other.landmark_source == "none")
        rows = np.flatnonzero((other.split == "train") & ~np.isnan(label) & is_face)
        if limit:
            random, labels = np.random.default_rng(0), other.label[rows]
            by_class = [rows[labels == number] for number in range(len(other.classes))]
            drawn = [random.permutation(members)[:limit] for members in by_class]
            rows = np.sort(np.concatenate(drawn))
        if not len(rows):
            raise UsageError(
                f"{other.name} has no training picture of a class of {data.name}",
                f"Its classes are {', '.join(other.classes)}.",
            )
        part = other.select(rows)
        parts.append(
            replace(
                part,
                sample_id=np.array([f"{other.name}/{sample}" for sample in part.sample_id]),
                label=label[rows].astype(np.int64),
                votes=_votes_by_name(part, data.classes),
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
        valence_arousal=_join_valence_arousal(parts),
    )


def _votes_by_name(data: FaceData, classes: Sequence[str]) -> NDArray[np.float32]:
    """The vote shares (N, K) of `data` for `classes`; NaN without a vote for one of them."""
    votes = np.zeros((len(data), len(classes)), np.float32)
    for number, name in enumerate(classes):
        if name in data.classes:
            votes[:, number] = data.votes[:, data.classes.index(name)]
    total = votes.sum(axis=1, keepdims=True)
    shares = np.full_like(votes, np.nan)
    np.divide(votes, total, out=shares, where=total > 0)
    return shares


def _join_valence_arousal(parts: Sequence[FaceData]) -> NDArray[np.float32] | None:
    if all(part.valence_arousal is None for part in parts):
        return None
    return np.concatenate(
        [
            np.full((len(part), 2), np.nan, np.float32)
            if part.valence_arousal is None
            else part.valence_arousal
            for part in parts
        ]
    )


def save(data: FaceData, folder: Path) -> None:
    """Write `data` as a prepared folder."""
    images = data.images
    if not (isinstance(images, StoredImages) and images.path == folder / "images.npy"):
        write_atomic(folder / "images.npy", lambda stream: np.save(stream, np.asarray(images)))
    optional = {name: getattr(data, name) for name in OPTIONAL_ARRAYS}
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
            **{name: values for name, values in optional.items() if values is not None},
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
            "with_valence_arousal": 0
            if data.valence_arousal is None
            else int(np.isfinite(data.valence_arousal).any(axis=1).sum()),
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
        present = {name: kind for name, kind in OPTIONAL_ARRAYS.items() if name in samples}
        check_arrays(samples, ARRAYS | present)
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
    if data.valence_arousal is not None and data.valence_arousal.shape[1:] != (2,):
        raise ValueError(f"valence and arousal are {data.valence_arousal.shape}")
    if len(data) and not -1 <= data.label.min() <= data.label.max() < len(data.classes):
        raise ValueError("a label is no class")

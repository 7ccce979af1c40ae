"""What a run predicted for its validation samples after each epoch: its folder `epochs/`.

`samples.npz` names the samples once; `NNNN.npz` holds the logits of an epoch, 0000 those of the
weights that training starts from. In float16 an epoch takes 2 · N · K bytes: 50 kB for FER2013.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.array_files import check_arrays, read_arrays
from trainer.data.face_data import FaceData
from trainer.errors import DataError
from trainer.evaluation.metrics import Ints
from trainer.files import write_atomic
from trainer.training.run_dir import RunDir

SAMPLES = {"sample_id": ("U", 1), "source_index": ("iu", 1), "label": ("iu", 1)}


@dataclass(frozen=True, slots=True)
class ValSamples:
    """The validation samples of a run, in the order of its logits; (N,) each."""

    sample_id: NDArray[np.str_]
    source_index: Ints
    label: Ints

    @classmethod
    def of(cls, data: FaceData) -> "ValSamples":
        return cls(data.sample_id, data.source_index, data.label)

    @property
    def fingerprint(self) -> str:
        """The same for the same samples with the same labels in the same order, of any run."""
        digest = hashlib.sha256("\n".join(self.sample_id.tolist()).encode(errors="surrogatepass"))
        digest.update(self.label.astype("<i8").tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ValHistory:
    """The logits (E, N, K) float32 of N validation samples after each of E epochs, in order.

    `epochs` (E,) are their numbers, 0 for the start. The highest logit of a sample is 0: what all
    its logits have in common, which changes no probability, was left out. Predictions are exactly
    those of the run, probabilities to about three digits.
    """

    epochs: Ints
    sample_id: NDArray[np.str_]
    source_index: Ints
    label: Ints
    logits: NDArray[np.float32]

    def right(self, epoch: int) -> NDArray[np.bool_] | None:
        """(N,) which samples the model of an epoch gets right; None if that epoch is unknown."""
        places = np.flatnonzero(self.epochs == epoch)
        if not len(places):
            return None
        return np.asarray(self.logits[places[0]].argmax(axis=1) == self.label)


def begin_val_history(run: RunDir, samples: ValSamples, epochs_done: int) -> None:
    """Name the samples, and delete what a resumed run will do again, or did on other samples."""
    file = run.epochs / "samples.npz"
    if file.is_file():
        try:
            is_same = _read_samples(file).fingerprint == samples.fingerprint
        except DataError:
            is_same = False
        for epoch, path in _epoch_files(run).items():
            if not is_same or epoch > epochs_done:
                path.unlink()
        if is_same:
            return
    arrays = {name: getattr(samples, name) for name in SAMPLES}
    write_atomic(file, lambda stream: np.savez_compressed(stream, **arrays))


def write_val_logits(run: RunDir, epoch: int, logits: NDArray[np.float32]) -> None:
    """Keep the logits (N, K) of an epoch."""
    half = _as_half(logits)
    write_atomic(run.epochs / f"{epoch:04d}.npz", lambda stream: np.savez(stream, logits=half))


def read_val_history(run: RunDir) -> ValHistory | None:
    """The history so far; None of a run that has none, as those of older versions.

    Raises DataError when a file of it is damaged.
    """
    file = run.epochs / "samples.npz"
    epochs = _epoch_files(run)
    if not file.is_file() or not epochs:
        return None
    samples = _read_samples(file)
    logits = [_read_logits(path, len(samples.label)) for path in epochs.values()]
    return ValHistory(
        np.array(list(epochs), np.int64),
        samples.sample_id,
        samples.source_index,
        samples.label,
        np.stack(logits).astype(np.float32),
    )


def _as_half(logits: NDArray[np.float32]) -> NDArray[np.float16]:
    """float16 logits less their row's highest, with the same first highest class in each row."""
    lowest = float(np.finfo(np.float16).min)
    shifted = logits - logits.max(axis=1, keepdims=True)
    half: NDArray[np.float16] = np.maximum(shifted, lowest).astype(np.float16)
    predicted = logits.argmax(axis=1)
    tied = np.flatnonzero(half.argmax(axis=1) != predicted)  # two that differ by less than 3e-8
    half[tied, predicted[tied]] = np.finfo(np.float16).smallest_subnormal
    return half


def _epoch_files(run: RunDir) -> dict[int, Path]:
    """Epoch → file, in order."""
    files = [path for path in run.epochs.glob("*.npz") if path.stem.isdecimal()]
    return {int(path.stem): path for path in sorted(files, key=lambda path: int(path.stem))}


def _read_samples(file: Path) -> ValSamples:
    try:
        arrays = read_arrays(file)
        check_arrays(arrays, SAMPLES)
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: the validation samples cannot be read ({error})") from error
    return ValSamples(**{name: arrays[name] for name in SAMPLES})


def _read_logits(file: Path, count: int) -> NDArray[np.floating[Any]]:
    try:
        arrays = read_arrays(file)
        check_arrays(arrays, {"logits": ("f", 2)})
        if len(arrays["logits"]) != count:
            raise ValueError(f"it has {len(arrays['logits'])} samples, not {count}")
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: the epoch's logits cannot be read ({error})") from error
    return arrays["logits"]

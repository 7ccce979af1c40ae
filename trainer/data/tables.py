"""What all readers share: bad rows are listed and skipped up to a share, beyond it they stop."""

import csv
import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.errors import DataError

log = logging.getLogger(__name__)

TOLERATED = 0.01
SHOWN = 5


class BadRows:
    """Collects the rows or files of `source` that could not be read."""

    def __init__(
        self,
        source: Path | str = "the data set",
        unit: str = "rows",
        tolerated: float = TOLERATED,
    ) -> None:
        self.source, self.unit, self._tolerated = source, unit, tolerated
        self.reasons: list[str] = []

    def add(self, where: str, reason: str) -> None:
        self.reasons.append(f"{where} {reason}")

    def check(self, total: int) -> None:
        """Log the skipped rows; raise DataError when they are too large a share of `total`."""
        if not self.reasons:
            return
        count = len(self.reasons)
        listed = "\n".join(f"  {reason}" for reason in self.reasons[:SHOWN])
        if count > SHOWN:
            listed += f"\n  … and {count - SHOWN} more"
        if count > self._tolerated * total:
            raise DataError(
                f"{self.source}: {count} of {total} {self.unit} cannot be used:\n{listed}",
                f"Up to {self._tolerated:.0%} of bad {self.unit} would be skipped.",
            )
        log.warning("%s: skipped %d of %d %s:\n%s", self.source, count, total, self.unit, listed)


def csv_rows(lines: Iterable[str], source: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV by the names of its columns, without blanks around the names.

    Cells that a short row lacks are None, as csv has it. Raises DataError where csv fails.
    """
    table = csv.DictReader(lines)
    try:
        table.fieldnames = [name.strip() for name in table.fieldnames or ()]
        yield from table
    except csv.Error as error:
        raise DataError(f"{source}: line {table.line_num} cannot be read ({error})") from error


def read_array(file: Path, mmap_mode: Literal["r"] | None = None) -> NDArray[Any]:
    """The array of a .npy file, never by pickle. Raises OSError, or ValueError with the reason."""
    found = _loaded(file, mmap_mode)
    if not isinstance(found, np.ndarray):
        found.close()
        raise ValueError(f"{file.name} is an archive, not an array")
    return _sound(found)


def read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file by name. Raises OSError, or ValueError with the reason."""
    found = _loaded(file)
    if isinstance(found, np.ndarray):
        raise ValueError(f"{file.name} is an array, not an archive")
    with found:
        try:
            return {name: _sound(found[name]) for name in found.files}
        except (OSError, ValueError):
            raise
        except Exception as error:
            raise _unreadable(error) from error


def check_arrays(arrays: dict[str, NDArray[Any]], wanted: dict[str, tuple[str, int]]) -> None:
    """Raise ValueError unless all of `wanted` are there with their kind of type, dimensions
    and one common length."""
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise ValueError(f"it has no {', '.join(missing)}")
    for name, (kinds, dimensions) in wanted.items():
        array = arrays[name]
        if array.dtype.kind not in kinds or array.ndim != dimensions:
            raise ValueError(f"{name} is {array.dtype} {array.shape}")
    lengths = {name: len(arrays[name]) for name in wanted}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{count} of {name}" for name, count in lengths.items())
        raise ValueError(f"its parts differ in length: {listed}")


def _loaded(file: Path, mmap_mode: Literal["r"] | None = None) -> Any:
    try:
        return np.load(file, mmap_mode=mmap_mode, allow_pickle=False)
    except (OSError, ValueError):
        raise
    except Exception as error:  # of a damaged header numpy evaluates what it finds
        raise _unreadable(error) from error


def _sound(array: NDArray[Any]) -> NDArray[Any]:
    """The array, whose texts Python can read: numpy does not look at their characters."""
    if array.dtype.kind == "U" and array.dtype.itemsize:
        codes = np.frombuffer(array.tobytes(), array.dtype.byteorder.replace("|", "=") + "u4")
        if codes.size and codes.max() > sys.maxunicode:
            raise ValueError("a text in it is damaged")
    return array


def _unreadable(error: Exception) -> ValueError:
    return ValueError(f"it is damaged: {type(error).__name__} {error}".strip())

"""Pictures that are read from disk on demand."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.array_files import read_array

Image = NDArray[np.uint8]


class StoredImages:
    """N pictures (h, w) uint8 of one `.npy` file; a mask, slice or index array gives a view.

    Rows are read, not memory-mapped: a map of the whole file would count as memory in use.
    Raises ValueError when the file holds anything else.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path, rows: NDArray[np.int64] | None = None) -> None:
        whole = read_array(path, mmap_mode="r")
        if whole.ndim != 3 or whole.dtype != np.uint8 or not whole.flags.c_contiguous:
            raise ValueError(f"{path.name} holds {whole.dtype} {whole.shape}, not grey pictures")
        assert isinstance(whole, np.memmap)
        self.path, self._offset = path, int(whole.offset)
        self._height, self._width = whole.shape[1:]
        self._rows = np.arange(len(whole)) if rows is None else rows

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self._rows), self._height, self._width

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, where: Any) -> Any:
        """One picture for an index; a StoredImages for a mask, slice or index array."""
        if not isinstance(where, int | np.integer):
            view = object.__new__(StoredImages)
            view.__dict__.update(self.__dict__, _rows=self._rows[where])
            return view
        size = self._height * self._width
        start = self._offset + int(self._rows[where]) * size
        pixels = np.fromfile(self.path, np.uint8, size, offset=start)
        return pixels.reshape(self._height, self._width)

    def __iter__(self) -> Iterator[Image]:
        return (self[index] for index in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Image:
        """All pictures in memory, (N, h, w)."""
        empty = np.empty((0, self._height, self._width), np.uint8)
        return np.stack(list(self)) if len(self) else empty


class JoinedImages:
    """The pictures of several data sets in a row; each set has its own size."""

    def __init__(self, parts: Sequence[Any], rows: NDArray[np.int64] | None = None) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])
        self._rows = np.arange(self._ends[-1]) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, where: Any) -> Any:
        """One picture (h, w) uint8 for an index; a view for a mask, slice or index array."""
        if not isinstance(where, int | np.integer):
            return JoinedImages(self._parts, self._rows[where])
        row = int(self._rows[where])
        part = int(np.searchsorted(self._ends, row, side="right"))
        return self._parts[part][row - int(self._ends[part]) + len(self._parts[part])]

    def __iter__(self) -> Iterator[Image]:
        return (self[index] for index in range(len(self)))


def write_images(path: Path, images: Iterator[Image], count: int) -> int:
    """Write pictures of one size one by one as (n, h, w) `.npy`; returns n, at most `count`."""
    written, side = 0, (0, 0)
    with path.open("wb") as stream:
        for image in images:
            if not written:
                side = image.shape
                _write_header(stream, (count, *side))
            stream.write(np.ascontiguousarray(image).tobytes())
            written += 1
        stream.seek(0)
        _write_header(stream, (written, *side))  # numpy pads the header for longer numbers
    return written


def _write_header(stream: Any, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )

"""Arrays from .npy and .npz files, never by pickle; damage is a ValueError with the reason."""

import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MAX_UNPACKED = 256 << 20  # bytes of a .npz that packs more than MAX_RATIO times
MAX_RATIO = 20


def read_array(file: Path, mmap_mode: Literal["r"] | None = None) -> NDArray[Any]:
    """The array of a .npy file, never by pickle. Raises OSError, or ValueError with the reason."""
    content = _load(file, mmap_mode)
    if not isinstance(content, np.ndarray):
        content.close()
        raise ValueError(f"{file.name} is an archive, not an array")
    return _check_text(content)


def read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file by name. Raises OSError, or ValueError with the reason."""
    content = _load(file)
    if isinstance(content, np.ndarray):
        raise ValueError(f"{file.name} is an array, not an archive")
    with content:
        _check_unpacked(file, content)
        try:
            return {name: _check_text(content[name]) for name in content.files}
        except (OSError, ValueError):
            raise
        except Exception as error:
            raise _damaged(error) from error


def check_arrays(arrays: dict[str, NDArray[Any]], expected: dict[str, tuple[str, int]]) -> None:
    """Raise ValueError unless `arrays` has every `expected` name, and one common length.

    `expected` gives for each name the allowed dtype kinds and the number of dimensions.
    """
    missing = [name for name in expected if name not in arrays]
    if missing:
        raise ValueError(f"it has no {', '.join(missing)}")
    for name, (kinds, dimensions) in expected.items():
        array = arrays[name]
        if array.dtype.kind not in kinds or array.ndim != dimensions:
            raise ValueError(f"{name} is {array.dtype} {array.shape}")
    lengths = {name: len(arrays[name]) for name in expected}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{count} of {name}" for name, count in lengths.items())
        raise ValueError(f"its parts differ in length: {listed}")


def _load(file: Path, mmap_mode: Literal["r"] | None = None) -> Any:
    try:
        return np.load(file, mmap_mode=mmap_mode, allow_pickle=False)
    except (OSError, ValueError):
        raise
    except Exception as error:  # numpy evaluates a header, and damage may make anything of it
        raise _damaged(error) from error


def _check_unpacked(file: Path, content: Any) -> None:
    """Raise ValueError for an archive that would unpack to much more than any real one."""
    unpacked = sum(member.file_size for member in content.zip.infolist())
    if unpacked > max(MAX_UNPACKED, MAX_RATIO * file.stat().st_size):
        raise ValueError(f"it would unpack to {unpacked >> 20} MiB")


def _check_text(array: NDArray[Any]) -> NDArray[Any]:
    """The array, if Python can read its texts: numpy itself does not check their characters."""
    if array.dtype.kind == "U" and array.dtype.itemsize:
        codes = np.frombuffer(array.tobytes(), array.dtype.byteorder.replace("|", "=") + "u4")
        if codes.size and codes.max() > sys.maxunicode:
            raise ValueError("a text in it is damaged")
    return array


def _damaged(error: Exception) -> ValueError:
    return ValueError(f"it is damaged: {type(error).__name__} {error}".strip())

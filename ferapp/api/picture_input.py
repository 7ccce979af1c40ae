"""The pictures that scripts give: arrays, paths and PIL images, as the pipeline takes them."""

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ferapp.sources.base import SourceError
from ferapp.sources.file_kind import FileKind, file_kind
from ferapp.sources.images import load_image
from trainer.errors import UsageError
from trainer.shown_text import shown_name

Picture = NDArray[np.uint8] | str | os.PathLike[str] | Image.Image
KINDS = "A picture is an RGB array (H, W, 3) of uint8, a grey one (H, W), a path or a PIL image."
SEVERAL = "Several pictures are a list or an iterator of them."
ONE_BY_ONE = "For its frames use ferapp.analyze, or give them one by one as arrays."


def is_picture(value: object) -> bool:
    """Whether `value` stands for one picture, good or bad, rather than for several of them."""
    # bytes, and what can become an array, such as tensors with their other axes, are refused
    kinds = (str, os.PathLike, Image.Image, bytes, bytearray, memoryview)
    return isinstance(value, kinds) or hasattr(value, "__array__")


def to_bgr(picture: object, name: str = "the picture") -> NDArray[np.uint8]:
    """The picture as BGR (H, W, 3), the order of OpenCV; `name` stands for it in errors.

    Those of files and of PIL are turned upright by their EXIF orientation; very large files are
    read at a reduced size, as `ferapp analyze` does. Raises UsageError for what is no picture, and
    SourceError for a file that cannot be read, each with the reason.
    """
    if isinstance(picture, str | os.PathLike):
        return _read(Path(os.fsdecode(picture)))
    if isinstance(picture, np.ndarray):
        return _from_array(picture, name)
    if isinstance(picture, Image.Image):
        return _from_pil(picture, name)
    raise UsageError(f"{name} is of the type {type(picture).__name__}", f"{KINDS} {SEVERAL}")


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        path = path.expanduser()
        if path.is_dir():
            raise SourceError(f"{path}: this is a folder", "ferapp.analyze takes a folder.")
        if not path.exists():
            hint = "" if path.is_absolute() else f"The current folder is {Path.cwd()}."
            raise SourceError(f"{shown_name(str(path))}: there is no such file", hint)
        kind = file_kind(path)
    except (OSError, RuntimeError, ValueError) as error:  # also ~name of nobody, no usable name
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{shown_name(str(path))}: could not be read ({reason})") from error
    if kind is FileKind.VIDEO:
        raise SourceError(f"{path}: this is a video, not a picture", ONE_BY_ONE)
    return load_image(path)


def _from_array(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    is_grey = array.ndim == 2
    if not is_grey and not (array.ndim == 3 and array.shape[2] == 3):
        raise UsageError(f"{name} has the shape {array.shape}", f"{_shape_hint(array)}{KINDS}")
    if array.dtype != np.uint8:
        raise UsageError(f"{name} has values of {array.dtype}, not uint8", _dtype_hint(array))
    if not array.size:
        raise UsageError(f"{name} has no pixels: its shape is {array.shape}")
    code = cv2.COLOR_GRAY2BGR if is_grey else cv2.COLOR_RGB2BGR
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(array), code), np.uint8)


def _shape_hint(array: NDArray[Any]) -> str:
    if array.ndim == 4:
        return "Give several pictures as a list: list(pictures). "
    if array.ndim == 3 and array.shape[2] == 4:
        return "Leave out the alpha channel: picture[..., :3]. "
    if array.ndim == 3 and array.shape[2] == 1:
        return "Leave out the last axis: picture[..., 0]. "
    if array.ndim == 3 and array.shape[0] in (1, 3):
        return "Move the channels to the end: picture.transpose(1, 2, 0). "
    return ""


def _dtype_hint(array: NDArray[Any]) -> str:
    if array.dtype.kind == "f":
        scale = "255 * " if float(np.nanmax(array, initial=0)) <= 1 else ""
        return f"Values are whole numbers from 0 to 255: ({scale}picture).round().astype('uint8')."
    if array.dtype.kind == "b":
        return "Values are whole numbers from 0 to 255: 255 * picture.astype('uint8')."
    if array.dtype == np.uint16:
        return "Scale 16 bits down to 8: (picture // 256).astype('uint8')."
    return "Values are whole numbers from 0 to 255: picture.astype('uint8')."


def _from_pil(picture: Image.Image, name: str) -> NDArray[np.uint8]:
    if picture.mode[0] in "IF":  # a conversion would clip them
        raise UsageError(
            f"{name} has more than 8 bits a channel (mode {picture.mode})",
            "Give its path, or convert it to 8 bits.",
        )
    try:
        upright = ImageOps.exif_transpose(picture)
        return _from_array(np.asarray(upright.convert("RGB")), name)
    except (OSError, SyntaxError) as error:  # PIL reads pixels late
        raise UsageError(f"{name} could not be read ({error})") from error

"""Small pictures of a face at chosen moments, read from the source again."""

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import SourceError
from ferapp.sources.images import load_image
from ferapp.sources.uri import open_source
from ferapp.vision.types import Box
from trainer.errors import FerError

SIDE = 84  # px
ROOM = 0.25  # around the box, in sides of it
JPEG_QUALITY = 72
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}

# hides whoever is in a picture; the box is of a face that must be hidden
Cover = Callable[[NDArray[np.uint8], Box], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Moment:
    """A face in a frame. `box` is x, y, width, height in pixels of the source."""

    time_s: float
    box: Box
    file: str = ""  # of the picture, where the source is a folder


@contextmanager
def covering(anonymise: str) -> Iterator[Cover | None]:
    """How heads are hidden; None where they are shown. Raises UsageError for an unknown kind."""
    if not anonymise:
        yield None
        return
    from ferapp.overlays.anonymise import Anonymiser, cover_heads, kind_of  # MediaPipe
    from ferapp.vision.head_search import Head

    segments = count()
    with Anonymiser(kind_of(anonymise)) as anonymiser:

        def cover(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
            heads = anonymiser.search(image, segment=next(segments))
            x, y, width, height = box
            middle = x + width / 2, y + height / 2
            if not any(head.surrounds(*middle) for head in heads.heads):  # not found this time
                heads = replace(heads, heads=(*heads.heads, Head.of_box(box)))
            return cover_heads(image, heads, anonymiser.kind)

        yield cover


def thumbnails(
    source: Path, moments: Sequence[Moment], rotate: int, cover: Cover | None = None
) -> list[str]:
    """A data URI for each moment; empty where its frame is gone.

    `rotate` are the degrees clockwise that turn the pictures upright, `cover` hides who is in a
    picture. Raises FerError with the reason where the source cannot be read.
    """
    if not source.exists():
        raise SourceError(f"{source}: there is no such file")
    order = sorted(range(len(moments)), key=lambda number: moments[number].time_s)
    result = [""] * len(moments)
    for number, image in zip(
        order, _frames(source, [moments[number] for number in order]), strict=True
    ):
        if image is not None:
            image = cover(image, moments[number].box) if cover is not None else image
            result[number] = _data_uri(image, moments[number].box, rotate)
    return result


def _frames(source: Path, moments: Sequence[Moment]) -> list[NDArray[np.uint8] | None]:
    if source.is_dir():
        return [_picture(source / moment.file) for moment in moments]
    images: list[NDArray[np.uint8] | None] = []
    opened = open_source(str(source))
    try:
        for moment in moments:
            opened.seek(moment.time_s)
            frame = opened.read()
            images.append(frame.image if frame is not None else None)
    finally:
        opened.close()
    return images


def _picture(file: Path) -> NDArray[np.uint8] | None:
    try:
        return load_image(file)
    except FerError:
        return None


def _data_uri(image: NDArray[np.uint8], box: Box, rotate: int) -> str:
    x, y, width, height = box
    side = max(width, height) * (1 + 2 * ROOM)
    # from the picture to the thumbnail, which may reach beyond it
    scale = SIDE / max(side, 1.0)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    if scale < 0.5:  # without the pattern that skipped pixels leave
        factor = max(1, int(0.5 / scale))
        image = np.asarray(
            cv2.resize(image, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA),
            np.uint8,
        )
        matrix[:, :2] *= factor
    small = cv2.warpAffine(
        image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if rotate in TURNS:
        small = cv2.rotate(small, TURNS[rotate])
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()

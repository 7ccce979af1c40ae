"""Searches for heads that several tests share."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.head_search import HeadSearch

SHARE = 0.3  # of the width: the landmarker misses the face, and the tiles have it


@contextmanager
def open_head_search(frame: NDArray[np.uint8], *, video: bool = False) -> Iterator[HeadSearch]:
    """A search with all its threads, of which the last starts with the first face of a tile.

    `frame` (H, W, 3) has one large face.
    """
    small = cv2.resize(frame, None, fx=SHARE, fy=SHARE, interpolation=cv2.INTER_AREA)
    picture = np.zeros_like(frame)
    picture[: small.shape[0], : small.shape[1]] = small
    with HeadSearch(video=video) as search:
        (head,) = search(picture, segment=-1).heads
        assert len(head.points)
        yield search

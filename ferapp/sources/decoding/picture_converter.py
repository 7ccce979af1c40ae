"""Decoded frames to the pictures that a person would see: BGR, 8 bit, upright, square pixels."""

import math
import struct
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
import cv2
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorTrc, VideoReformatter
from numpy.typing import NDArray

from ferapp.sources.decoding.tone_mapping import Transfer, tone_map
from trainer.data.reading.picture_header import MAX_SIDE, WHOLE_PIXELS

MAX_STRETCH = Fraction(4)  # pixel aspect ratios beyond this, or below its inverse, are mistakes
FULL_RANGE = 2  # AVCOL_RANGE_JPEG
TRANSFERS: dict[int, Transfer] = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}

# whether to swap rows and columns, then to mirror left to right, then to flip upside down
Orientation = tuple[bool, bool, bool]
UPRIGHT: Orientation = (False, False, False)
TURNS = {
    (True, True, False): "turned by 90° clockwise",
    (False, True, True): "turned by 180°",
    (True, False, True): "turned by 90° counterclockwise",
    (False, True, False): "mirrored",
    (False, False, True): "flipped upside down",
}


class PictureConverter:
    """Frames of one stream to pictures; `notes` says what was done to them, and grows with them.

    Colours become those that the ffmpeg command gives: by the matrix and range that the stream
    states, or BT.601 and limited where it states none. HDR is tone-mapped.
    """

    def __init__(self, pixel_aspect: Fraction | None) -> None:
        self.notes: list[str] = []
        self._aspect = usable_aspect(pixel_aspect)
        self._reformatter = VideoReformatter()
        self._matrix: bytes | None = None
        self._orientation = UPRIGHT

    def convert(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """(H, W, 3) BGR uint8. Raises av.FFmpegError or ValueError for what cannot be shown."""
        transfer = TRANSFERS.get(frame.color_trc)
        image = self._to_8_bits(frame) if transfer is None else self._tone_mapped(frame, transfer)
        image = self._square(image)
        return oriented(image, self._orientation_of(frame))

    def _to_8_bits(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        # FFmpeg reduces deep pictures to BGR more coarsely than to RGB
        order = "rgb24" if frame.format.components[0].bits > 8 else "bgr24"
        whole = self._reformatter.reformat(frame, format=order, interpolation="BICUBIC", threads=1)
        image = np.asarray(whole.to_ndarray(), np.uint8)
        if order == "bgr24":
            return image
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)

    def _tone_mapped(self, frame: av.VideoFrame, transfer: Transfer) -> NDArray[np.uint8]:
        self._note(f"high dynamic range ({transfer}), tone-mapped to standard range")
        deep = self._reformatter.reformat(
            frame, format="bgr48le", dst_color_range=FULL_RANGE, threads=1
        )
        return tone_map(np.asarray(deep.to_ndarray(), np.uint16), transfer)

    def _square(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """With square pixels: the side that is too short is stretched, as far as sides may go."""
        height, width = image.shape[:2]
        size = square_size(width, height, self._aspect)
        if max(size) > MAX_SIDE or size[0] * size[1] > WHOLE_PIXELS:
            scale = min(MAX_SIDE / max(size), math.sqrt(WHOLE_PIXELS / (size[0] * size[1])))
            size = max(1, int(size[0] * scale)), max(1, int(size[1] * scale))
            self._note(f"{width} × {height} reduced to {size[0]} × {size[1]}")
            return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        if self._aspect == 1:
            return image
        self._note(
            f"pixels of {self._aspect.numerator}:{self._aspect.denominator}, "
            f"{width} × {height} stretched to {size[0]} × {size[1]}"
        )
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    def _orientation_of(self, frame: av.VideoFrame) -> Orientation:
        data = cast("bytes | None", frame.side_data.get("DISPLAYMATRIX"))
        matrix = bytes(data) if data is not None else None
        if matrix != self._matrix:
            self._matrix = matrix
            self._orientation = UPRIGHT if matrix is None else orientation_of(matrix)
        if self._orientation != UPRIGHT:
            self._note(TURNS.get(self._orientation, "turned by 90° and mirrored"))
        return self._orientation

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


class Deinterlacer:
    """Interlaced frames to whole ones by bwdif, one for one; others pass unchanged.

    A frame comes out once the next one went in: `flush` gives the last.
    """

    def __init__(self) -> None:
        self._is_impossible = False  # for pictures of this size or format
        self._graph: Graph | None = None
        self._format: tuple[int, int, str] | None = None
        self._times: deque[float] = deque()  # of the frames in the graph

    def push(self, frame: av.VideoFrame, time_s: float) -> Iterator[tuple[av.VideoFrame, float]]:
        """The frames, with their times, that are ready now."""
        layout = (frame.width, frame.height, frame.format.name)
        if self._graph is not None and layout != self._format:
            yield from self.flush()
        if self._graph is None:
            self._graph = self._graph_for(frame)
            if self._graph is None:
                yield frame, time_s
                return
            self._format = layout
        self._times.append(time_s)
        self._graph.push(frame)
        yield from self._pull()

    def _graph_for(self, frame: av.VideoFrame) -> Graph | None:
        if not frame.interlaced_frame or self._is_impossible:
            return None
        try:
            return _bwdif(frame)
        except (av.FFmpegError, ValueError):
            self._is_impossible = True
            return None

    def flush(self) -> Iterator[tuple[av.VideoFrame, float]]:
        """What is left at the end; the next frame begins anew."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pull()
        self._graph = None
        self._times.clear()

    def _pull(self) -> Iterator[tuple[av.VideoFrame, float]]:
        assert self._graph is not None
        while self._times:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, av.VideoFrame)
            yield frame, self._times.popleft()


def _bwdif(frame: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 1000),
    )
    deinterlace = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(deinterlace)
    deinterlace.link_to(sink)
    graph.configure()
    return graph


def usable_aspect(ratio: Fraction | None) -> Fraction:
    """Width by height of a pixel; 1 where it is unknown or absurd."""
    if ratio is None or not 1 / MAX_STRETCH <= ratio <= MAX_STRETCH:
        return Fraction(1)
    return ratio


def square_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height with square pixels, neither smaller than before."""
    if aspect >= 1:
        return math.floor(width * aspect + Fraction(1, 2)), height
    return width, math.floor(height / aspect + Fraction(1, 2))


def orientation_of(matrix: bytes) -> Orientation:
    """What a display matrix does, to the nearest right angle: 3 × 3 numbers `a b u c d v x y w`.

    A pixel at (p, q) is displayed at (a p + c q, b p + d q), up to a shift. Nothing is done where
    the matrix is singular, which no player could show.
    """
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    if a * d == b * c:
        return UPRIGHT
    if abs(a * d) >= abs(b * c):
        return (False, a < 0, d < 0)
    return (True, c < 0, b < 0)


def oriented(image: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """The image turned or mirrored, in memory of its own."""
    transposed, mirrored, flipped = orientation
    if transposed:
        image = np.asarray(cv2.transpose(image), np.uint8)
    if mirrored or flipped:
        code = -1 if mirrored and flipped else 1 if mirrored else 0
        image = np.asarray(cv2.flip(image, code), np.uint8)
    return image

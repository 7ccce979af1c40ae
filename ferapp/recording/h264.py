"""H.264 videos whose pictures keep their own times, and the pictures of such a recording.

A recording is written in Matroska: a file that lost its end at any byte can be opened and plays as
far as it goes, which a fragmented MP4 that was cut within a header does not. What is written
completely and shown to others is MP4, which everything plays.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from trainer.errors import FerError

ENCODER: Final = "libx264"
MATROSKA = "matroska"
SIZE_TAG = "FRAME_SIZE"  # of the pictures, as "63x47"; Matroska keeps it
MATROSKA_RATE, MPEG_RATE = 1000, 90_000  # ticks a second
# bilinear, and rounded to the nearest: without this all grey levels come back one or two lower
CONVERSION = 2 | 0x40000  # SWS_BILINEAR | SWS_ACCURATE_RND
BT709 = 1  # in the tables of ITU-T H.273: matrix, primaries and transfer function
# of a recording that another person made: what is no video may be a list of other files
RECORDING_OPTIONS = {"format_whitelist": "matroska,mp4", "protocol_whitelist": "file"}
NOMINAL_FPS = 30  # players need one; the times of the pictures are what counts


@dataclass(frozen=True, slots=True)
class Encoding:
    """What an encoder is told: `x264` and `container` are options of FFmpeg."""

    x264: Mapping[str, str]
    container: Mapping[str, str]
    key_frame_every: int  # pictures; as many are decoded to seek
    ticks: int  # a second, in which times are kept
    threads: int


# A picture costs 1.6 ms of CPU at 640 × 360 and 5.9 ms at 1280 × 720 (superfast: 2.9 and 10.8).
# Each is written in a cluster of its own, when the next one comes.
LIVE = Encoding(
    {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"},
    {"cluster_time_limit": "1", "flush_packets": "1"},
    key_frame_every=30,
    ticks=MATROSKA_RATE,
    threads=1,
)
# No B-frames: times then begin where the first picture does, in every reader.
COMPLETE = Encoding(
    {"preset": "veryfast", "crf": "20", "bf": "0"},
    {"movflags": "+faststart"},
    key_frame_every=120,
    ticks=MPEG_RATE,
    threads=2,
)


def next_tick(time_s: float, last: int | None, ticks: int = MATROSKA_RATE) -> int:
    """Where a picture stands in the file: at its time, but after the one before it."""
    tick = round(time_s * ticks)
    return tick if last is None else max(tick, last + 1)


def check_encoder() -> None:
    """Raise FerError where this FFmpeg cannot write H.264."""
    try:
        av.Codec(ENCODER, "w")
    except ValueError as error:  # av.codec.codec.UnknownCodecError
        raise FerError(
            f"videos cannot be written: the FFmpeg of PyAV has no H.264 encoder ({ENCODER})",
            "PyAV's packages have it: pip install --force-reinstall --only-binary av av",
        ) from error


class H264Writer:
    """Pictures of one size, (H, W, 3) BGR. All methods raise OSError when the disk fails.

    H.264 halves the colours' resolution, so that sides are even in the file: an odd picture gets
    its last row or column once more, which `H264Reader` takes off again.
    """

    def __init__(
        self, file: Path, size: tuple[int, int], encoding: Encoding, container: str = MATROSKA
    ) -> None:
        """`size` is (width, height), `container` FFmpeg's name of it.

        Raises FerError for a size that H.264 does not know, or without an encoder.
        """
        check_encoder()
        self.written = 0
        self._ticks = encoding.ticks
        self._last: int | None = None
        self._duration = 0  # ticks; of the last picture, others end where the next begins
        self._reformatter = VideoReformatter()
        with _as_os_error():
            self._container = av.open(
                f"file:{file}",  # by itself a colon in the name would be a protocol's
                "w",
                format=container,
                container_options=dict(encoding.container),
            )
            self._container.metadata[SIZE_TAG] = "{}x{}".format(*size)
            self._stream = self._container.add_stream(
                ENCODER, rate=NOMINAL_FPS, options=dict(encoding.x264)
            )
        context = self._stream.codec_context
        context.width, context.height = (side + side % 2 for side in size)
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, encoding.ticks)
        context.gop_size = encoding.key_frame_every
        context.thread_count = encoding.threads
        context.color_range = ColorRange.MPEG
        context.colorspace = context.color_primaries = context.color_trc = BT709
        try:
            with _as_os_error():
                self._container.start_encoding()
        except BaseException as error:
            self._container.close()
            if isinstance(error.__cause__, av.error.ExternalError):
                raise FerError(f"H.264 has no pictures of {size[0]} × {size[1]} pixels") from error
            raise

    def write(self, image: NDArray[np.uint8], time_s: float, duration_s: float = 0.0) -> None:
        """`time_s` is not negative; `duration_s` counts where no picture follows."""
        self._last = next_tick(time_s, self._last, self._ticks)
        with _as_os_error():
            frame = self._frame(image)
            frame.pts, frame.time_base = self._last, Fraction(1, self._ticks)
            self._duration = round(duration_s * self._ticks)
            self._mux(frame)
        self.written += 1

    def close(self) -> None:
        """Complete the file. It is let go of in any case."""
        with _as_os_error():
            try:
                self._mux(None)
            finally:
                self._container.close()

    def _mux(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = self._duration
            self._container.mux(packet)

    def _frame(self, image: NDArray[np.uint8]) -> av.VideoFrame:
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        return self._reformatter.reformat(
            av.VideoFrame.from_ndarray(image, "bgr24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=CONVERSION,
            threads=1,
        )


class H264Reader:
    """The pictures of a recording with their times, as far as the file goes. Raises OSError."""

    def __init__(self, file: Path) -> None:
        self._reformatter = VideoReformatter()
        with _as_os_error():
            self._container = av.open(f"file:{file}", options=dict(RECORDING_OPTIONS))
        try:
            with _as_os_error():
                if not self._container.streams.video:
                    raise OSError("there is no picture in it")
                self._stream = self._container.streams.video[0]
                self._size = self._stated_size()
                self.last = self._find_last()
                self.seek(0)
        except BaseException:
            self._container.close()
            raise

    def read(self) -> tuple[NDArray[np.uint8], int] | None:
        """The next picture, (H, W, 3) BGR, and its tick; None at the end."""
        for frame in self._frames:
            if frame.pts is not None and frame.pts >= self._from:
                image = self._reformatter.reformat(
                    frame, format="bgr24", interpolation=CONVERSION, threads=1
                )
                width, height = self._size
                return np.ascontiguousarray(image.to_ndarray()[:height, :width]), frame.pts
        return None

    def seek(self, tick: int) -> None:
        """Continue with the first picture that is not before `tick`."""
        with _as_os_error():
            self._container.seek(tick, stream=self._stream)
        self._from = tick
        self._frames = self._decoded()

    def close(self) -> None:
        self._container.close()

    def _stated_size(self) -> tuple[int, int]:
        """Width and height without what was added to make them even."""
        width, height = self._stream.width, self._stream.height
        stated = re.fullmatch(r"(\d+)x(\d+)", self._container.metadata.get(SIZE_TAG, ""))
        return (int(stated[1]), int(stated[2])) if stated else (width, height)

    def _find_last(self) -> int:
        """Tick of the last picture; −1 without one."""
        last = -1
        self._container.seek(1 << 40, stream=self._stream)  # to the last key frame
        for packet in self._container.demux(self._stream):
            if packet.pts is not None:
                last = max(last, packet.pts)
        return last

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """What is damaged is left out."""
        try:
            for packet in self._container.demux(self._stream):
                try:
                    yield from packet.decode()
                except av.InvalidDataError:
                    continue
        except av.FFmpegError:
            return


@contextmanager
def _as_os_error() -> Iterator[None]:
    """FFmpeg's errors as the disk's: a caller knows only files."""
    try:
        yield
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error

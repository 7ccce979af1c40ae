"""Video files made by PyAV alone, whose colours, times and metadata a test knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

GREYS = tuple(range(10, 250, 5))  # 48 frames that can be told apart


@dataclass(frozen=True, slots=True)
class Coding:
    """How a file is coded. `yuv` is of a whole frame where `images` would be converted."""

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rate: Fraction = Fraction(24)
    aspect: Fraction | None = None  # width by height of a pixel
    rotation: tuple[int, bool, bool] | None = None  # degrees counterclockwise, mirrored, flipped
    options: dict[str, str] = field(default_factory=dict)
    colours: dict[str, int] = field(default_factory=dict)  # fields of the codec
    container_options: dict[str, str] = field(default_factory=dict)


PLAIN = Coding(options={"crf": "1", "preset": "ultrafast"})


def grey(level: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """A BGR picture of one grey; `size` is width and height."""
    return np.full((size[1], size[0], 3), level, np.uint8)


def write_encoded(
    path: Path,
    images: Iterable[np.ndarray],
    coding: Coding = PLAIN,
    stamps: Sequence[int] | None = None,
) -> Path:
    """`images` are BGR; `stamps` count milliseconds, else frames follow the rate."""
    frames = (av.VideoFrame.from_ndarray(image, "bgr24") for image in images)
    return write_frames(path, frames, coding, stamps)


def write_frames(
    path: Path,
    frames: Iterable[av.VideoFrame],
    coding: Coding = PLAIN,
    stamps: Sequence[int] | None = None,
) -> Path:
    with av.open(str(path), "w", options=coding.container_options) as container:
        stream = container.add_stream(coding.codec, rate=coding.rate, options=coding.options)
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = coding.pix_fmt
        for name, value in coding.colours.items():
            setattr(stream.codec_context, name, value)
        if coding.aspect is not None:
            stream.codec_context.sample_aspect_ratio = coding.aspect
        if coding.rotation is not None:
            degrees, mirrored, flipped = coding.rotation
            stream.set_display_rotation(degrees, hflip=mirrored, vflip=flipped)
        if stamps is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, frame in enumerate(frames):
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
            for name, value in coding.colours.items():
                setattr(frame, name, value)
            frame.pts = number if stamps is None else stamps[number]
            frame.time_base = 1 / coding.rate if stamps is None else Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def trim_without_encoding(source: Path, target: Path, start_s: float) -> Path:
    """As `ffmpeg -ss START -c copy`: all from the key frame on, an edit list hides the start."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        assert stream.time_base is not None
        shift = round(start_s / stream.time_base)
        for packet in read.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = copy
            written.mux(packet)
    return target


def yuv_frame(
    luma: int, blue: int, red: int, pix_fmt: str = "yuv420p", size: tuple[int, int] = (64, 48)
) -> av.VideoFrame:
    """One colour, as it stands in the file."""
    frame = av.VideoFrame(*size, pix_fmt)
    for plane, value in zip(frame.planes, (luma, blue, red), strict=True):
        if "10" in pix_fmt:
            content = np.full(plane.buffer_size // 2, value, "<u2")
        else:
            content = np.full(plane.buffer_size, value, np.uint8)
        plane.update(content.tobytes())
    return frame

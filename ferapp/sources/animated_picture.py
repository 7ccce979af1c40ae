"""Animated WebP and AVIF, which Pillow decodes."""

import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from trainer.shown_text import shown_name

DEFAULT_MS = 100  # how long a frame lasts that states no time


class AnimatedPicture(FrameSource):
    """Its frames once, at the times that it states. Without seeking: only its start is at hand."""

    kind: Kind = "video"

    def __init__(self, path: Path) -> None:
        self.name, self._path = shown_name(path.name), path
        self._file: Image.Image | None = None
        first = self._open()
        self.frame_count = int(getattr(first, "n_frames", 0))
        self.fps = min(1000.0, 1000 / (first.info.get("duration") or DEFAULT_MS))

    def rewind(self) -> None:
        self._open()

    def _open(self) -> Image.Image:
        self.close()
        try:
            self._file = file = Image.open(self._path, formats=("WEBP", "AVIF"))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise SourceError(f"{self._path}: this video cannot be opened (damaged)") from error
        self._frames = ImageSequence.Iterator(file)
        self._index, self._time_ms = 0, 0.0
        return file

    def read(self) -> Frame | None:
        if self._file is None:
            return None
        try:
            picture = next(self._frames, None)
            if picture is None:
                return None
            image = np.asarray(picture.convert("RGB"), np.uint8)[..., ::-1]
        except Exception as error:  # Pillow's decoders raise errors of any kind on damaged files
            raise SourceError(
                f"{self._path}: the file is truncated, it ends after {self._index} of "
                f"{self.frame_count} frames"
            ) from error
        frame = Frame(
            np.ascontiguousarray(image), self._index, self._time_ms / 1000, time.perf_counter()
        )
        self._index += 1
        self._time_ms += float(picture.info.get("duration") or DEFAULT_MS)
        return frame

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

"""A picture from a source, and what a source is."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.errors import FerError

Kind = Literal["camera", "video", "image"]


class SourceError(FerError):
    """A source that cannot be opened, or that failed while it was read."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. `image` is (H, W, 3) BGR uint8 and never written after it was made."""

    image: NDArray[np.uint8]
    index: int  # counts from 0 in its source
    time_s: float  # in the source's own time
    captured_at: float  # time.perf_counter() when the picture arrived


class FrameSource(Protocol):
    """Frames one after the other, read by one thread."""

    name: str  # what a person calls it: "Demo clip", "Camera 0", a file's name
    kind: Kind

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises SourceError when the source fails."""

    def close(self) -> None: ...

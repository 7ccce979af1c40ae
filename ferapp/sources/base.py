"""A picture from a source, and what a source is."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.camera_info import CameraInfo, Mode
from ferapp.sources.faults import FaultKind
from trainer.errors import FerError

# An image does not follow from the one before it. Cameras and streams come at their own pace and
# do not end; videos and images are paced by whoever plays them.
Kind = Literal["camera", "stream", "video", "image"]


class SourceError(FerError):
    """A source that cannot be opened, or that failed while it was read."""

    def __init__(
        self, message: str, hint: str = "", fault: FaultKind = FaultKind.UNREADABLE
    ) -> None:
        super().__init__(message, hint)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. `image` is (H, W, 3) BGR uint8 and never written after it was made."""

    image: NDArray[np.uint8]
    index: int  # counts from 0 in its source
    time_s: float  # in the source's own time
    captured_at: float  # time.perf_counter() when the picture arrived
    origin: str = ""  # the file's name when the source is a folder
    place: tuple[int, int] = (0, 0)  # (3, 67): the third of the folder's 67 files
    source: str = ""  # live: what opens its source; "" of what fills the time until that plays
    at_s: float | None = None  # live: where in its file, if that has `seconds`; `time_s` only grows
    again: bool = False  # live: it was looked at before, and something else is asked for now
    seeks: int = 0  # live: so often somebody went elsewhere; across one, faces are not the same
    since: float = 0.0  # live: perf_counter() since when it plays on without a break


class FrameSource(Protocol):
    """Frames one after the other, read by one thread."""

    name: str  # what a person calls it: "Demo clip", "HD Webcam", a file's name
    kind: Kind
    fps: float = 0.0  # pictures a second that the source states; 0 when it does not
    seconds: float = 0.0  # how long a file lasts in which one can seek; 0 of all else
    asked: Mode | None = None  # what the camera was asked for; None leaves it to the camera
    camera: CameraInfo | None = None  # None for what is no camera
    skipped: tuple[str, ...] = ()  # files of a folder that could not be read so far

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises SourceError when the source fails."""

    def rewind(self) -> None:
        """Back to the first frame, for what ends. Raises SourceError when it is gone."""
        return

    def seek(self, time_s: float) -> None:
        """Go on with the picture of that time, for what has `seconds`."""
        return

    def connected(self) -> bool:
        """Whether the device is still there; asked when its pictures stop."""
        return True

    def close(self) -> None:
        """Free the device or file. May be called again."""

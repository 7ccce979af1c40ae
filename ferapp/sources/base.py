"""Frames, and the interface of the sources that deliver them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.camera_info import CameraInfo, Mode
from ferapp.sources.faults import FaultKind
from ferapp.sources.recorded import RecordedResults, Replay
from trainer.errors import FerError

Kind = Literal["camera", "stream", "video", "image"]


class SourceError(FerError):
    """A source that cannot be opened, or that fails while it is read."""

    def __init__(
        self, message: str, hint: str = "", fault: FaultKind = FaultKind.UNREADABLE
    ) -> None:
        super().__init__(message, hint)
        self.fault = fault


class NoSuchSource(SourceError):
    """A name that is no source: the wrong argument (exit code 2)."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source. `image` is (H, W, 3) BGR uint8; nobody writes into it.

    `segment` is the number of a stretch that plays without a break: frames with the same number
    follow each other in time, with `time_s` growing. A seek, another source or the same one opened
    again, going on after a pause, another round of a loop and another picture of a folder each
    begin a new segment. Whoever smooths, tracks, plots or records from frame to frame compares
    segments, and infers continuity from nothing else.

    A source numbers what it knows itself: the pictures of a folder by their index, all frames of a
    video 0. Live, the capture renumbers them: no number comes back once another one followed.
    """

    image: NDArray[np.uint8]
    index: int  # counts from 0 in its source
    time_s: float  # in the source's own time
    captured_at: float  # time.perf_counter() when the picture arrived
    segment: int = 0
    file_name: str = ""  # of the picture, when the source is a folder
    file_position: tuple[int, int] = (0, 0)  # (3, 67): the third of the folder's 67 files
    recorded: RecordedResults | None = None  # when the source plays stored results
    has_overlays: bool = False  # results are drawn into the picture already
    source: str = ""  # live: the URI of its source; "" for the fallback clip
    position_s: float | None = None  # live, of a source that can seek: the place to seek to
    is_repeat: bool = False  # live: analysed before, and now again with other settings


@dataclass(frozen=True, slots=True, eq=False)
class PictureFiles:
    """The pictures of a folder, in the order of their frames."""

    folder: Path
    names: tuple[str, ...]


class FrameSource(Protocol):
    """Delivers frames to one thread, and says what it can do."""

    name: str  # what a person calls it: "Demo clip", "HD Webcam", a file's name
    kind: Kind
    fps: float = 0.0  # frames a second that the source states; 0 when it does not
    duration_s: float = 0.0  # of a file that can seek, 0 otherwise
    frame_count: int = 0  # frames that a file announces, 0 when unknown
    is_sequence: bool = True  # its frames follow each other in time; pictures do not
    has_file_names: bool = False  # every frame has the name of its file
    requested_mode: Mode | None = None  # of a camera; None leaves it to the camera
    camera: CameraInfo | None = None  # None for everything else
    skipped: tuple[str, ...] = ()  # files of a folder that could not be read so far
    recorded: Replay | None = None  # the recording or table that it plays
    pictures: PictureFiles | None = None  # of a folder

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about its pictures and times, as far as they were read."""
        return ()

    @property
    def is_live(self) -> bool:
        """Whether frames come at the source's own pace and do not end; files are paced."""
        return self.kind in ("camera", "stream")

    @property
    def can_seek(self) -> bool:
        return self.duration_s > 0

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises SourceError when the source fails."""

    def skip(self) -> None:
        """Pass the next frame of a live source, without decoding it where that is safe.

        Raises SourceError as `read`.
        """
        self.read()

    def rewind(self) -> None:
        """Go back to the first frame, unless live. Raises SourceError when the file is gone."""
        return

    def seek(self, time_s: float) -> None:
        """Continue with the frame at that time, where `can_seek`."""
        return

    def is_connected(self) -> bool:
        """Whether the device is still there; asked when its frames stop."""
        return True

    def close(self) -> None:
        """Free the device or file. May be called again."""

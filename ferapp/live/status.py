"""The interface between the live page and the engine's threads. No Qt."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferapp.live.patch_search import PatchSearch
from ferapp.sources.base import PictureFiles
from ferapp.sources.camera_info import CameraInfo, Mode
from ferapp.sources.faults import Fault
from ferapp.sources.recorded import Replay
from ferapp.studies.live_output.output_target import OutputTarget
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.types import Analysis, StageTimes
from trainer.card import ModelCard


class ModelState(StrEnum):
    NONE = "none"
    LOADING = "loading"  # torch, the landmarker and the weights are being loaded
    READY = "ready"
    FAILED = "failed"  # the requested model did not load; a previous one keeps running


@dataclass(frozen=True, slots=True)
class Rates:
    """Measured over the last seconds; capture-to-paint in ms."""

    capture_fps: float = 0.0
    analysis_fps: float = 0.0
    display_fps: float = 0.0
    capture_to_paint_p50: float = 0.0
    capture_to_paint_p95: float = 0.0
    dropped: int = 0  # frames that a newer one overwrote before they were analysed
    stages: StageTimes = field(default_factory=StageTimes)
    face_ms: float = 0.0  # the model's time of one face with attribution; 0: unknown


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """Where a model can run."""

    name: str  # cpu, cuda:0, mps
    title: str  # for the user
    free_mb: float | None = None  # memory, where the device reports it


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be chosen."""

    spec: str  # what `load_model` takes: a bundled name or a path
    group: Literal["bundled", "run", "file"]
    card: ModelCard | None  # None when the file cannot be used
    problem: str = ""  # why it cannot be used
    name: str = ""  # for the user: the bundled name, the run's folder, the file's stem
    ms: dict[str, float] = field(default_factory=dict)  # time of one face, by device it has run on


@dataclass(frozen=True, slots=True)
class Playback:
    """A video or recording that plays, and can pause and seek."""

    seconds: float  # duration
    paused: bool = False
    loops: bool = False
    speed: float = 1.0  # times its own rate
    ended: bool = False  # the last frame stays
    pictures: PictureFiles | None = None  # of a folder


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What to record, and where."""

    folder: Path  # each recording creates its own inside
    clean: bool = True  # a video of the original frames
    overlaid: bool = False  # a video with the overlays
    # (H, W, 4) BGRX with the overlays; called in the recording's thread
    draw: Callable[[Analysis], NDArray[np.uint8]] | None = None
    # the class whose map is recorded, as in `OverlayStyle`; called in the analysis thread
    target: Callable[[], str] = lambda: "predicted"
    display_settings: dict[str, Any] = field(default_factory=dict)  # saved in session.json


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """A running or finished recording."""

    folder: Path  # the recording's own, once it exists
    seconds: float = 0.0
    bytes: int = 0
    frames: int = 0
    dropped: int = 0  # frames missing from the videos, because the disk was too slow
    marks: int = 0
    waiting: bool = False  # for frames: the source is lost, or paused
    over: bool = False
    failed: bool = False
    reason: str = ""  # why it ended, for the user; "" when the user stopped it


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """A live output that runs, or that ended by itself."""

    target: OutputTarget
    per_second: float = 0.0  # frames, over the last seconds
    sent: int = 0  # frames and markers
    lost: int = 0  # of those: not sent, because the network was too slow, or not there
    delay_ms: float = 0.0  # from capture to sending; median
    notice: str = ""  # what it waits for, or what is wrong; "" when all is well
    over: bool = False
    reason: str = ""  # why it ended, for the user


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The source that plays, the one being opened, and any fault."""

    uri: str = ""  # what plays now, as `open_source` takes it; "" before the first picture
    name: str = ""
    notice: str = ""  # one or two sentences for the user; "" when all is well
    fault: Fault | None = None  # the notice as data; `open_source(fault.source)` retries
    opening: str = ""  # the URI being opened; the previous source plays on until then
    requested_mode: Mode | None = None  # requested from the camera
    delivered_mode: Mode | None = None  # size of the frames, rate that the source states
    notes: tuple[str, ...] = ()  # what was done to its pictures, such as deinterlacing
    playback: Playback | None = None  # None if it can neither pause nor seek
    replay: Replay | None = None  # the recording or table that plays
    waiting: bool = False  # its frames have ended; the last picture stays until they come back


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model that runs, and the loading of another one in its place."""

    state: ModelState = ModelState.NONE
    notice: str = ""  # why the last load failed; "" when all is well
    spec: str = ""  # the model that runs, as `load_model` takes it; "" before the first
    name: str = ""
    card: ModelCard | None = None
    file: Path | None = None
    methods: tuple[str, ...] = ()  # names in OVERLAY_METHODS that this model can serve
    device: str = ""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """A snapshot of the engine for one repaint."""

    source: SourceStatus = field(default_factory=SourceStatus)
    model: ModelStatus = field(default_factory=ModelStatus)
    second_model: ModelStatus | None = None  # while two sides are compared; may be the first again
    second_method: str = ""  # of its maps; "": the first's
    recording: RecordingStatus | None = None  # the latest one; None before the first
    outputs: tuple[OutputStatus, ...] = ()  # live outputs; () while nothing is sent
    rates: Rates = field(default_factory=Rates)
    analysis_notice: str = ""  # what the analysis had to drop, and why; "" when all is well
    cameras: tuple[CameraInfo, ...] = ()  # connected now
    models: tuple[ModelInfo, ...] = ()  # that can be chosen
    devices: tuple[DeviceInfo, ...] = ()

    @property
    def model_states(self) -> tuple[ModelState, ModelState | None, str]:
        """Of the model and of a second one, and the name of that."""
        second = self.second_model
        return self.model.state, second.state if second else None, second.name if second else ""


class LiveEngine(Protocol):
    """Captures and analyses in threads of its own. Every call returns at once."""

    @property
    def patch_search(self) -> PatchSearch:
        """Looks for the smallest patch of a face that changes the first model's answer."""

    def take(self) -> Analysis | None:
        """The newest analysis, once; None until there is another."""

    def announce_to(self, listener: Callable[[], None]) -> None:
        """`listener` is called, in a thread of the engine, when there is an analysis to take."""

    def painted(self, analysis: Analysis) -> None:
        """Report that `analysis` is on the screen now (for capture-to-paint)."""

    def status(self) -> LiveStatus: ...

    def open_source(self, source: str) -> None:
        """`demo`, `camera[:N|NAME][@WIDTHxHEIGHT[@FPS]]`, a file, a folder or a URL.

        A source that fails leaves the previous one running.
        """

    def load_model(self, model: str) -> None:
        """A model's name or file. A model that fails leaves the previous one running."""

    def use_device(self, device: str) -> None:
        """`auto`, `cpu`, `cuda:N` or `mps`. One that fails leaves the model where it runs."""

    def compare_with(self, model: str, method: str = "") -> None:
        """Explain the same faces a second time: by another model, or by another method.

        Without a model it is the one that runs, without a method that of the options; without both,
        the comparison ends. A second model that fails leaves the first alone.
        """

    def set_options(self, options: AnalysisOptions) -> None:
        """Applies from the next frame."""

    def set_visible(self, visible: bool) -> None:
        """Whether analyses are displayed; else frames are analysed for a recording or output."""

    def record(self, plan: RecordingPlan) -> None:
        """Record analyses from now on; `status().recording` reports progress."""

    def end_recording(self) -> None: ...

    def start_output(self, target: OutputTarget) -> None:
        """Send the faces of every analysis there from now on, instead of to another of its kind.

        `status().outputs` reports progress. It may fail later: the rest goes on.
        """

    def stop_output(self, target: OutputTarget) -> None: ...

    def mark(self) -> float:
        """Mark this moment in the recording; returns its time there, in seconds."""

    def note(self, time_s: float, text: str) -> None:
        """A note for the mark at `time_s`."""

    def add_event(self, kind: str, note: str, at: float) -> None:
        """An event of the recording, `at` a time of time.perf_counter(), as frames have."""

    def pause(self, on: bool) -> None:
        """Pause or resume a source that has a `status().source.playback`."""

    def seek(self, time_s: float) -> None:
        """Continue playback at another time. Tracking starts over there."""

    def step(self, frames: int) -> None:
        """Pause, and show the next frame (1) or the one before (-1)."""

    def set_speed(self, speed: float) -> None:
        """Play at `speed` times the source's own rate."""

    def set_loop(self, on: bool) -> None:
        """Whether what plays starts again at its end. The demo clip does, files do not."""

    def repeat_analysis(self) -> None:
        """Analyse the newest frame once more, with the current options and model."""

    def set_reanalysis(self, on: bool) -> None:
        """Run the model on the recording that plays, instead of showing its recorded results."""

    def close(self) -> None: ...

"""What the live page shows and asks for: the seam between the threads and the window. No Qt."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ferapp.sources.devices import Mode
from ferapp.sources.faults import Fault
from ferapp.vision.analysis import Analysis, StageTimes


class ModelState(StrEnum):
    NONE = "none"
    LOADING = "loading"  # torch, the landmarker and the weights are being loaded
    READY = "ready"
    FAILED = "failed"  # the model asked for did not load; a previous one goes on


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


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """A snapshot of the engine for one repaint."""

    source_name: str = ""
    source_notice: str = ""  # one or two sentences for a person; "" when all is well
    source_fault: Fault | None = None  # the same as data; `open_source(fault.source)` tries again
    source_opening: str = ""  # what is being opened now; the previous source plays meanwhile
    mode_asked: Mode | None = None  # what the camera was asked for
    mode_delivered: Mode | None = None  # size that comes, rate that the source states
    model_state: ModelState = ModelState.NONE
    model_name: str = ""  # the model that runs now; "" before the first
    model_notice: str = ""  # why the last load failed; "" when all is well
    model_summary: str = ""  # the running model's card in a few lines
    device: str = ""
    rates: Rates = field(default_factory=Rates)


class LiveEngine(Protocol):
    """Captures and analyses in threads of its own. Every call returns at once."""

    def take(self) -> Analysis | None:
        """The newest analysis if there is one that was not taken yet, else None."""

    def painted(self, analysis: Analysis) -> None:
        """Tell that `analysis` is on the screen now (for capture-to-paint)."""

    def status(self) -> LiveStatus: ...

    def open_source(self, source: str) -> None:
        """`demo`, `camera[:N|NAME][@WIDTHxHEIGHT[@FPS]]`, a file, a folder or a URL.

        A source that fails leaves the previous one running.
        """

    def load_model(self, model: str) -> None:
        """A model's name or file. A model that fails leaves the previous one running."""

    def set_attribution(self, on: bool) -> None: ...

    def set_smoothing(self, time_constant_ms: float) -> None:
        """0 switches smoothing off."""

    def close(self) -> None: ...

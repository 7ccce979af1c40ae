"""What a study's files say now: state, sources and time left, whoever runs it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferapp.studies.study_record import (
    STUDY_FILE,
    SourceProgress,
    State,
    StudyProgress,
    StudyRecord,
    StudySource,
    is_running,
    read_study,
)

StudyState = Literal["running", "paused", "interrupted", "finished"]
ENDED = ("done", "unchanged", "failed")  # states of a source that is not analysed any more


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
    """A source of a study. `left_s` is NaN where it is unknown."""

    name: str
    source: str
    table: Path  # exists once the source is done
    state: State = "waiting"
    frames: int = 0
    total: int = 0  # 0: unknown
    ms_per_frame: float = 0.0  # 0: unknown
    reason: str = ""  # why it failed
    left_s: float = math.nan

    @property
    def share(self) -> float:
        """How much of it is analysed, in [0, 1]."""
        if self.state in ENDED:
            return 1.0
        return min(self.frames / self.total, 1.0) if self.total else 0.0


@dataclass(frozen=True, slots=True)
class StudySnapshot:
    """A study as its files say."""

    out: Path
    state: StudyState
    record: StudyRecord
    sources: tuple[SourceSnapshot, ...]
    left_s: float  # of the whole; NaN where it is unknown

    def count(self, *states: State) -> int:
        return sum(source.state in states for source in self.sources)

    @property
    def failed(self) -> tuple[SourceSnapshot, ...]:
        return tuple(source for source in self.sources if source.state == "failed")

    @property
    def frames(self) -> int:
        """Frames analysed so far."""
        return sum(source.frames for source in self.sources)

    @property
    def share(self) -> float:
        """How much of the study is done, in [0, 1]; sources of unknown length count alike."""
        if not self.sources:
            return 0.0
        typical = _typical_frames(self.sources)
        sizes = [source.total or typical for source in self.sources]
        done = sum(s.share * size for s, size in zip(self.sources, sizes, strict=True))
        return done / sum(sizes)


class StudyReader:
    """Reads one study again and again; what was read before is not read a second time."""

    def __init__(self) -> None:
        self._progress = StudyProgress(Path())
        self._record: StudyRecord | None = None
        self._stamp: tuple[int, int] = (0, 0)
        self._sources: dict[str, tuple[SourceProgress, SourceSnapshot]] = {}

    def read(self, out: Path, is_ours: bool = False) -> StudySnapshot:
        """`is_ours`: a process of this window analyses it. Raises UsageError with the reason."""
        if out != self._progress.out:
            self._progress, self._record, self._sources = StudyProgress(out), None, {}
        record = self._read_record(out)
        self._progress.update()
        sources = tuple(self._source(out, source) for source in record.sources)
        state = self._state(record, is_ours)
        left = _time_left(sources) if state == "running" else math.nan
        return StudySnapshot(out, state, record, sources, left)

    def _source(self, out: Path, source: StudySource) -> SourceSnapshot:
        """The same object as before while nothing is new, so that nobody need compare."""
        progress = self._progress.of(source.name)
        known = self._sources.get(source.name)
        if known is None or known[0] != progress:
            known = progress, _snapshot(out, source, progress)
            self._sources[source.name] = known
        return known[1]

    def _read_record(self, out: Path) -> StudyRecord:
        try:
            status = (out / STUDY_FILE).stat()
            stamp = (status.st_mtime_ns, status.st_size)
        except OSError:
            stamp = (0, 0)
        if self._record is None or stamp != self._stamp:
            self._record, self._stamp = read_study(out), stamp
        return self._record

    def _state(self, record: StudyRecord, is_ours: bool) -> StudyState:
        if is_ours or is_running(self._progress.out):
            return "running"
        if self._progress.state == "finished":
            return "finished"
        return "paused" if self._progress.state == "stopped" else "interrupted"


def _snapshot(out: Path, source: StudySource, progress: SourceProgress) -> SourceSnapshot:
    left = math.nan
    if progress.state == "running" and progress.total and progress.ms_per_frame:
        left = max(progress.total - progress.frames, 0) * progress.ms_per_frame / 1000
    return SourceSnapshot(
        source.name,
        source.source,
        out / source.table,
        progress.state,
        progress.frames,
        progress.total,
        progress.ms_per_frame,
        progress.reason,
        left,
    )


def _typical_frames(sources: Sequence[SourceSnapshot]) -> float:
    """The mean length of the sources whose length is known; 1 where none is."""
    known = [source.total for source in sources if source.total]
    return sum(known) / len(known) if known else 1.0


def _time_left(sources: Sequence[SourceSnapshot]) -> float:
    """From the frames that are left and the rate at which sources run now."""
    rates = [1 / s.ms_per_frame for s in sources if s.state == "running" and s.ms_per_frame]
    if not rates:
        return math.nan
    typical = _typical_frames(sources)
    left = sum((s.total or typical) * (1 - s.share) for s in sources if s.state not in ENDED)
    return left / sum(rates) / 1000

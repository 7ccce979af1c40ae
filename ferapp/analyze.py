"""A source from beginning to end, without a window, into a CSV and a video with overlays."""

import csv
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ferapp.live.engine import open_source
from ferapp.progress import frames_progress
from ferapp.sources.frame import FrameSource
from ferapp.sources.images import FOLDER_FPS, ImageFolder, StillImage
from ferapp.sources.video import VideoFile
from ferapp.vision.analysis import Analysis
from ferapp.vision.analyzer import Analyzer
from ferapp.vision.classifier import Classifier
from ferapp.vision.options import FACES, Options
from ferapp.vision.table import COLUMNS, table_head, table_rows
from trainer.console import notices
from trainer.errors import UsageError
from trainer.faces.landmarker import FaceLandmarker

if TYPE_CHECKING:  # brings Qt, which a CSV does not need
    from ferapp.burnt_video import BurntVideo

VIDEOS = (".mp4", ".avi", ".mkv")


@dataclass(slots=True)
class Summary:
    """What `analyze` found."""

    source: str
    frames: int = 0
    frames_with_face: int = 0
    seconds: float = 0.0
    stopped: bool = False  # by the user, before the end
    labels: Counter[str] = field(default_factory=Counter)

    def count(self, analysis: Analysis, rows: list[list[str]]) -> None:
        self.frames += 1
        self.frames_with_face += bool(analysis.faces)
        self.labels.update(row[COLUMNS.index("label")] for row in rows if analysis.faces)

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "frames": self.frames,
            "frames_with_face": self.frames_with_face,
            "ms_per_frame": round(1000 * self.seconds / max(1, self.frames), 1),
            "stopped": self.stopped,
            "labels": dict(self.labels.most_common()),
        }

    def as_text(self) -> str:
        values = self.as_dict()
        labels = ", ".join(f"{name} {count}" for name, count in values["labels"].items())
        stopped = ", stopped" if self.stopped else ""
        return (
            f"{self.source}: {self.frames} frames{stopped}, {self.frames_with_face} with a face, "
            f"{values['ms_per_frame']} ms a frame\nLabels: {labels or 'none'}"
        )


def analyze_source(
    text: str,
    csv_file: Path | None,
    model: str = "default",
    device: str = "auto",
    *,
    video_file: Path | None = None,
    max_frames: int = 0,
    every: int = 1,
    faces: int = FACES,
) -> Summary:
    """Analyse every `every`-th frame; values in the CSV are unsmoothed, labels in the video smooth.

    What was found stands in the files, also when the source fails later or the user stops it
    (KeyboardInterrupt), which is the only end of a camera or stream. Raises SourceError,
    ModelFileError or UsageError with the reason.
    """
    if video_file is not None and video_file.suffix.lower() not in VIDEOS:
        raise UsageError(f"{video_file}: the name of a video ends in {', '.join(VIDEOS)}")
    place = Path(text).expanduser()
    for file in (csv_file, video_file):
        if file is not None and file.exists() and place.exists() and file.samefile(place):
            raise UsageError(f"{file}: this is the source itself")
    with ExitStack() as stack:
        source = open_source(text)
        stack.callback(source.close)
        still = source.kind == "image"  # one picture does not follow from the one before it
        classifier = Classifier(model, device)
        landmarker = stack.enter_context(
            FaceLandmarker(video=not still, max_faces=faces, details=True)
        )
        in_folder = isinstance(source, ImageFolder)
        table = video = None
        if csv_file is not None:
            table = csv.writer(stack.enter_context(_open(csv_file)))
            head = table_head(classifier.card.classes)
            table.writerow([*head, "file"] if in_folder else head)
        if video_file is not None:
            video = _open_video(video_file, _rate(source) / every)
            stack.callback(video.close)
        report = stack.enter_context(frames_progress(_total(source, every, max_frames)))

        analyzer = Analyzer(landmarker)
        options = Options(attribution=video is not None, max_faces=faces)
        if still:
            options = replace(options, smoothing_s=0)
        summary = Summary(source.name)
        began = time.perf_counter()
        try:
            while (frame := source.read()) is not None:
                if frame.index % every:
                    continue
                with _whole_frames():
                    analysis = analyzer.analyze(frame, classifier, options, paint=video is not None)
                    rows = list(table_rows(analysis))
                    summary.count(analysis, rows)
                    if table is not None:
                        table.writerows([*row, frame.origin] if in_folder else row for row in rows)
                    if video is not None:
                        video.add(analysis)
                    report(summary.frames)
                if summary.frames == max_frames:
                    break
        except KeyboardInterrupt:
            summary.stopped = True
        summary.seconds = time.perf_counter() - began
        if source.skipped:
            notices.print(f"Skipped, not readable: {', '.join(source.skipped)}")
    return summary


@contextmanager
def _whole_frames() -> Iterator[None]:
    """Ctrl+C waits for the end of the block: a frame stands in all files or in none."""
    asked: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda received, _: asked.append(received))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if asked:
        raise KeyboardInterrupt


def _open(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{path}: the CSV cannot be written ({error.strerror})") from error


def _open_video(path: Path, fps: float) -> "BurntVideo":
    from ferapp.burnt_video import BurntVideo

    return BurntVideo(path, fps)


def _rate(source: FrameSource) -> float:
    """Frames a second of a video of `source`, in which a still picture stays for a second; 0 where
    a live source does not state it.
    """
    return FOLDER_FPS if source.kind == "image" else source.fps


def _total(source: FrameSource, every: int, max_frames: int) -> int:
    """Frames that will be analysed; 0 where nobody knows."""
    known = source.frame_count if isinstance(source, VideoFile | ImageFolder) else 0
    if isinstance(source, StillImage):
        known = 1
    total = -(-known // every)
    return min(total, max_frames) if total and max_frames else total or max_frames

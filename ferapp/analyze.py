"""A source from beginning to end, without a window, into a CSV."""

import csv
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ferapp.sources.images import ImageFolder
from ferapp.sources.opening import open_source
from ferapp.sources.video import VideoFile
from ferapp.vision.analysis import Analysis
from ferapp.vision.analyzer import Analyzer
from ferapp.vision.classifier import Classifier
from ferapp.vision.options import Options
from trainer.console import notices
from trainer.errors import UsageError
from trainer.faces.landmarker import FaceLandmarker

MAX_FACES = 4
COLUMNS = (
    "frame",
    "time_s",
    "face_id",
    "box_x",
    "box_y",
    "box_w",
    "box_h",
    "label",
    "confidence",
)


@dataclass(slots=True)
class Summary:
    """What `analyze` found."""

    source: str
    frames: int = 0
    frames_with_face: int = 0
    seconds: float = 0.0
    labels: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "frames": self.frames,
            "frames_with_face": self.frames_with_face,
            "ms_per_frame": round(1000 * self.seconds / max(1, self.frames), 1),
            "labels": dict(self.labels.most_common()),
        }

    def as_text(self) -> str:
        values = self.as_dict()
        labels = ", ".join(f"{name} {count}" for name, count in values["labels"].items())
        return (
            f"{self.source}: {self.frames} frames, {self.frames_with_face} with a face, "
            f"{values['ms_per_frame']} ms a frame\nLabels: {labels or 'none'}"
        )


def analyze_source(
    text: str,
    csv_file: Path | None,
    model: str = "default",
    device: str = "auto",
    *,
    max_frames: int = 0,
    every: int = 1,
) -> Summary:
    """Analyse every `every`-th frame; values in the CSV are unsmoothed.

    Rows stand in the file as they are found, also when the source fails later. Raises
    SourceError, ModelFileError or UsageError with the reason.
    """
    with ExitStack() as stack:
        source = open_source(text)
        stack.callback(source.close)
        classifier = Classifier(model, device)
        landmarker = stack.enter_context(
            FaceLandmarker(video=source.kind != "image", max_faces=MAX_FACES)
        )
        rows = None
        if csv_file is not None:
            rows = csv.writer(stack.enter_context(_open(csv_file)))
            rows.writerow([*COLUMNS, *(f"p_{name}" for name in classifier.card.classes)])
        total = source.frame_count if isinstance(source, VideoFile | ImageFolder) else 0
        progress = stack.enter_context(_progress())
        task = progress.add_task("frames", total=total or None)

        analyzer, options = Analyzer(landmarker), Options(attribution=False, smoothing_s=0)
        summary = Summary(source.name)
        began = time.perf_counter()
        while (frame := source.read()) is not None:
            progress.update(task, completed=frame.index + 1)
            if frame.index % every:
                continue
            analysis = analyzer.analyze(frame, classifier, options, paint=False)
            summary.frames += 1
            summary.frames_with_face += bool(analysis.faces)
            for row in table_rows(analysis):
                summary.labels.update([row[7]] if row[7] else [])
                if rows is not None:
                    rows.writerow(row)
            if summary.frames == max_frames:
                break
        summary.seconds = time.perf_counter() - began
        if source.skipped:
            notices.print(f"Skipped, not readable: {', '.join(source.skipped)}")
    return summary


def table_rows(analysis: Analysis) -> Iterable[list[str]]:
    """A row a face; one row with an empty face_id for a frame without any."""
    frame = [str(analysis.frame.index), f"{analysis.frame.time_s:.3f}"]
    if not analysis.faces:
        yield frame + [""] * (len(COLUMNS) - 2 + len(analysis.classes))
    for face in analysis.faces:
        best = int(face.probabilities.argmax())
        yield [
            *frame,
            str(face.face_id),
            *(f"{value:.1f}" for value in face.box),
            analysis.classes[best],
            f"{face.probabilities[best]:.4f}",
            *(f"{value:.4f}" for value in face.probabilities),
        ]


def _open(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{path}: the CSV cannot be written ({error.strerror})") from error


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}"),
        TimeRemainingColumn(),
        console=notices,
        transient=True,
    )

"""A source from beginning to end, without a window, into a CSV and a video with overlays."""

import csv
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ferapp.live.engine import open_source
from ferapp.sources.base import Frame, FrameSource
from ferapp.sources.images import FOLDER_FPS
from ferapp.studies.prefetch import ahead
from ferapp.studies.progress_line import frames_progress
from ferapp.studies.resume import (
    OTHER,
    Interrupted,
    check_replaceable,
    origin_of,
    write_finished,
    write_note,
)
from ferapp.vision.analysis_options import FACES, Options
from ferapp.vision.classifier import Classifier
from ferapp.vision.face_table import COLUMNS, column_meanings, table_rows
from ferapp.vision.pipeline import Analyzer
from trainer.card import ModelCard
from trainer.cli.printing import notices
from trainer.errors import FerError, UsageError
from trainer.faces.landmarker import DetectedFace, FaceLandmarker

if TYPE_CHECKING:  # brings Qt, which a CSV does not need
    from ferapp.studies.annotated_video import BurntVideo

VIDEOS = (".mp4", ".avi", ".mkv")
AHEAD = 2  # frames that wait between two steps
SEEN_AGAIN = 15  # analysed frames


@dataclass(slots=True)
class Summary:
    """What `analyze` found."""

    source: str
    frames: int = 0
    frames_with_face: int = 0
    analysed: int = 0  # of the frames, now; the others stood in the table already
    seconds: float = 0.0
    stopped: bool = False  # by the user, before the end
    labels: Counter[str] = field(default_factory=Counter)

    def count(self, labels: list[str]) -> None:
        """One more frame, by the labels of its faces."""
        self.frames += 1
        self.frames_with_face += bool(labels)
        self.labels.update(labels)

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "frames": self.frames,
            "frames_with_face": self.frames_with_face,
            "analysed_now": self.analysed,
            "ms_per_frame": round(1000 * self.seconds / max(1, self.analysed), 1),
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
    resume: bool = False,
    overwrite: bool = False,
) -> Summary:
    """Analyse every `every`-th frame; values in the CSV are unsmoothed, labels in the video smooth.

    What was found stands in the files, also when the source fails later or the user stops it
    (KeyboardInterrupt), which is the only end of a camera or stream. `resume` goes on with a CSV
    that was begun so; `overwrite` replaces whatever bears the files' names, and without either only
    a finished table and a video of this command are. Frames are read, and faces found, while the
    model looks at earlier ones.
    Raises SourceError, ModelFileError or UsageError with the reason.
    """
    place = Path(text).expanduser()
    _check(place, csv_file, video_file, resume, overwrite)
    with ExitStack() as stack:
        source = open_source(text)
        stack.callback(source.close)
        ends = not source.is_live
        if resume and not ends:
            raise UsageError(f"--resume: {source.name} does not begin again where it was")
        classifier = Classifier(model, device)
        landmarker = stack.enter_context(
            FaceLandmarker(video=source.is_sequence, max_faces=faces, details=True)
        )
        analyzer = Analyzer(landmarker)
        summary = Summary(source.name)
        table = video = None
        noted = False
        first = 0  # frame to analyse
        if csv_file is not None:
            columns = _columns(classifier.card, source)
            head = list(columns)
            origin = origin_of(place, source, csv_file, classifier, every, faces)
            before = Interrupted(csv_file, head, origin) if resume and csv_file.exists() else None
            if before is not None:
                first = _taken_up(before, source, analyzer, summary)
                again = " What comes before is read again." if source.kind == "video" else ""
                notices.print(f"Goes on from frame {first}.{again}", soft_wrap=True)
            table = _Table(csv_file, append=before is not None)
            stack.callback(table.close)
            noted = csv_file.is_file()  # and not a pipe
            if noted and before is None:
                write_note(csv_file, origin, place, columns)
            elif noted:
                write_finished(csv_file, False)
            if before is None or before.size == 0:
                table.add([head])
        if video_file is not None:
            video = _open_video(video_file, _rate(source) / every)
            stack.callback(video.close)
        total = _total(source, every, max_frames)
        report = stack.enter_context(frames_progress(total, summary.frames))

        options = Options(attribution=video is not None, max_faces=faces)
        stack.enter_context(a_core_left())
        detected = stack.enter_context(_detected(source, analyzer, options, every, first))
        kept, began = summary.frames, time.perf_counter()
        try:
            while not 0 < max_frames <= summary.frames:
                pair = next(detected, None)
                if pair is None:
                    break
                frame, found = pair
                with _whole_frames():
                    analysis = analyzer.analyze(
                        frame, classifier, options, paint=video is not None, found=found
                    )
                    rows = list(table_rows(analysis))
                    labels = [row[COLUMNS.index("label")] for row in rows if analysis.faces]
                    summary.count(labels)
                    if table is not None:
                        named = source.has_file_names
                        table.add([[*row, frame.file_name] if named else row for row in rows])
                    if video is not None:
                        video.add(analysis)
                    report(summary.frames)
        except KeyboardInterrupt:
            summary.stopped = True
            if table is not None and video is None and ends:
                notices.print("The same command with --resume goes on from here.")
        if csv_file is not None and noted and not (summary.stopped and ends):
            write_finished(csv_file, True)
        summary.analysed = summary.frames - kept
        summary.seconds = time.perf_counter() - began
        if source.skipped:
            notices.print(f"Skipped, not readable: {', '.join(source.skipped)}")
    return summary


@contextmanager
def a_core_left() -> Iterator[None]:
    """torch leaves one core to the landmarks: its threads wait for the slowest of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads - 1))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _detected(
    source: FrameSource, analyzer: Analyzer, options: Options, every: int, first: int
) -> Iterator[Iterator[tuple[Frame, list[DetectedFace]]]]:
    """Every `every`-th frame from `first` on, and its faces: found by threads ahead of the model.

    MediaPipe looks for a face near where it was, so it sees some frames before the first again.
    """
    start = first - SEEN_AGAIN * every if source.is_sequence else first

    def frames() -> Iterator[Frame]:
        while (frame := source.read()) is not None:
            if frame.index >= start and frame.index % every == 0:
                yield frame

    with ahead(frames(), AHEAD, "reading") as read:
        looked_at = ((frame, analyzer.detect(frame, options)) for frame in read)
        with ahead(looked_at, AHEAD, "landmarks") as pairs:
            yield (pair for pair in pairs if pair[0].index >= first)


def _taken_up(
    before: Interrupted, source: FrameSource, analyzer: Analyzer, summary: Summary
) -> int:
    """Count what stays of a table and recall its faces; the number of the frame to go on with."""
    for frame in before.frames():
        summary.count([face.label for face in frame.faces])
        faces = ((face.face_id, face.box, frame.time_s) for face in frame.faces)
        analyzer.recall(faces, 0 if source.is_sequence else frame.number)
    before.cut()
    return before.next


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


def _check(
    place: Path, csv_file: Path | None, video_file: Path | None, resume: bool, overwrite: bool
) -> None:
    """Raise UsageError for files that cannot be what they should, or would be lost."""
    if video_file is not None and video_file.suffix.lower() not in VIDEOS:
        raise UsageError(f"{video_file}: the name of a video ends in {', '.join(VIDEOS)}")
    if resume and (csv_file is None or video_file is not None):
        raise UsageError("--resume: only a CSV can be continued", "Name it with --csv.")
    for file in (csv_file, video_file):
        if file is not None and file.exists() and place.exists() and file.samefile(place):
            raise UsageError(f"{file}: this is the source itself")
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other")
    if csv_file is not None and not overwrite and not (resume and csv_file.exists()):
        check_replaceable(csv_file)
    if video_file is not None and not overwrite and video_file.is_file():
        from ferapp.studies.annotated_video import is_burnt

        if video_file.stat().st_size and not is_burnt(video_file):
            raise UsageError(f"{video_file}: exists, and is no video of this command", OTHER)


class _Table:
    """A CSV that has each frame's rows as soon as they are added."""

    def __init__(self, file: Path, *, append: bool) -> None:
        self._file = file
        try:
            self._stream = file.open("a" if append else "w", encoding="utf-8", newline="")
        except OSError as error:
            raise UsageError(f"{file}: the CSV cannot be written ({error.strerror})") from error
        self._writer = csv.writer(self._stream)

    def add(self, rows: list[list[str]]) -> None:
        try:
            self._writer.writerows(rows)
            self._stream.flush()
        except OSError as error:
            raise FerError(
                f"{self._file}: the CSV cannot be written any further ({error.strerror})",
                "When there is room again, the same command with --resume goes on.",
            ) from error

    def close(self) -> None:
        with suppress(OSError):  # the same full disk, once more
            self._stream.close()


def _columns(card: ModelCard, source: FrameSource) -> dict[str, str]:
    """The table's columns and what each means."""
    frame, time_s = "Number of the frame in the source, from 0.", "Seconds since the first frame."
    more = {}
    if source.has_file_names:
        frame = (
            "Number of the picture in the folder, from 0, by names, 2 before 10; those that cannot "
            "be read have none."
        )
        time_s = f"Invented: {1 / FOLDER_FPS:g} second a picture."
        more = {"file": "Name of the picture's file."}
    return column_meanings(card.classes, card.temperature, frame, time_s) | more


def _open_video(path: Path, fps: float) -> "BurntVideo":
    from ferapp.studies.annotated_video import BurntVideo

    return BurntVideo(path, fps)


def _rate(source: FrameSource) -> float:
    """Frames a second of a video of `source`, in which a still picture stays for a second; 0 where
    a live source does not state it.
    """
    return source.fps if source.is_sequence else FOLDER_FPS


def _total(source: FrameSource, every: int, max_frames: int) -> int:
    """Frames that will be analysed; 0 where nobody knows."""
    total = -(-source.frame_count // every)
    return min(total, max_frames) if total and max_frames else total or max_frames

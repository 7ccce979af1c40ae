"""A source from beginning to end, without a window, into a CSV and a video with overlays."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import torch

from ferapp.live.engine import open_source
from ferapp.overlays.anonymise import AnonymiseKind, Anonymiser
from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.sources.images import FOLDER_FPS
from ferapp.sources.limits import SourceLimits
from ferapp.sources.stream_address import URL
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_files import (
    FrameOutput,
    TableOutput,
    VideoOutput,
    check_outputs,
    only_analysis,
    table_columns,
)
from ferapp.studies.output_note import Origin, origin_of
from ferapp.studies.prefetch import prefetch
from ferapp.studies.progress_line import frames_progress
from ferapp.studies.resume import InterruptedTable
from ferapp.studies.summary import AnalysisSummary
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.types import Analysis
from trainer.cli.printing import notices
from trainer.errors import UsageError
from trainer.faces.face_finder import LOOK_S, FaceFinder
from trainer.faces.landmarker import DetectedFace
from trainer.stop_signals import any_left_behind, signals_go_to

PREFETCHED = 2  # frames that wait between two stages
PATIENCE_S = 1.0  # with a source that sends nothing, after Ctrl+C
LANDMARKER_WARM_UP = 15  # analysed frames
DEFAULT_SETTINGS = AnalysisSettings()
# of the total (0: unknown) and the frames done before: the block's `report(done)`, after each frame
ProgressReports = Callable[[int, int], AbstractContextManager[Callable[[int], None]]]


def print_notice(text: str) -> None:
    notices.print(text, soft_wrap=True)


def analyze_source(
    text: str,
    csv_file: Path | None,
    settings: AnalysisSettings = DEFAULT_SETTINGS,
    *,
    video_file: Path | None = None,
    anonymise: AnonymiseKind | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: ProgressReports = frames_progress,
    notify: Callable[[str], None] = print_notice,
) -> AnalysisSummary:
    """Values in the CSV are unsmoothed, labels in the video smooth.

    The files hold every analysed frame, also when the source fails later or the user stops it
    (KeyboardInterrupt), which is the only end of a camera or stream. `resume` continues a CSV that
    was interrupted; `overwrite` replaces whatever has the files' names, and without either only a
    finished table or video of this command is replaced. Frames are read, and faces found, while
    the model works on earlier ones. `anonymise` covers the heads in the video. `progress` hears of
    each frame, `notify` gets sentences for a person. Raises SourceError, ModelFileError or
    UsageError with the reason.
    """
    place = Path(text).expanduser()
    every, max_frames = settings.every, settings.max_frames
    with ExitStack() as stack:
        stack.enter_context(only_analysis(csv_file, video_file))
        check_outputs(place, csv_file, video_file, resume=resume, overwrite=overwrite)
        source = _open(text, settings.limits)
        # a thread that hangs in the source still uses it
        stack.callback(lambda: None if any_left_behind() else source.close())
        if resume and source.is_live:
            raise UsageError(f"--resume: {source.name} cannot be read again from where it stopped")
        classifier = Classifier(settings.model, settings.device, settings.prior)
        finder = stack.enter_context(
            FaceFinder(
                video=source.is_sequence,
                max_faces=settings.faces,
                small_faces=settings.small_faces == "auto",
                turn=settings.rotate,
            )
        )
        analyzer = Analyzer(finder)
        summary = AnalysisSummary(source.name, second_look=finder.count)

        outputs: list[FrameOutput] = []
        first = 0  # frame to analyse
        written = [file for file in (csv_file, video_file) if file is not None]
        origin = origin_of(place, source, classifier, every, settings.search, written)
        if csv_file is not None:
            columns = table_columns(classifier.card, classifier.prior, source)
            append = resume and csv_file.exists()
            if append:
                first = _restore(csv_file, list(columns), origin, source, analyzer, summary)
                rereads = " Earlier frames are read again." if source.kind == "video" else ""
                notify(f"Resuming at frame {first}.{rereads}")
            stimuli = source.recorded.stimuli if source.recorded is not None else ()
            outputs.append(
                TableOutput(csv_file, columns, origin, place, append=append, stimuli=stimuli)
            )
            stack.callback(outputs[-1].close)
        if video_file is not None:
            anonymiser = None
            if anonymise is not None:
                anonymiser = Anonymiser(anonymise, video=source.is_sequence)
                stack.callback(anonymiser.close)
            fps = _video_fps(source) / every
            outputs.append(VideoOutput(video_file, fps, origin, place, anonymiser))
            stack.callback(outputs[-1].close)

        options = AnalysisOptions(attribution=video_file is not None, max_faces=settings.faces)
        total = _total_frames(source, every, max_frames)
        report = stack.enter_context(progress(total, summary.frames))
        stack.enter_context(one_core_for_landmarks())
        detections = stack.enter_context(_detections(source, analyzer, options, every, first))

        def analyse(frame: Frame, detected: list[DetectedFace]) -> Analysis:
            paint = video_file is not None
            return analyzer.analyze(frame, classifier, options, paint=paint, detections=detected)

        _analyze_frames(detections, analyse, outputs, summary, max_frames, report)
        _finish(outputs, source, summary, notify)
    return summary


def _open(text: str, limits: SourceLimits) -> FrameSource:
    """Ctrl+C also ends the wait for an address that does not answer."""
    if not URL.match(text):
        source = open_source(text, limits)
        if source.recorded is not None and source.recorded.missing is not None:
            source.close()
            raise SourceError(source.recorded.missing.message, source.recorded.missing.hint)
        return source
    with prefetch(map(open_source, [text], [limits]), 1, "opening", PATIENCE_S) as opened:
        return next(opened)


def _restore(
    table: Path,
    head: list[str],
    origin: Origin,
    source: FrameSource,
    analyzer: Analyzer,
    summary: AnalysisSummary,
) -> int:
    """Count the frames of an interrupted table and recall their faces.

    Returns the number of the frame to continue with.
    """
    interrupted = InterruptedTable(table, head, origin)
    for frame in interrupted.frames():
        summary.count([face.label for face in frame.faces])
        faces = ((face.face_id, face.box, frame.time_s) for face in frame.faces)
        analyzer.recall(faces, segment=0 if source.is_sequence else frame.number)
    interrupted.truncate()
    return interrupted.next_frame


def _analyze_frames(
    detections: Iterator[tuple[Frame, list[DetectedFace]]],
    analyse: Callable[[Frame, list[DetectedFace]], Analysis],
    outputs: Sequence[FrameOutput],
    summary: AnalysisSummary,
    max_frames: int,
    report: Callable[[int], None],
) -> None:
    """Analyse to the end, to `max_frames` or to Ctrl+C, which `summary` notes."""
    before, began = summary.frames, time.perf_counter()
    try:
        while not 0 < max_frames <= summary.frames:
            detection = next(detections, None)
            if detection is None:
                break
            with _uninterrupted():
                analysis = analyse(*detection)
                summary.count(_labels(analysis))
                for output in outputs:
                    output.add(analysis)
                report(summary.frames)
    except KeyboardInterrupt:
        summary.stopped = True
    summary.analysed = summary.frames - before
    summary.seconds = time.perf_counter() - began


def _labels(analysis: Analysis) -> list[str]:
    predictions = [face.prediction for face in analysis.faces if face.prediction is not None]
    return [p.classes[int(p.probabilities.argmax())] for p in predictions]


def _finish(
    outputs: Sequence[FrameOutput],
    source: FrameSource,
    summary: AnalysisSummary,
    notify: Callable[[str], None],
) -> None:
    """Mark the outputs as finished, unless Ctrl+C stopped a source that can be read again."""
    if source.is_live or not summary.stopped:
        for output in outputs:
            output.finish(source.notes, source.skipped)
    else:
        summary.resumable = [type(output) for output in outputs] == [TableOutput]
    for note in source.notes:
        notify(f"{source.name}: {note}")
    if source.skipped:
        notify(f"Skipped, not readable: {', '.join(source.skipped)}")


@contextmanager
def _detections(
    source: FrameSource, analyzer: Analyzer, options: AnalysisOptions, every: int, first: int
) -> Iterator[Iterator[tuple[Frame, list[DetectedFace]]]]:
    """Every `every`-th frame from `first` on and its faces, found by threads ahead of the model.

    MediaPipe looks for a face near where it was, and what a second look found is followed, so that
    some frames are needed before the first.
    """
    warm_up = max(LANDMARKER_WARM_UP, math.ceil(LOOK_S * source.fps / every))
    start = first - warm_up * every if source.is_sequence else first

    def frames() -> Iterator[Frame]:
        while (frame := source.read()) is not None:
            if frame.index >= start and frame.index % every == 0:
                yield frame

    with prefetch(frames(), PREFETCHED, "reading", PATIENCE_S) as read:
        detected = ((frame, analyzer.detect(frame, options)) for frame in read)
        with prefetch(detected, PREFETCHED, "landmarks") as detections:
            try:
                yield (detection for detection in detections if detection[0].index >= first)
            finally:
                read.end()  # first: the other thread may be waiting for a frame that never comes


@contextmanager
def one_core_for_landmarks() -> Iterator[None]:
    """Leave one core to MediaPipe: torch's threads wait for the slowest of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads - 1))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl+C waits for the end of the block: a frame is in all files or in none."""
    received: list[int] = []
    with signals_go_to(received.append):
        yield
    if received:
        raise KeyboardInterrupt


def _video_fps(source: FrameSource) -> float:
    """Of a video of `source`, in which a still picture lasts a second; 0 where a live source does
    not state it.
    """
    return source.fps if source.is_sequence else FOLDER_FPS


def _total_frames(source: FrameSource, every: int, max_frames: int) -> int:
    """Frames that will be analysed; 0 where that is unknown."""
    total = -(-source.frame_count // every)
    return min(total, max_frames) if total and max_frames else total or max_frames

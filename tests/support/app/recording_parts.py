"""Recordings of scripted pictures with known results, without a model."""

import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ferapp.live.engine import Engine, EngineParts
from ferapp.live.model_loader import LoadedModel
from ferapp.live.status import ModelState, RecordingPlan, RecordingStatus
from ferapp.recording.h264 import H264Reader
from ferapp.recording.session_files import RecordingSubject
from ferapp.recording.session_writer import SessionWriter
from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import Analysis, AppliedModel, Crop, Face, Prediction
from tests.support.app.engine_parts import CPU, FakeClassifier, nothing, until
from tests.support.sources.scripted import Studio
from trainer.card import ModelCard
from trainer.labels import EXPRESSIONS

PLENTY = 1 << 40
MODEL = AppliedModel(EXPRESSIONS)


def classifier(name: str = "one") -> FakeClassifier:
    card = ModelCard(name=name, architecture="compact", arguments={}, attribution_layer="stages")
    return FakeClassifier(Path(f"/models/{name}.safetensors"), card, torch.device("cpu"), nothing)


def loaded(name: str = "one") -> LoadedModel:
    found: Any = classifier(name)
    return LoadedModel(found, name, found.path, "cpu", 1.0)


def subject(source: str = "camera:One") -> RecordingSubject:
    return RecordingSubject(source, "One", loaded(), {"smoothing_s": 0.3})


def probabilities(seed: int) -> np.ndarray:
    """The results for a picture's number, all different."""
    values = np.random.default_rng(seed).random(len(EXPRESSIONS)) + 0.01
    return (values / values.sum()).astype(np.float32)


def face(seed: int) -> Face:
    values = probabilities(seed)
    return Face(
        face_id=seed % 3,
        box=(10.0 + seed, 12.5, 30.0, 31.5),
        landmarks=np.zeros((68, 2), np.float32),
        crop=Crop(np.zeros((44, 44), np.uint8), np.eye(2, 3, dtype=np.float32)),
        signals=np.full(len(SIGNALS), np.nan, np.float32),
        # not to be mistaken for the recorded ones: the smoothed probabilities
        predictions=(Prediction(MODEL, values, values[::-1].copy()),),
    )


def image(number: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """A shade of grey of its own, which survives the encoder."""
    return np.full((size[1], size[0], 3), 20 + 4 * (number % 50), np.uint8)


def shot(
    number: int,
    *,
    source: str = "camera:One",
    size: tuple[int, int] = (64, 48),
    faces: int = 1,
    at: float | None = None,
    segment: int = 1,
) -> Analysis:
    now = time.perf_counter() if at is None else at
    frame = Frame(image(number, size), number, number / 30, now, segment, source=source)
    picture = np.zeros((size[1], size[0], 4), np.uint8)
    made = tuple(face(number + 100 * i) for i in range(faces))
    return Analysis(frame, made, picture, (MODEL,))


@contextmanager
def recording(plan: RecordingPlan, free: int = PLENTY) -> Iterator[SessionWriter]:
    running = SessionWriter(plan, subject(), lambda _: free)
    running.start()
    try:
        yield running
    finally:
        running.end()
        running.join()


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def pictures(video: Path) -> list[np.ndarray]:
    """All pictures of a recording's video, (H, W, 3) BGR."""
    return [image for image, _ in timed_pictures(video)]


def timed_pictures(video: Path) -> list[tuple[np.ndarray, int]]:
    """Each with its milliseconds."""
    reader = H264Reader(video)
    found = list(iter(reader.read, None))
    reader.close()
    return [picture for picture in found if picture is not None]


@dataclass
class KnownAnalyzer:
    """Returns the known face of each picture; only with a model, as the real one."""

    landmarker: object = None

    def colour(self, analysis: Analysis) -> Analysis:
        return analysis

    def detect(self, frame: Frame, options: AnalysisOptions) -> list[object]:
        return []

    def analyze(
        self,
        frame: Frame,
        model: FakeClassifier | None,
        options: AnalysisOptions,
        *,
        paint: bool,
        detections: list[object],
    ) -> Analysis:
        height, width = frame.image.shape[:2]
        picture = np.dstack([frame.image, np.full((height, width), 255, np.uint8)])
        if model is None:
            return Analysis(frame, (), picture)
        return Analysis(frame, (face(frame.index),), picture, (MODEL,), hidden=options.hidden)


def parts(studio: Studio) -> EngineParts:
    from ferapp.live import engine

    def open_source(spec: str) -> Any:
        return engine.open_source(spec) if spec.startswith("/") else studio.open(spec)

    made: Any = classifier
    analyzer: Any = KnownAnalyzer
    marker: Any = lambda: Closing()  # noqa: E731
    return EngineParts(
        open_source=open_source,
        cameras=lambda: (),
        devices=lambda: (CPU,),
        analyzer=analyzer,
        landmarker=marker,
        classifier=lambda model, device: made(model),
        poll_s=0.02,
    )


class Closing:
    def close(self) -> None:
        return


@contextmanager
def live(studio: Studio, source: str, model: str = "one") -> Iterator[Engine]:
    """A started engine whose model is ready."""
    engine = Engine(source, model, "cpu", parts=parts(studio))
    engine.start()
    try:
        until(lambda: engine.status().model.state is ModelState.READY, "the model")
        until(lambda: engine.status().source.uri, "the source")
        yield engine
    finally:
        engine.close()


def recorded_until(engine: Engine, frames: int) -> RecordingStatus:
    """The status of the recording once it has that many frames."""
    until(lambda: (s := engine.status().recording) and s.frames >= frames, "pictures")
    found = engine.status().recording
    assert found is not None
    return found


def ended(engine: Engine) -> RecordingStatus:
    until(lambda: (s := engine.status().recording) and s.over, "the end of the recording")
    found = engine.status().recording
    assert found is not None
    return found


def only(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found

"""A scripted LiveEngine with drawn faces: no thread, no file, no model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.live.patch_search import PatchSearch
from ferapp.live.status import (
    DeviceInfo,
    LiveStatus,
    ModelInfo,
    ModelState,
    ModelStatus,
    OutputStatus,
    Rates,
    RecordingPlan,
    RecordingStatus,
    SourceStatus,
)
from ferapp.sources.base import Frame
from ferapp.studies.live_output.output_target import OutputTarget
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import Analysis, AppliedModel, Attribution, Crop, Face, Prediction
from trainer.card import ModelCard
from trainer.labels import EXPRESSIONS

SIZE = 44
CARD = ModelCard(
    name="default",
    architecture="compact",
    arguments={},
    attribution_layer="stages",
    data={"name": "FER2013"},
    metrics={"val_accuracy": 0.67},
)


MODEL = AppliedModel(EXPRESSIONS)


def similarity(angle_deg: float, scale: float, centre: tuple[float, float]) -> NDArray[np.float32]:
    """(2, 3) that rotates the frame about `centre` and moves it to the middle of the crop."""
    turn = np.deg2rad(angle_deg)
    a = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = np.array([(SIZE - 1) / 2] * 2) - a @ np.array(centre)
    return np.column_stack([a, shift]).astype(np.float32)


def probabilities(name: str, value: float) -> NDArray[np.float32]:
    result = np.full(len(EXPRESSIONS), (1 - value) / (len(EXPRESSIONS) - 1), np.float32)
    result[EXPRESSIONS.index(name)] = value
    return result


def face(
    centre: tuple[float, float] = (160.0, 120.0),
    half: float = 50.0,
    name: str = "happy",
    value: float = 0.87,
    face_id: int = 0,
    attribution: NDArray[np.float32] | None = None,
    to_crop: NDArray[np.float32] | None = None,
) -> Face:
    """A square face; its landmarks lie on a spiral, so that no two points are the same."""
    t = np.arange(68)
    radius = half * (0.15 + 0.8 * t / 68)
    points = np.column_stack(
        [centre[0] + radius * np.cos(0.7 * t), centre[1] + radius * np.sin(0.7 * t)]
    )
    from_frame = similarity(0, SIZE / (2 * half), centre) if to_crop is None else to_crop
    one = Face(
        face_id=face_id,
        box=(centre[0] - half, centre[1] - half, 2 * half, 2 * half),
        landmarks=points.astype(np.float32),
        crop=Crop(np.full((SIZE, SIZE), 120, np.uint8), from_frame),
        signals=np.full(len(SIGNALS), np.nan, np.float32),
        predictions=(prediction(name, value),),
    )
    if attribution is None:
        return one
    return with_maps(one, attribution[None], (EXPRESSIONS.index(name),))


def prediction(name: str, value: float, **changes: object) -> Prediction:
    """Unsmoothed, the class is 10 percentage points less probable."""
    made = Prediction(MODEL, probabilities(name, max(value - 0.1, 0.0)), probabilities(name, value))
    return replace(made, **changes)  # type: ignore[arg-type]


def with_prediction(face: Face, **changes: object) -> Face:
    """The face with other fields of its prediction."""
    assert face.prediction is not None
    return replace(face, predictions=(replace(face.prediction, **changes),))  # type: ignore[arg-type]


def with_maps(
    face: Face,
    maps: NDArray[np.float32],
    targets: tuple[int, ...],
    regions: NDArray[np.uint8] | None = None,
) -> Face:
    """The face with maps (M, S, S) of the classes `targets`; all pixels are brows by default."""
    assert face.crop is not None
    if regions is None:
        regions = np.zeros(maps.shape[1:], np.uint8)
    attribution = Attribution(maps, targets, regions, face.crop.from_frame)
    return with_prediction(face, attribution=attribution)


def analysis(
    *faces: Face, index: int = 0, size: tuple[int, int] = (320, 240), model: bool = True
) -> Analysis:
    """A noise picture (width, height), so that unchanged pixels are recognised."""
    width, height = size
    picture = np.random.default_rng(index).integers(0, 90, (height, width, 4)).astype(np.uint8)
    picture[..., 3] = 255
    frame = Frame(np.ascontiguousarray(picture[..., :3]), index, index / 30, 100 + index / 30)
    if not model:
        return Analysis(frame, tuple(replace(face, predictions=()) for face in faces), picture)
    return Analysis(frame, faces, picture, (MODEL,))


class FakeEngine:
    """Delivers the analyses passed to `give`, each once, and records all calls."""

    def __init__(self) -> None:
        self.now = LiveStatus(
            source=SourceStatus("demo", "Demo clip"),
            model=ModelStatus(
                ModelState.READY,
                spec="default",
                name="default",
                card=CARD,
                device="cpu",
            ),
            rates=Rates(face_ms=7.6),
            models=(ModelInfo("default", "bundled", CARD, name="default", ms={"cpu": 7.6}),),
            devices=(DeviceInfo("cpu", "CPU, 2 cores"),),
        )
        self.patch_search = PatchSearch()
        self.waiting: Analysis | None = None
        self.listener: Callable[[], None] = lambda: None
        self.taken: list[Analysis] = []
        self.painted_ones: list[Analysis] = []
        self.status_calls = 0
        self.calls: list[tuple[str, object]] = []
        self.options = AnalysisOptions()
        self.is_visible = True
        self.plans: list[RecordingPlan] = []
        self.begins = RecordingStatus(Path("/made/2026-11-24-200000"))  # what `record` leads to

    def give(self, newest: Analysis) -> None:
        self.waiting = newest
        self.listener()

    def announce_to(self, listener: Callable[[], None]) -> None:
        self.listener = listener

    def change(self, **fields: object) -> None:
        self.now = replace(self.now, **fields)  # type: ignore[arg-type]

    def change_source(self, **fields: object) -> None:
        self.change(source=replace(self.now.source, **fields))  # type: ignore[arg-type]

    def change_model(self, **fields: object) -> None:
        self.change(model=replace(self.now.model, **fields))  # type: ignore[arg-type]

    def change_second_model(self, **fields: object) -> None:
        second = self.now.second_model or ModelStatus()
        self.change(second_model=replace(second, **fields))  # type: ignore[arg-type]

    def take(self) -> Analysis | None:
        newest, self.waiting = self.waiting, None
        if newest is not None:
            self.taken.append(newest)
        return newest

    def painted(self, analysis: Analysis) -> None:
        self.painted_ones.append(analysis)

    def status(self) -> LiveStatus:
        self.status_calls += 1
        return self.now

    def open_source(self, source: str) -> None:
        self.calls.append(("open_source", source))

    def load_model(self, model: str) -> None:
        self.calls.append(("load_model", model))

    def use_device(self, device: str) -> None:
        self.calls.append(("use_device", device))

    def compare_with(self, model: str, method: str = "") -> None:
        self.calls.append(("compare_with", (model, method)))

    def set_options(self, options: AnalysisOptions) -> None:
        self.options = options

    def record(self, plan: RecordingPlan) -> None:
        self.plans.append(plan)
        self.change(recording=self.begins)

    def start_output(self, target: OutputTarget) -> None:
        self.calls.append(("start_output", target))
        self.change(outputs=(*self._without(target), OutputStatus(target)))

    def stop_output(self, target: OutputTarget) -> None:
        self.calls.append(("stop_output", target))
        self.change(outputs=self._without(target))

    def _without(self, target: OutputTarget) -> tuple[OutputStatus, ...]:
        return tuple(one for one in self.now.outputs if one.target.kind != target.kind)

    def end_recording(self) -> None:
        self.calls.append(("end_recording", None))

    def mark(self) -> float:
        self.calls.append(("mark", None))
        return self.now.recording.seconds if self.now.recording else 0.0

    def note(self, time_s: float, text: str) -> None:
        self.calls.append(("note", (time_s, text)))

    def add_event(self, kind: str, note: str, at: float) -> None:
        self.calls.append(("add_event", (kind, note)))

    def pause(self, on: bool) -> None:
        if self.now.source.playback is not None:
            self.change_source(playback=replace(self.now.source.playback, paused=on))

    def seek(self, time_s: float) -> None:
        self.calls.append(("seek", time_s))

    def step(self, frames: int) -> None:
        self.calls.append(("step", frames))

    def set_speed(self, speed: float) -> None:
        self.calls.append(("set_speed", speed))

    def set_loop(self, on: bool) -> None:
        self.calls.append(("set_loop", on))

    def repeat_analysis(self) -> None:
        self.calls.append(("repeat_analysis", None))

    def set_reanalysis(self, on: bool) -> None:
        self.calls.append(("set_reanalysis", on))
        if self.now.source.replay is not None:
            self.change_source(replay=replace(self.now.source.replay, is_reanalysed=on))

    def set_visible(self, visible: bool) -> None:
        self.is_visible = visible

    def close(self) -> None:
        self.calls.append(("close", None))

"""The engine when models, devices and sources change; everything is scripted."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferapp.live.engine import Engine
from ferapp.live.status import ModelState
from ferapp.sources.base import Frame
from ferapp.sources.camera_info import CameraInfo
from tests.support.app.engine_parts import (
    CPU,
    FULL,
    GPU,
    EngineBench,
    Pictures,
    failed,
    next_analysis,
    ready,
    status_when,
    until,
)
from trainer.card import ModelCard
from trainer.files import asset
from trainer.models import create
from trainer.models.model_file import save_model
from trainer.training.run_dir import RunDir

BUNDLED = ("default", "accurate", "compact", "dacl", "twin-au", "twin-ce", "twin-pal")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineBench:
    monkeypatch.chdir(tmp_path)  # its ./runs is empty
    return EngineBench.in_folder(tmp_path)


def write_model(path: Path, name: str) -> None:
    network = create("compact", widths=[8, 16], blocks=[1, 1])
    card = ModelCard(
        name=name,
        architecture="compact",
        arguments={"widths": [8, 16], "blocks": [1, 1]},
        attribution_layer=network.attribution_layer,
    )
    save_model(path, network.state_dict(), card)


class Watched(Pictures):
    read_ones = 0  # of all

    def read(self) -> Frame:
        Watched.read_ones += 1
        return super().read()


def test_a_hidden_file_is_not_decoded_and_its_newest_picture_comes_back_at_once(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "open_source", Watched)
    with bench.engine() as engine:
        ready(engine)
        engine.set_visible(False)

        asked: list[int] = []  # how many pictures were read, at each question
        wants_frames = engine._wants_frames

        def counted() -> bool:
            asked.append(Watched.read_ones)
            return wants_frames()

        monkeypatch.setattr(engine._capture._playing, "_wants_frames", counted)
        until(lambda: len(asked) > 5 and len(set(asked[-5:])) == 1, "the file waits")
        while engine.take() is not None:
            pass
        newest = Watched.read_ones - 1
        shown_again = time.perf_counter()
        engine.set_visible(True)
        index = next_analysis(engine, lambda _: True).frame.index
        assert newest - 2 <= index <= newest + 2
        assert time.perf_counter() - shown_again < 5
        until(lambda: Watched.read_ones > newest + 5, "it plays on")


def test_an_engine_that_was_closed_does_not_start(bench: EngineBench) -> None:
    before = threading.active_count()
    with bench.engine() as engine:
        engine.close()
        at_rest = threading.active_count()
        engine.start()
        assert threading.active_count() == at_rest
    assert threading.active_count() == before


class TestModels:
    def test_the_status_describes_the_running_model(self, bench: EngineBench) -> None:
        with bench.engine() as engine:
            status = ready(engine)
            assert status.model.spec == str(bench.models["one"])
            assert status.model.file == bench.models["one"]
            until(lambda: engine.status().rates.face_ms)
            assert engine.status().rates.face_ms == 2
            assert status.model.card
            assert (status.model.notice, status.analysis_notice) == ("", "")
            assert next_analysis(engine, lambda a: "model" in a.classes)

    def test_loading_lasts_until_the_newest_request_is_done(self, bench: EngineBench) -> None:
        gate = threading.Event()
        bench.load_fails = lambda model, _: model == "two" and gate.wait(10)
        with bench.engine() as engine:
            ready(engine)
            engine.load_model("two")
            until(lambda: bench.loads[-1][0] == "two")
            engine.load_model("nobody")
            next_analysis(engine, lambda a: "model" in a.classes)  # the first one goes on
            assert engine.status().model.name == "one"
            gate.set()
            status = status_when(engine, lambda s: s.model.state is not ModelState.LOADING)
            assert status.model.state is ModelState.FAILED
            assert "nobody" in status.model.notice
            assert status.model.name == "two"

    def test_bundled_models_runs_and_opened_files_are_listed(
        self, bench: EngineBench, tmp_path: Path
    ) -> None:
        for run in ("20260101-120000-first", "20260202-120000-second"):
            write_model(RunDir(tmp_path / "runs" / run).best, run.rpartition("-")[2])
        bench.models["one"].write_bytes(b"no model at all")
        with bench.engine(model=str(bench.models["one"])) as engine:
            status = status_when(
                engine, lambda s: len(s.models) >= len(BUNDLED) + 3 and s.models[-1].ms
            )
            listed = [(m.group, m.name) for m in status.models]
            assert listed == [
                *(("bundled", name) for name in BUNDLED),
                ("run", "20260202-120000-second"),
                ("run", "20260101-120000-first"),
                ("file", "one"),
            ]
            bundled, *_, newest, _, opened = status.models
            assert bundled.spec == "default"
            assert newest.card
            assert (newest.card.name, newest.problem) == ("second", "")
            assert opened.card is None
            assert "not a model file" in opened.problem
            assert opened.ms == {"cuda:0": pytest.approx(2)}
            assert opened.spec == status.model.spec

            write_model(bench.models["one"], "mended")
            mended = status_when(engine, lambda s: s.models[-1].card).models[-1]
            assert mended.card
            assert (mended.card.name, mended.problem) == ("mended", "")

    def test_a_card_is_read_once(
        self, bench: EngineBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from ferapp.live import model_catalogue

        read: list[Path] = []
        read_card = model_catalogue.read_card
        monkeypatch.setattr(
            model_catalogue, "read_card", lambda path: read.append(path) or read_card(path)
        )
        catalogue = model_catalogue.ModelCatalogue(tmp_path / "runs", lambda path: {})
        first = catalogue.list_models()
        assert catalogue.list_models() == catalogue.list_models() == first
        assert sorted(read) == sorted(asset("models").resolve().glob("*.safetensors"))

    def test_times_are_remembered_for_each_device(self, bench: EngineBench) -> None:
        bench.models["one"].touch()  # a file that is there is listed
        with bench.engine(model=str(bench.models["one"])) as engine:
            ready(engine)
            until(lambda: engine.status().rates.face_ms == 2)
            engine.use_device("cpu")
            until(lambda: engine.status().rates.face_ms == 12)
            done = status_when(engine, lambda s: s.models and len(s.models[-1].ms) == 2)
            assert done.models[-1].ms == {"cuda:0": 2, "cpu": 12}


class TestDevices:
    def test_devices_are_listed_once_torch_is_imported(self, bench: EngineBench) -> None:
        with bench.engine() as engine:
            assert status_when(engine, lambda s: s.devices).devices == (CPU, GPU)
            bench.devices = (CPU,)
            status_when(engine, lambda s: s.devices == (CPU,))

    def test_the_model_moves_while_analysis_continues(self, bench: EngineBench) -> None:
        gate = threading.Event()
        bench.load_fails = lambda _, device: device == "cpu" and gate.wait(10)
        with bench.engine() as engine:
            ready(engine)
            engine.use_device("cpu")
            assert engine.status().model.state is ModelState.LOADING
            until(lambda: bench.loads[-1] == ("one", "cpu"))
            bench.seen.clear()
            until(lambda: len(bench.seen) > 3)
            assert {device for device, _ in bench.seen} == {"cuda"}
            gate.set()
            ready(engine, device="cpu")
            engine.load_model("two")
            ready(engine, "two", "cpu")  # the next model stays on the chosen device

    @pytest.mark.parametrize(
        ("problem", "message"),
        [
            (None, "the device abacus is not available"),
            (torch.OutOfMemoryError(FULL), "abacus has too little free memory for one"),
            (RuntimeError("CUDA error: out of memory\nnotes"), "too little free memory"),
            (RuntimeError("driver on fire\nnotes"), "abacus: RuntimeError: driver on fire"),
            (OSError(), "OSError"),
        ],
    )
    def test_a_device_that_fails_leaves_the_model_where_it_runs(
        self,
        bench: EngineBench,
        problem: Exception | None,
        message: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(_: str, device: str) -> None:
            if device == "abacus" and problem is not None:
                raise problem

        bench.load_fails = fail
        with bench.engine() as engine:
            ready(engine)
            engine.use_device("abacus")
            status = failed(engine)
            assert message in status.model.notice
            assert (status.model.name, status.model.device) == ("one", "cuda:0")
            assert next_analysis(engine, lambda a: "model" in a.classes)
            if problem is not None:
                assert str(problem) in caplog.text  # with its traceback
                assert "Traceback" in caplog.text
            engine.load_model("two")
            ready(engine, "two", "cuda:0")  # not on the one that failed

    def test_a_first_device_that_fails_can_be_changed(self, bench: EngineBench) -> None:
        with bench.engine(device="abacus") as engine:
            assert "abacus" in failed(engine).model.notice
            engine.use_device("cpu")
            assert ready(engine, device="cpu").model.notice == ""


class TestSources:
    def test_cameras_come_and_go(self, bench: EngineBench) -> None:
        camera = CameraInfo(0, "Cam", uri="camera:Cam")
        with bench.engine() as engine:
            assert engine.status().cameras == ()
            bench.cameras = (camera,)
            status_when(engine, lambda s: s.cameras == (camera,))
            bench.cameras = ()
            status_when(engine, lambda s: s.cameras == ())

    def test_a_list_that_fails_keeps_its_last_value(
        self, bench: EngineBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        camera = CameraInfo(0, "Cam", uri="camera:Cam")
        looks = 0

        def look() -> tuple[CameraInfo, ...]:
            nonlocal looks
            looks += 1
            if looks > 1:
                raise OSError("bus reset")
            return (camera,)

        engine = Engine("clip", "one", parts=replace(bench.parts(), cameras=look))
        engine.start()
        try:
            until(lambda: looks > 5)
            assert engine.status().cameras == (camera,)
        finally:
            engine.close()
        assert caplog.text.count("Looking for cameras failed") == 1

    def test_the_source_is_the_uri_that_opens_it(self, bench: EngineBench) -> None:
        with bench.engine() as engine:
            status_when(engine, lambda s: s.source.uri == "clip")
            engine.open_source("gone.mp4")
            status = status_when(engine, lambda s: s.source.fault)
            assert status.source.uri == "clip"
            engine.open_source("other")
            status_when(engine, lambda s: s.source.uri == "other")

    def test_reading_the_status_never_waits(self, bench: EngineBench) -> None:
        gate = threading.Event()
        bench.load_fails = lambda *_: gate.wait(10)
        bench.faces_fail = lambda: gate.wait(10)
        with bench.engine() as engine:
            until(lambda: bench.loads)
            began = time.perf_counter()
            for _ in range(200):
                engine.status()
            took = time.perf_counter() - began
            gate.set()
        assert took < 2  # 200 looks; one takes far below a millisecond on an idle machine

    def test_an_engine_that_was_never_started_closes(self, bench: EngineBench) -> None:
        Engine("clip", "one", parts=bench.parts()).close()


def test_an_analyzer_that_cannot_be_created_is_reported(bench: EngineBench) -> None:
    def fails() -> None:
        raise AttributeError("module 'cv2' has no attribute 'typing'")

    parts = replace(bench.parts(), analyzer=fails)
    engine = Engine("clip", "one", parts=parts)
    engine.start()
    try:
        status = status_when(engine, lambda status: status.analysis_notice != "")
        assert "Pictures cannot be analysed" in status.analysis_notice
        assert "no attribute 'typing'" in status.analysis_notice
    finally:
        engine.close()

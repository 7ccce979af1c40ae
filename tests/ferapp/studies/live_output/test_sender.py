"""The queue and thread of an output, and what is taken from an analysis."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ferapp.studies.live_output import sender as sender_module
from ferapp.studies.live_output.face_values import (
    FaceValues,
    Seats,
    SentModel,
    channels,
    values_in_order,
)
from ferapp.studies.live_output.live_outputs import FALLBACK, NOT_YET, STORED, LiveOutputs
from ferapp.studies.live_output.output_target import LSL, OutputTarget, osc_target
from ferapp.studies.live_output.sender import MAX_WAITING, Sender
from ferapp.vision.face_table import table_head, table_rows
from ferapp.vision.types import Affect, AppliedModel, QualityIssue, QualityKind
from tests.support.app.engine_parts import until
from tests.support.app.output_parts import MODEL
from tests.support.app.recording_parts import loaded, shot
from trainer.errors import FerError

OSC = osc_target("127.0.0.1:9000")


class Outlet:
    """Stands for a network: keeps what it is given; waits while `gate` is closed."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.notice = ""

    def use_model(self, model: SentModel) -> None:
        self.calls.append(("model", model))

    def send(self, faces: Mapping[int, FaceValues], capture_time: float) -> None:
        self.gate.wait(10)
        self.calls.append(("faces", (dict(faces), capture_time)))

    def marker(self, text: str, capture_time: float) -> None:
        self.calls.append(("marker", (text, capture_time)))

    def close(self) -> None:
        self.calls.append(("close", None))

    def of(self, kind: str) -> list[Any]:
        return [value for name, value in self.calls if name == kind]


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


@pytest.fixture
def outputs(outlet: Outlet) -> Iterator[LiveOutputs]:
    made = LiveOutputs(lambda target, faces: outlet)
    yield made
    outlet.gate.set()
    made.close()


def test_a_slow_network_never_delays_and_drops_only_with_a_count(outlet: Outlet) -> None:
    outlet.gate.clear()
    sender = Sender(LSL, lambda target: outlet)
    sender.start()
    sender.send(MODEL, {}, 0.0)
    until(lambda: outlet.of("model"))  # the first frame waits in the network
    began = time.perf_counter()
    for i in range(1, MAX_WAITING + 11):
        sender.send(MODEL, {}, float(i))
    assert time.perf_counter() - began < 0.2
    assert sender.status.lost == 10
    outlet.gate.set()
    until(lambda: sender.status.sent == MAX_WAITING + 1)
    sender.end()
    sender.join()
    times = [moment for _, moment in outlet.of("faces")]
    assert times == [0.0, *map(float, range(11, MAX_WAITING + 11))]  # the oldest were dropped
    assert outlet.calls[-1][0] == "close"


def test_stopping_sends_nothing_more(outlet: Outlet) -> None:
    outlet.gate.clear()
    sender = Sender(LSL, lambda target: outlet)
    sender.start()
    for i in range(20):
        sender.send(MODEL, {}, float(i))
    until(lambda: outlet.of("model"))
    sender.end()
    sender.send(MODEL, {}, 99.0)
    outlet.gate.set()
    sender.join()
    assert len(outlet.of("faces")) <= 1
    assert sender.status.over
    assert sender.status.reason == ""


def test_whatever_fails_becomes_a_sentence_and_the_rest_goes_on(outlet: Outlet) -> None:
    def broken(target: OutputTarget) -> Outlet:
        raise FerError("OSC needs the package python-osc", "Install it")

    sender = Sender(OSC, broken)
    sender.start()
    until(lambda: sender.status.over)
    reason = "Live output by OSC 127.0.0.1:9000 ended: OSC needs the package python-osc\nInstall it"
    assert sender.status.reason == reason
    sender.send(MODEL, {}, 0.0)  # does nothing
    sender.join()
    outlet.send = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
    failing = Sender(LSL, lambda target: outlet)
    failing.start()
    failing.send(MODEL, {}, 0.0)
    until(lambda: failing.status.over)
    assert failing.status.reason == "Live output by LSL ended: ZeroDivisionError: division by zero"
    failing.join()


def test_a_replacement_begins_when_the_old_one_has_closed(
    outputs: LiveOutputs, outlet: Outlet
) -> None:
    outputs.start(OSC, 4)
    outputs.add(shot(1), loaded())
    until(lambda: outlet.of("faces"))
    outputs.start(osc_target("127.0.0.1:9001"), 4)
    outputs.add(shot(2), loaded())
    until(lambda: len(outlet.of("faces")) == 2)
    kinds = [kind for kind, _ in outlet.calls]
    assert kinds == ["model", "faces", "close", "model", "faces"]
    assert [one.target.port for one in outputs.status] == [9001]


def test_what_is_sent_is_what_the_table_has(outputs: LiveOutputs, outlet: Outlet) -> None:
    analysis = shot(1)
    learned = AppliedModel(MODEL.classes, valence_arousal=True)
    (face,) = analysis.faces
    assert face.prediction is not None
    face = replace(
        face,
        signals=np.linspace(0.1, 0.9, len(face.signals), dtype=np.float32),
        quality=(QualityIssue(QualityKind.DARK, 3.0, 15.0),),
        predictions=(
            replace(
                face.prediction,
                model=learned,
                affect=Affect(np.array([0.5, -0.25], np.float32), np.zeros(2, np.float32)),
            ),
        ),
    )
    analysis = replace(analysis, faces=(face,), models=(learned,))
    outputs.start(LSL, 4)
    outputs.add(analysis, loaded("one"))
    until(lambda: outlet.of("faces"))
    (model,), ((faces, moment),) = outlet.of("model"), outlet.of("faces")
    assert model == SentModel("one", MODEL.classes, valence_arousal=True)
    assert moment == analysis.frame.captured_at
    row = dict(zip(table_head(learned), next(iter(table_rows(analysis))), strict=True))
    doubts = row["doubts"].split(";")
    assert "dark" in doubts
    assert "unsure" in doubts
    sent = zip(channels(model), values_in_order(model, faces[1]), strict=True)
    for channel, value in sent:
        if channel.label.startswith("doubt_"):
            assert bool(value) == (channel.label.removeprefix("doubt_") in doubts)
        else:
            assert value == pytest.approx(float(row[channel.label]), abs=1e-4)


def test_what_is_not_sent_and_why(outputs: LiveOutputs, outlet: Outlet) -> None:
    outputs.start(LSL, 4)
    assert outputs.status[0].notice == NOT_YET
    outputs.add(replace(shot(1), models=()), None)
    assert outputs.status[0].notice == NOT_YET
    outputs.add(shot(2, source=""), loaded())
    assert outputs.status[0].notice == FALLBACK
    outputs.add(replace(shot(3), is_recorded=True), loaded())
    assert outputs.status[0].notice == STORED
    outputs.add(shot(4), loaded())
    until(lambda: outlet.of("faces"))
    assert len(outlet.of("faces")) == 1
    assert outputs.status[0].notice == ""


def test_a_failed_frame_is_sent_without_probabilities(outputs: LiveOutputs, outlet: Outlet) -> None:
    outputs.start(LSL, 4)
    outputs.add(shot(1), loaded())
    failed = shot(2)
    failed = replace(
        failed, models=(), faces=tuple(replace(face, predictions=()) for face in failed.faces)
    )
    outputs.add(failed, loaded())
    until(lambda: len(outlet.of("faces")) == 2)
    assert len(outlet.of("model")) == 1  # the streams go on
    faces, _ = outlet.of("faces")[1]
    sent = values_in_order(MODEL, faces[1])
    assert np.isnan(sent[1 : 1 + len(MODEL.classes)]).all()
    assert len(sent) == len(channels(MODEL))


def test_events_of_a_recording_are_markers(outputs: LiveOutputs, outlet: Outlet) -> None:
    outputs.start(LSL, 4)
    outputs.marker("mark", "", 1.5)
    outputs.marker("note", "she smiles", 1.5)
    until(lambda: len(outlet.of("marker")) == 2)
    assert outlet.of("marker") == [("mark", 1.5), ("note: she smiles", 1.5)]


def test_seats_are_few_and_stay() -> None:
    seats = Seats()
    assert seats.assign([0]) == {0: 1}
    assert seats.assign([0, 5]) == {0: 1, 5: 2}
    assert seats.assign([5, 0]) == {0: 1, 5: 2}  # the order of sizes does not matter
    assert seats.assign([5]) == {5: 2}
    assert seats.assign([5, 0]) == {0: 1, 5: 2}  # back where they sat
    assert seats.assign([5, 9]) == {5: 2, 9: 1}
    assert seats.assign([5, 9, 0]) == {5: 2, 9: 1, 0: 3}  # the old seat is taken
    alone = Seats()
    assert [alone.assign([person]) for person in range(20)] == [{n: 1} for n in range(20)]


def test_the_end_of_the_app_does_not_wait_for_a_network_that_hangs(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "CLOSE_S", 0.05)
    outlet.gate.clear()
    outputs = LiveOutputs(lambda target, faces: outlet)
    outputs.start(LSL, 4)
    outputs.add(shot(1), loaded())
    until(lambda: outlet.of("model"))
    outputs.close()
    assert not outlet.of("close")
    outlet.gate.set()
    until(lambda: outlet.of("close"))

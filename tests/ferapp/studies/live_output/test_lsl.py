"""Streams of LSL, received by another process on the loopback."""

import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import numpy as np
import pytest

from ferapp.studies.live_output import lsl_output
from ferapp.studies.live_output.face_output import clock_offset
from ferapp.studies.live_output.face_values import SentModel, channels, values_in_order
from ferapp.studies.live_output.live_outputs import open_output
from ferapp.studies.live_output.lsl_output import MARKERS, NOBODY, LslOutput, stream_name
from ferapp.studies.live_output.output_target import LSL
from ferapp.studies.live_output.sender import Sender
from tests.support.app.engine_parts import until
from tests.support.app.output_parts import (
    MODEL,
    keep_lsl_on_this_computer,
    receiver,
    values,
)
from trainer.errors import FerError

pytest.importorskip("pylsl", reason="needs the extra lsl", exc_type=RuntimeError)


@pytest.fixture(scope="module", autouse=True)
def _loopback(tmp_path_factory: pytest.TempPathFactory) -> None:
    keep_lsl_on_this_computer(tmp_path_factory.mktemp("lsl"))


@pytest.fixture
def output() -> Iterator[LslOutput]:
    made = LslOutput(faces=1)
    yield made
    made.close()


def described(xml: str, what: str) -> list[str]:
    return [
        node.text or "" for node in ET.fromstring(xml).iterfind(f"desc/channels/channel/{what}")
    ]


def test_every_frame_arrives_in_order_with_the_time_of_its_capture() -> None:
    sender = Sender(LSL, lambda target: open_output(target, 1))
    sender.start()
    first = time.perf_counter() - 5  # captured long before it is sent
    sender.send(MODEL, {1: values(0)}, first)
    sender.marker("start", first)
    until(lambda: sender.status.sent == 2)
    assert sender.status.notice == NOBODY
    count, delays = 60, []
    with receiver("lsl", stream_name(1), MARKERS) as received:
        face_stream, marker_stream = received.take(2)
        captures = [first + i / 30 for i in range(count)]
        for i, capture in enumerate(captures):
            sender.send(MODEL, {1: values(i, face_id=i)}, capture)
        sender.marker("mark: ü", captures[-1])
        samples = received.take(count + 1)
        faces = [one for one in samples if one["stream"] == stream_name(1)]
        (marker,) = [one for one in samples if one["stream"] == MARKERS]
        # the delay of sending alone: captured now
        for i in range(20):
            sender.send(MODEL, {1: values(i)}, time.perf_counter())
            one = received.next()
            delays.append(1000 * (one["arrived"] - one["time"]))
    until(lambda: sender.status.sent == 2 + count + 1 + 20)
    status = sender.status
    sender.end()
    sender.join()
    assert [one["values"] for one in faces] == [
        values_in_order(MODEL, values(i, face_id=i)) for i in range(count)
    ]
    import pylsl

    offset = clock_offset(pylsl.local_clock)
    sent = [capture + offset for capture in captures]
    assert np.abs(np.subtract([one["time"] for one in faces], sent)).max() < 0.001
    assert marker["values"] == ["mark: ü"]
    assert abs(marker["time"] - sent[-1]) < 0.001
    assert 0 < np.median(delays) < 100
    assert (status.lost, status.notice) == (0, "")
    labels = [channel.label for channel in channels(MODEL)]
    assert described(face_stream["xml"], "label") == labels
    assert labels[:3] == ["face_id", "p_angry", "p_disgust"]
    units = dict(zip(labels, described(face_stream["xml"], "unit"), strict=True))
    assert (units["yaw_deg"], units["p_happy"]) == ("degrees", "normalized")
    assert (units["au12"], units["doubt_dark"]) == ("normalized", "boolean")
    about = ET.fromstring(face_stream["xml"])
    assert about.findtext("nominal_srate") == "0.000000000000000"  # a slow analysis skips frames
    assert about.findtext("desc/synchronization/can_drop_samples") == "true"
    assert about.findtext("desc/acquisition/model") == "default"
    assert ET.fromstring(marker_stream["xml"]).findtext("type") == "Markers"
    print(f"LSL: median delay {np.median(delays):.2f} ms on the loopback")


def test_another_model_ends_the_streams_and_offers_new_ones_with_its_labels(
    output: LslOutput,
) -> None:
    output.use_model(MODEL)
    with receiver("lsl", stream_name(1)) as received:
        old = received.next()["xml"]
        output.send({1: values(1)}, time.perf_counter())
        assert received.next()["values"][1] == pytest.approx(1 / 1024)
        three = SentModel("three", ("awake", "asleep", "bored"), valence_arousal=True)
        output.use_model(three)
        assert received.next() == {"stream": stream_name(1), "lost": True}
    with receiver("lsl", stream_name(1), MARKERS) as received:
        new, _ = received.take(2)
        output.send({1: values(2, model=three)}, time.perf_counter())
        labels = described(new["xml"], "label")
        sample = dict(zip(labels, received.next()["values"], strict=True))
    assert labels[1:4] == ["p_awake", "p_asleep", "p_bored"]
    assert [sample[name] for name in labels[1:4]] == [2 / 1024, 3 / 1024, 4 / 1024]
    assert (sample["valence"], sample["arousal"]) == (0.5, -0.25)
    before, after = (ET.fromstring(xml).findtext("source_id") for xml in (old, new["xml"]))
    assert before != after  # or a receiver would continue the old stream with other labels


def test_more_faces_than_announced_get_streams_too(output: LslOutput) -> None:
    output.use_model(MODEL)
    output.send({1: values(1), 2: values(2, face_id=7)}, time.perf_counter())
    with receiver("lsl", stream_name(2)) as received:
        received.next()
        output.send({2: values(3, face_id=7)}, time.perf_counter())
        assert received.next()["values"][0] == 7


def test_a_missing_package_or_library_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FerError, match=r"LSL needs the package pylsl.*\n.*ferapp\[lsl\]"):
        open_output(LSL, 1)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "pylsl", None)

    class _NoLibrary:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "pylsl":
                raise RuntimeError("LSL binary library file was not found.")

    monkeypatch.delitem(sys.modules, "pylsl")
    monkeypatch.setattr(sys, "meta_path", [_NoLibrary(), *sys.meta_path])
    monkeypatch.setattr(lsl_output, "check_installed", lambda target: None)
    with pytest.raises(FerError, match=r"liblsl.*\n.*conda-forge"):
        open_output(LSL, 1)


def test_the_source_stays_the_same_after_a_restart() -> None:
    ids = []
    for _ in range(2):
        made = LslOutput(faces=1)
        made.use_model(MODEL)
        with receiver("lsl", stream_name(1)) as received:
            ids.append(ET.fromstring(received.next()["xml"]).findtext("source_id"))
        made.close()
    assert ids[0] == ids[1]


def test_clock_offset_is_exact() -> None:
    assert clock_offset(lambda: time.perf_counter() + 1234.5) == pytest.approx(1234.5, abs=1e-4)

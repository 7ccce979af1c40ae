"""When a disagreement is reported, and which ones are kept."""

from dataclasses import replace

import numpy as np

from ferapp.ui.duel.disagreements import DisagreementDetector, Pin, Pins
from tests.support.ui.fake_engine import analysis, face


def reports(said: str, subjects: str = "") -> list[int]:
    """Indices at which a detector of three frames reports; `.` is agreement."""
    detector = DisagreementDetector(min_frames=3)
    subjects = subjects or "1" * len(said)
    pairs = zip(subjects, said, strict=True)
    return [i for i, (who, what) in enumerate(pairs) if detector.add(who, what.strip(".") or None)]


def test_a_disagreement_is_reported_once_when_it_has_lasted() -> None:
    assert reports("...aaaaaaa") == [5]
    assert reports("aaa") == [2]
    assert reports("........") == []


def test_flicker_is_no_disagreement_and_does_not_end_one() -> None:
    assert reports("..aa..aa..a.a") == []
    assert reports("aaa..aaaa.aaaa") == [2]


def test_after_a_lasting_agreement_the_same_disagreement_is_a_new_one() -> None:
    assert reports("aaa...aaa") == [2, 8]


def test_other_answers_are_another_disagreement() -> None:
    assert reports("aaabbbaaa") == [2, 5, 8]
    assert reports("aaabbaaa") == [2]


def test_another_face_or_segment_begins_anew() -> None:
    assert reports("aaaa", "1122") == []
    assert reports("aaaaaa", "111222") == [2, 5]
    assert reports("aaaaaa", "111112") == [2]


def pin(index: int = 0, position_s: float | None = None, word: str = "Sad") -> Pin:
    one = analysis(face(), index=index)
    one = replace(one, frame=replace(one.frame, position_s=position_s))
    return Pin(one, ("Happy", word), str(index))


def test_the_latest_pins_are_kept_and_all_are_counted() -> None:
    pins = Pins(max_pins=3)
    made = [pin(i) for i in range(5)]
    assert all(pins.add(one) for one in made)
    assert pins.all == tuple(made[2:])
    assert pins.total == 5
    pins.clear()
    assert (pins.all, pins.total) == ((), 0)


def test_the_memory_of_the_pictures_is_bounded() -> None:
    size = pin().analysis.picture.nbytes
    pins = Pins(max_bytes=2 * size)
    made = [pin(i) for i in range(4)]
    for one in made:
        pins.add(one)
    assert pins.all == tuple(made[2:])
    huge = replace(made[0], analysis=replace(made[0].analysis, picture=np.zeros((999, 999, 4))))
    pins.add(huge)  # the newest stays, however large
    assert pins.all == (huge,)


def test_a_clip_that_plays_again_pins_its_disagreements_once() -> None:
    pins = Pins()
    assert pins.add(pin(0, 12.0))
    assert not pins.add(pin(1, 12.4))
    assert pins.add(pin(2, 12.4, word="Fear"))
    assert pins.add(pin(3, 14.0))
    assert pins.add(pin(4))  # a camera: no place in a file
    assert pins.add(pin(5))

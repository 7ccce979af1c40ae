"""The held colour scale: the largest magnitude of the last five seconds."""

from ferapp.overlays.colour_scale import ColourScale


def test_each_picture_has_its_own_scale_by_default() -> None:
    scale = ColourScale(held=False)
    for i in range(100):
        scale.add(1, i / 10, 0.5)
    assert scale.value == 0


def test_holding_takes_the_peak_of_the_last_seconds() -> None:
    scale = ColourScale(held=False)
    scale.add(1, 0, 9.0)  # too old at the moment of switching
    for i in range(1, 101):
        scale.add(1, i / 10, 0.4 if i == 70 else 0.2)
    scale.hold(True)
    assert scale.value == 0.4
    scale.add(1, 10.1, 3.0)
    assert scale.value == 0.4
    scale.hold(False)
    assert scale.value == 0


def test_holding_early_grows_until_five_seconds_were_seen() -> None:
    scale = ColourScale(held=True)
    values = []
    for time, peak in ((0, 0.1), (2, 0.3), (3, 0.2), (4.9, 0.7), (5.1, 0.9)):
        scale.add(1, time, peak)
        values.append(scale.value)
    assert values == [0.1, 0.3, 0.3, 0.7, 0.7]


def test_another_class_is_measured_from_the_start() -> None:
    scale = ColourScale(held=True)
    scale.add(1, 0, 0.5)
    scale.add(1, 8, 0.5)
    scale.reset()
    assert scale.value == 0
    scale.add(1, 8.1, 0.2)
    assert scale.value == 0.2


def test_a_scale_held_in_a_new_segment_is_of_that_segment() -> None:
    for segment, expected in ((1, 0.9), (2, 0.2)):
        scale = ColourScale(held=False)
        scale.add(1, 0, 0.9)
        scale.add(segment, 1, 0.2)
        scale.hold(True)
        assert scale.value == expected


def test_the_scale_grows_until_five_seconds_of_the_segment_were_measured() -> None:
    for segment, expected in ((1, 0.2), (2, 0.7)):
        scale = ColourScale(held=False)
        for time in range(10):
            scale.add(1, time, 0.2)
        scale.add(segment, 10, 0.2)
        scale.hold(True)
        scale.add(segment, 11, 0.7)
        assert scale.value == expected


def test_a_held_scale_stays_in_a_new_segment() -> None:
    """That is its purpose: pictures can be compared, those of a folder too."""
    scale = ColourScale(held=True)
    for time, peak in ((0, 0.5), (6, 0.4)):
        scale.add(1, time, peak)
    scale.add(2, 7, 0.9)
    assert scale.value == 0.5

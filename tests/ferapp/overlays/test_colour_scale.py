"""The scale that is held: the largest magnitude of the last five seconds."""

from ferapp.overlays.colour_scale import ColourScale


def test_each_picture_has_its_own_until_it_is_held() -> None:
    scale = ColourScale(held=False)
    for i in range(100):
        scale.add(i / 10, 0.5)
    assert scale.value == 0


def test_holding_takes_the_peak_of_the_last_seconds() -> None:
    scale = ColourScale(held=False)
    scale.add(0, 9.0)  # too old at the moment of switching
    for i in range(1, 101):
        scale.add(i / 10, 0.4 if i == 70 else 0.2)
    scale.hold(True)
    assert scale.value == 0.4
    scale.add(10.1, 3.0)
    assert scale.value == 0.4
    scale.hold(False)
    assert scale.value == 0


def test_holding_early_grows_until_five_seconds_were_seen() -> None:
    scale = ColourScale(held=True)
    values = []
    for time, peak in ((0, 0.1), (2, 0.3), (3, 0.2), (4.9, 0.7), (5.1, 0.9)):
        scale.add(time, peak)
        values.append(scale.value)
    assert values == [0.1, 0.3, 0.3, 0.7, 0.7]


def test_another_class_is_measured_anew() -> None:
    scale = ColourScale(held=True)
    scale.add(0, 0.5)
    scale.add(8, 0.5)
    scale.reset()
    assert scale.value == 0
    scale.add(8.1, 0.2)
    assert scale.value == 0.2


def test_a_clock_that_goes_back_begins_anew() -> None:
    scale = ColourScale(held=True)
    scale.add(50, 0.5)
    scale.add(1, 0.2)
    assert scale.value == 0.2

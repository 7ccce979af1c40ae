"""A face keeps its colour; a lone one has the first."""

from ferapp.vision.face_colours import ALONE_S, FaceColours


def test_a_lone_face_has_the_first_colour_whatever_its_number() -> None:
    assert FaceColours().assign([5], 0, 0.0) == [0]


def test_a_colour_stays_when_a_second_face_appears_and_goes() -> None:
    colours = FaceColours()
    assert colours.assign([5], 0, 0.0) == [0]
    assert colours.assign([5, 0], 0, 0.1) == [0, 1]  # number 1 has the first colour no more
    assert colours.assign([0, 5], 0, 0.2) == [1, 0]
    assert colours.assign([0], 0, 0.3) == [1]  # the other may only be missed in this frame
    assert colours.assign([0, 5], 0, 0.4) == [1, 0]


def test_a_face_that_stays_alone_gets_the_first_colour_and_keeps_it() -> None:
    colours = FaceColours()
    assert colours.assign([0, 1], 0, 0.0) == [0, 1]
    assert colours.assign([1], 0, 1.0) == [1]
    assert colours.assign([1], 0, 1.0 + ALONE_S) == [0]
    assert colours.assign([0, 1], 0, 3.0) == [1, 0]  # who comes back finds it taken


def test_faces_together_have_the_colours_of_their_numbers() -> None:
    assert FaceColours().assign([2, 0, 9], 0, 0.0) == [2, 0, 1]


def test_two_faces_never_share_a_colour() -> None:
    colours = FaceColours()
    colours.assign([3], 0, 0.0)
    many = colours.assign([3, 0, 1, 2, 4, 5, 6, 7], 0, 0.1)
    assert sorted(many) == list(range(8))
    assert many[0] == 0


def test_another_segment_starts_over() -> None:
    colours = FaceColours()
    colours.assign([0, 1], 0, 0.0)
    assert colours.assign([1], 1, 0.1) == [0]

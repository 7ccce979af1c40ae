"""A face and the picture around it, cut out of a large frame."""

from dataclasses import replace

import numpy as np

from ferapp.vision.face_cutout import cut_out_face
from tests.support.ui.fake_engine import SIZE, analysis, face


def test_what_is_drawn_on_the_face_falls_on_the_same_pixels() -> None:
    map_ = np.ones((SIZE, SIZE), np.float32)
    whole = analysis(
        face((100, 60)), face((520, 300), 40, attribution=map_, face_id=1), size=(640, 480)
    )
    chosen = whole.faces[1]
    part = cut_out_face(whole, chosen)
    (moved,) = part.faces
    height, width = part.picture.shape[:2]
    assert (height, width) < whole.picture.shape[:2]
    assert part.picture.base is None  # the large picture is freed
    np.testing.assert_array_equal(part.frame.image, part.picture[..., :3])
    assert part.selected_face is moved
    assert chosen.landmarks is not None
    assert moved.landmarks is not None
    before, after = chosen.landmarks.round().astype(int), moved.landmarks.round().astype(int)
    np.testing.assert_array_equal(
        part.picture[after[:, 1], after[:, 0]], whole.picture[before[:, 1], before[:, 0]]
    )
    attributions = [f.prediction.attribution for f in (chosen, moved) if f.prediction]
    crops = [
        a.from_frame @ np.append(p, 1)
        for a, p in zip(attributions, (chosen.landmarks[0], moved.landmarks[0]), strict=True)
        if a
    ]
    np.testing.assert_allclose(crops[0], crops[1], atol=1e-3)


def test_a_face_at_the_edge_is_cut_out_as_far_as_the_frame_reaches() -> None:
    whole = analysis(face((5, 5), 30), size=(320, 240))
    part = cut_out_face(whole, whole.faces[0])
    rows, columns = part.picture.shape[:2]
    np.testing.assert_array_equal(part.picture, whole.picture[:rows, :columns])
    assert part.faces[0].box == whole.faces[0].box
    outside = replace(whole.faces[0], box=(-500.0, -500.0, 20.0, 20.0))
    assert cut_out_face(whole, outside).picture.shape[:2] == (1, 1)

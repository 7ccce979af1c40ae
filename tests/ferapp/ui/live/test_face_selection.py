"""Several faces: their colours, and the selected one in bars, plots and attribution."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from ferapp.live.status import Playback
from ferapp.overlays import label_text, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.overlays.render_overlays import render_overlays
from ferapp.sources.recorded import RecordedResults
from ferapp.ui.live.face_selection import FaceSelection, next_face
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import wording
from ferapp.vision.types import Analysis, Face
from tests.support.ui.fake_engine import SIZE, analysis, face
from tests.support.ui.picture import pixels, rgb
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.usefixtures("qapp")  # text needs fonts
BOXES = OverlayStyle(landmarks=False, attribution=False)
LEFT, RIGHT = (80.0, 120.0), (240.0, 120.0)


def two(index: int = 0, ids: tuple[int, int] = (0, 1), half: float = 40) -> Analysis:
    """A happy face at the left and a sad one, a little smaller, at the right."""
    hot = np.ones((SIZE, SIZE), np.float32)
    left = face(LEFT, half, "happy", 0.8, ids[0], attribution=hot)
    right = face(RIGHT, half - 2, "sad", 0.6, ids[1], attribution=-hot)
    return analysis(left, right, index=index)


def one(index: int, face_id: int = 0) -> Analysis:
    return analysis(face(LEFT, 40, "happy", 0.8, face_id), index=index)


@pytest.fixture
def page(bench: Bench) -> LivePage:
    return bench.window.live_page


def click(bench: Bench, place: tuple[float, float]) -> None:
    view = bench.window.live_page.view
    at = view.frame_to_view(*place).toPoint()
    bench.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)


def says(bench: Bench, headline: str, detail: str) -> None:
    panel = bench.window.live_page.panel
    bench.qtbot.waitUntil(  # the panel follows the picture a few times a second
        lambda: (
            (panel.label.text().replace("\u00a0", " "), panel.detail.text()) == (headline, detail)
        )
    )


def edge(image: np.ndarray, of: Face) -> np.ndarray:
    """The pixels of a rendered picture along the middle of the left edge of the box."""
    x, y, _, height = of.box
    return image[int(y + 0.4 * height) : int(y + 0.6 * height), round(x) - 3 : round(x) + 4]


def rendered(shown: Analysis) -> np.ndarray:
    image = render_overlays(shown, BOXES)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., 2::-1].astype(int)


@pytest.mark.parametrize("face_id", [0, 1, 7, 8, 42])
def test_the_box_has_the_colour_of_the_face(face_id: int) -> None:
    shown = analysis(face(face_id=face_id))
    found = edge(rendered(shown), shown.faces[0])
    distance = np.abs(found - rgb(palette.FACE_COLOURS[face_id % 8])).sum(axis=2)
    assert (distance.min(axis=1) < 90).all()


def test_the_selected_box_is_the_strongest_and_colours_stay(page: LivePage) -> None:
    shown = two()
    usual, strong = rendered(shown), rendered(replace(shown, selected_id=1))

    def ink(image: np.ndarray, index: int) -> float:
        """Share of the edge in the colour of the face."""
        colour = np.array(rgb(palette.FACE_COLOURS[index]))
        return float((np.abs(edge(image, shown.faces[index]) - colour).sum(axis=2) < 150).sum())

    assert ink(strong, 1) > 1.3 * ink(usual, 1)
    assert 0 < ink(strong, 0) <= ink(usual, 0)


def test_faces_are_numbered_only_if_there_are_several() -> None:
    shown = two(ids=(0, 9))
    labels = [label_text.box_label(one_face, shown) for one_face in shown.faces]
    assert labels == ["1  Happy 80\u00a0%", "2  Sad 60\u00a0%"]
    alone = one(0)
    assert label_text.box_label(alone.faces[0], alone) == "Happy 80\u00a0%"


def test_a_click_selects_a_face_everywhere(bench: Bench, page: LivePage) -> None:
    bench.show(two(0))
    says(bench, "Happy 80 %", "Apparent expression, largest of two faces")
    click(bench, RIGHT)
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")
    assert page.panel.badge.accessibleName() == "Face 2 is selected"
    assert page.panel.bars.summary().startswith("Angry 7")
    assert "Sad 60" in page.panel.bars.summary()
    assert page.view.selected_map() is page.view.map_images()[1]
    bench.show(two(1))
    smoothed = page.history.last(20).smoothed
    assert smoothed[-1, 4] == pytest.approx(0.6)  # sad
    bench.qtbot.waitUntil(lambda: "Followed: face 2" in page.view.accessibleDescription())
    click(bench, RIGHT)  # again: the largest
    says(bench, "Happy 80 %", "Apparent expression, largest of two faces")


def test_a_click_beside_the_faces_changes_nothing(bench: Bench, page: LivePage) -> None:
    bench.show(two(0))
    click(bench, RIGHT)
    click(bench, (160, 120))
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")


def test_the_face_inside_the_box_of_another_can_be_clicked(bench: Bench, page: LivePage) -> None:
    inner = face((150, 110), 20, "sad", 0.6, 1)
    bench.show(analysis(face((160, 120), 80, "happy", 0.8, 0), inner))
    click(bench, (150, 110))
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")


def test_keys_choose_a_face(bench: Bench, page: LivePage) -> None:
    bench.show(two(0))
    for key, headline, why in (
        (Qt.Key.Key_2, "Sad 60 %", "chosen"),
        (Qt.Key.Key_0, "Happy 80 %", "largest"),
        (Qt.Key.Key_N, "Sad 60 %", "chosen"),
        (Qt.Key.Key_N, "Happy 80 %", "chosen"),
    ):
        bench.qtbot.keyClick(bench.window, key)
        says(bench, headline, f"Apparent expression, {why} of two faces")
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_7)
    assert page.live_view.toast.label.text() == "There is no face 7 in the picture."


def test_a_face_can_be_chosen_in_a_frozen_picture(bench: Bench, page: LivePage) -> None:
    bench.show(two(0))
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    click(bench, RIGHT)
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")
    page.view.grab()
    assert len(bench.engine.painted_ones) == 1


def test_the_choice_outlives_an_occlusion_and_a_crossing(bench: Bench, page: LivePage) -> None:
    bench.show(two(0))
    click(bench, RIGHT)
    bench.show(one(10))
    says(bench, "Out of sight", "Face 2 is followed again if it returns soon.")
    assert page.panel.badge.isVisible()
    bench.show(two(30))
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")
    crossed = two(31)
    left, right = crossed.faces
    swapped = replace(left, box=right.box), replace(right, box=left.box)
    bench.show(replace(crossed, faces=swapped))
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")


def test_when_the_chosen_face_leaves_the_largest_is_selected(bench: Bench, page: LivePage) -> None:
    bench.show(two(0))
    click(bench, RIGHT)
    bench.show(one(60))  # two seconds later
    says(bench, "Happy 80 %", "Apparent expression")
    text = "Face 2 has left. Following the largest face again."
    assert page.live_view.toast.label.text() == text
    assert page.live_view.toast.isVisible()
    assert not page.panel.badge.isVisible()


def in_segment(segment: int, analysis: Analysis, *, recorded: bool = False) -> Analysis:
    results = RecordedResults() if recorded else None
    return replace(analysis, frame=replace(analysis.frame, segment=segment, recorded=results))


def test_the_choice_holds_within_a_segment() -> None:
    selection = FaceSelection()
    selection.apply(in_segment(1, two(5)))
    selection.choose(1)
    assert selection.apply(in_segment(1, two(6))).selected_id == 1
    assert selection.apply(in_segment(2, two(7))).selected_id == 0  # even if the id is the same
    assert (selection.chosen, selection.departed) == (None, None)


def test_no_face_departs_because_a_segment_ended() -> None:
    """In the next picture of a folder, for example, faces cannot be identified."""
    selection = FaceSelection()
    selection.apply(in_segment(1, two(5)))
    selection.choose(1)
    selection.apply(in_segment(1, two(6)))
    selection.apply(in_segment(2, two(100, ids=(8, 9))))
    assert (selection.chosen, selection.departed) == (None, None)


def test_a_recording_knows_its_faces_in_all_segments() -> None:
    selection = FaceSelection()
    selection.apply(in_segment(1, two(5), recorded=True))
    selection.choose(1)
    assert selection.apply(in_segment(2, two(6), recorded=True)).selected_id == 1
    unknown = in_segment(3, two(7, ids=(8, 9)), recorded=True)
    assert selection.apply(unknown).selected_id == 8
    assert (selection.chosen, selection.departed) == (None, None)


def test_the_faces_of_another_recording_are_others() -> None:
    selection = FaceSelection()
    selection.apply(in_segment(1, two(5), recorded=True))
    selection.choose(1)
    other = in_segment(2, two(6), recorded=True)
    other = replace(other, frame=replace(other.frame, source="/other"))
    assert selection.apply(other).selected_id == 0


def test_the_largest_face_is_determined_again_in_a_new_segment() -> None:
    selection = FaceSelection()
    left, right = two(0).faces
    larger = replace(right, box=(*right.box[:2], 84, 84))
    assert selection.apply(in_segment(1, two(0))).selected_id == 0
    assert selection.apply(in_segment(1, replace(two(1), faces=(larger, left)))).selected_id == 0
    assert selection.apply(in_segment(2, replace(two(2), faces=(larger, left)))).selected_id == 1


def test_a_face_chosen_in_a_paused_picture_stays_chosen_when_it_plays_on() -> None:
    selection = FaceSelection()
    paused = selection.apply(in_segment(1, two(5)))
    selection.choose(1)
    selection.carry_over(paused)
    assert selection.apply(in_segment(2, two(6, ids=(8, 9)))).selected_id == 9
    assert selection.apply(in_segment(3, two(7, ids=(16, 17)))).selected_id == 16  # a seek, say


def test_a_face_that_is_not_there_after_the_pause_is_not_replaced_by_another() -> None:
    selection = FaceSelection()
    paused = selection.apply(in_segment(1, two(5)))
    selection.choose(1)
    selection.carry_over(paused)
    assert selection.apply(in_segment(2, one(6, face_id=8))).selected_id is None
    assert selection.chosen is None


def test_a_face_chosen_while_paused_stays_selected(bench: Bench, page: LivePage) -> None:
    bench.engine.change_source(playback=Playback(60.0))
    bench.qtbot.waitUntil(page.play_bar.isVisible)
    bench.show(in_segment(1, two(0)))
    page.play_bar.pause.click()
    click(bench, RIGHT)
    page.play_bar.pause.click()
    bench.show(in_segment(2, two(1, ids=(8, 9))))
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")


def test_selection_does_not_alternate_between_faces_of_similar_size() -> None:
    selection = FaceSelection()
    first = two(0)
    assert selection.apply(first).selected_id == 0
    left, right = first.faces
    slightly = replace(right, box=(*right.box[:2], 84, 84))
    frame = replace(first.frame, index=1, time_s=0.1)
    assert selection.apply(replace(first, frame=frame, faces=(slightly, left))).selected_id == 0
    clearly = replace(right, box=(*right.box[:2], 120, 120))
    assert selection.apply(replace(first, frame=frame, faces=(clearly, left))).selected_id == 1


def test_the_next_face_cycles_by_number() -> None:
    shown = two(ids=(9, 0))  # numbers 2 and 1
    assert next_face(shown) == 0
    assert next_face(replace(shown, selected_id=0)) == 9
    assert next_face(replace(shown, selected_id=9)) == 0
    assert next_face(None) is None


def test_the_tip_of_a_face_says_how_to_select_it() -> None:
    shown = two()
    assert "Click: bars and plots follow face 2 (key: 2)" in wording.face_tip(shown.faces[1], shown)
    assert "Click" not in wording.face_tip(one(0).faces[0], one(0))


def test_the_number_of_faces_is_a_setting(bench: Bench, page: LivePage) -> None:
    assert bench.engine.options.max_faces == 4
    (menu,) = [a.menu() for a in bench.window.help.menu.actions() if a.text() == "Maximum faces"]
    menu.actions()[1].trigger()
    assert bench.engine.options.max_faces == 2
    bench.window.store.save()
    assert SettingsStore(bench.window.store.path).now.faces == 2


def test_the_badge_matches_the_face_in_the_picture(bench: Bench, page: LivePage) -> None:
    bench.show(two(0))
    click(bench, RIGHT)
    badge = page.panel.badge
    says(bench, "Sad 60 %", "Apparent expression, chosen of two faces")
    assert pixels(badge)[4, 13].tolist() == rgb(palette.FACE_COLOURS[1])
    assert "press its number" in badge.toolTip()
    assert badge.rect().contains(QPoint(13, 13))

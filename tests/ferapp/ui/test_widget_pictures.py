"""Single widgets as they looked when somebody last looked at them: tests/ui/snapshots/*.png.

FERAPP_UPDATE_SNAPSHOTS=1 writes the pictures anew; look at each of them before keeping it.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QFont, QFontDatabase, QImage
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ferapp.overlays import overlay_painter, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.live.display_controls import Switch
from ferapp.ui.live.face.attribution_controls import AttributionControls
from ferapp.ui.live.face.attribution_key import AttributionKey
from ferapp.ui.live.face.crop_view import CropView
from ferapp.ui.live.face.hide_parts import HideRow
from ferapp.ui.live.face.probability_bars import ProbabilityBars
from ferapp.ui.live.face.quality_chips import QualityChips
from ferapp.ui.live.video_view import VideoView
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.vision.hidden_areas import hide_parts
from ferapp.vision.types import Analysis, Face, QualityIssue, QualityKind
from tests.support.ui.fake_engine import SIZE, analysis, probabilities, with_maps, with_prediction
from tests.support.ui.picture import drawn_face, hiding
from trainer.labels import EXPRESSIONS

FOLDER = Path(__file__).parent / "snapshots"
FONT = "DejaVu Sans"
NEAR = 5  # px: differences are means over squares of this side, so that letters may differ a bit
MOST = 40  # of 255: of any such square
MEAN = 1.5  # of 255: of the whole picture


def bars() -> QWidget:
    widget = ProbabilityBars()
    widget.show_probabilities(
        EXPRESSIONS, probabilities("happy", 0.7), probabilities("happy", 0.85), marked=4
    )
    return sized(widget, 340)


def bars_hidden() -> QWidget:
    widget = ProbabilityBars()
    now = np.array([0.04, 0.02, 0.09, 0.31, 0.44, 0.03, 0.07], np.float32)
    widget.show_probabilities(EXPRESSIONS, now, now, probabilities("happy", 0.92))
    return sized(widget, 340)


def key_signed() -> QWidget:
    widget = AttributionKey()
    widget.show_map(OverlayStyle(full_scale=0.348), "Happy", "Happy")
    return sized(widget, 216)


def key_strength() -> QWidget:
    widget = AttributionKey()
    widget.show_map(OverlayStyle(signed=False, palette="green_violet"), "Happy", "Sad")
    return sized(widget, 216)


def one_face(name: str = "happy") -> Face:
    """With a map: for the class around the mouth, against it between the brows."""
    row, column = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    spots = [
        sign * np.exp(-((column - 21.5) ** 2 + (row - y) ** 2) / 50)
        for sign, y in ((1.0, 34), (-0.7, 12))
    ]
    crop = (90 + 60 * np.exp(-((column - 21.5) ** 2 + (row - 21.5) ** 2) / 300)).astype(np.uint8)
    maps = np.sum(spots, axis=0, dtype=np.float32)[None]
    face = drawn_face(name=name)
    assert face.crop is not None
    face = replace(face, crop=replace(face.crop, pixels=crop))
    return with_maps(face, maps, (EXPRESSIONS.index(name),))


def crop() -> QWidget:
    face, widget = one_face(), CropView()
    assert face.prediction is not None
    assert face.prediction.attribution is not None
    heat = face.prediction.attribution.maps[0]
    widget.show_crop(face.crop, overlay_painter.map_image(heat, OverlayStyle()))
    return sized(widget, 120)


def controls() -> QWidget:
    """Switches and chips, each off and on."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    for on in (False, True):
        action = QAction("Landmarks", widget, checkable=True, checked=on)
        column.addWidget(Switch(action))
    row = QHBoxLayout()
    for on, struck in ((False, False), (True, False), (True, True)):
        chip = Chip("Mouth", "", struck=struck)
        chip.setChecked(on)
        row.addWidget(chip)
    disabled = Chip("Mouth", "")
    disabled.setEnabled(False)
    row.addWidget(disabled)
    column.addLayout(row)
    return sized(widget, 280)


def choices() -> QWidget:
    """The rows of hiding and of the attribution."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    hide = HideRow(QAction("Paint"), QAction("Hide nothing"))
    hide.chips["mouth"].setChecked(True)
    attribution = AttributionControls(hold_scale=True)
    attribution.show_style(OverlayStyle(target="runner_up", palette="blue_red"), EXPRESSIONS)
    column.addWidget(hide)
    column.addWidget(attribution)
    return sized(widget, 374)


def doubts() -> QWidget:
    widget = QualityChips()
    kinds = (QualityKind.SMALL, QualityKind.TURNED, QualityKind.DARK)
    widget.show_issues(tuple(QualityIssue(kind, 1, 2) for kind in kinds))
    return sized(widget, 200)


def on_a_plain_picture(*faces: Face) -> Analysis:
    shown = analysis(*faces)
    height, width = shown.picture.shape[:2]
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = np.linspace(40, 110, width, dtype=np.uint8)[:, None]
    return replace(shown, picture=picture)


def video() -> QWidget:
    widget = VideoView(lambda _: None)
    widget.show_analysis(on_a_plain_picture(one_face()))
    return sized(widget, 420, 300)


def video_signs() -> QWidget:
    """Mirrored, in doubt, the mouth hidden."""
    face = replace(one_face("sad"), quality=(QualityIssue(QualityKind.TURNED, 50, 35),))
    face = with_prediction(face, unmasked=probabilities("happy", 0.9))
    widget = VideoView(lambda _: None)
    widget.set_overlay_style(OverlayStyle(mirror=True, attribution=False))
    widget.show_analysis(hiding(on_a_plain_picture(face), hide_parts({"mouth", "brows"})))
    return sized(widget, 420, 300)


SCENES: tuple[Callable[[], QWidget], ...] = (
    bars,
    bars_hidden,
    key_signed,
    key_strength,
    crop,
    controls,
    choices,
    doubts,
    video,
    video_signs,
)


def sized(widget: QWidget, width: int, height: int | None = None) -> QWidget:
    widget.resize(width, height or widget.sizeHint().height())
    return widget


def rendered(widget: QWidget) -> QImage:
    """One pixel a point on every screen."""
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    image.fill(palette.to_qcolor(theme.current().panel))
    widget.ensurePolished()
    widget.render(image, renderFlags=QWidget.RenderFlag.DrawChildren)
    return image


def as_array(image: QImage) -> NDArray[np.float64]:
    rows = image.convertToFormat(QImage.Format.Format_RGBA8888)
    shape = (rows.height(), rows.bytesPerLine() // 4, 4)
    array = np.frombuffer(rows.constBits(), np.uint8).reshape(shape)
    return array[:, : rows.width(), :3].astype(float)


def difference(one: QImage, other: QImage) -> tuple[float, float]:
    """Largest difference of the means over NEAR × NEAR px, and the mean one of all pixels."""
    change = as_array(one) - as_array(other)
    sums = np.pad(change, ((1, 0), (1, 0), (0, 0))).cumsum(axis=0).cumsum(axis=1)
    n = NEAR
    squares = sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]
    return float(np.abs(squares).max() / n**2), float(np.abs(change).mean())


def same(one: QImage, other: QImage) -> bool:
    if one.size() != other.size():
        return False
    most, mean = difference(one, other)
    return most <= MOST and mean <= MEAN


@pytest.fixture(params=["dark", "light"])
def dressed(request: pytest.FixtureRequest, qtbot: QtBot, qapp: QApplication) -> Iterator[str]:
    """One theme, and a font that draws the same on most machines."""
    if FONT not in QFontDatabase.families():
        pytest.skip(f"the font {FONT} is not installed (fonts-dejavu-core)")
    before = qapp.font()
    font = QFont(FONT)
    font.setPixelSize(13)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    qapp.setFont(font)
    theme.apply_theme(qapp, request.param)
    yield request.param
    qapp.setFont(before)
    theme.apply_theme(qapp, "dark")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_a_widget_looks_as_it_did(
    scene: Callable[[], QWidget], dressed: str, qtbot: QtBot, tmp_path: Path
) -> None:
    widget = scene()
    qtbot.addWidget(widget)
    image = rendered(widget)
    file = FOLDER / f"{scene.__name__}-{dressed}.png"
    if os.environ.get("FERAPP_UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        assert image.save(str(file))
        return
    expected = QImage(str(file))
    assert expected.size() == image.size(), f"{file.name}: another size"
    if not same(expected, image):
        new = tmp_path / file.name
        image.save(str(new))
        pytest.fail(f"{file.name} differs by {difference(expected, image)}; see {new}")


def test_no_picture_is_left_over() -> None:
    expected = {f"{scene.__name__}-{look}.png" for scene in SCENES for look in ("dark", "light")}
    assert {file.name for file in FOLDER.glob("*")} == expected


def test_the_comparison_sees_what_is_missing_moved_or_tinted(dressed: str, qtbot: QtBot) -> None:
    def picture(**changes: object) -> QImage:
        widget = ProbabilityBars()
        qtbot.addWidget(widget)
        values = {"smoothed": probabilities("happy", 0.7), "raw": probabilities("happy", 0.7)}
        widget.show_probabilities(EXPRESSIONS, **{**values, **changes})  # type: ignore[arg-type]
        return rendered(sized(widget, 340))

    plain = picture()
    assert same(plain, picture())
    assert not same(plain, picture(marked=4))
    assert not same(plain, picture(smoothed=probabilities("happy", 0.68)))
    moved = plain.copy(2, 0, plain.width(), plain.height())
    assert not same(plain, moved)
    assert not same(plain, plain.scaled(QSize(339, plain.height())))


def test_the_comparison_bears_another_way_to_draw_letters(
    dressed: str, qtbot: QtBot, qapp: QApplication
) -> None:
    images = []
    for preference in (
        QFont.HintingPreference.PreferNoHinting,
        QFont.HintingPreference.PreferVerticalHinting,
    ):
        font = qapp.font()
        font.setHintingPreference(preference)
        qapp.setFont(font)
        widget = bars()
        qtbot.addWidget(widget)
        images.append(rendered(widget))
    assert same(*images)

"""One sample: its picture, the model's answer, why this answer, and why not the label."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.evaluation import Evaluation
from ferapp.review.opened import Examined, Explained
from ferapp.runs.task_queue import Failure
from ferapp.ui.live.face.attention_strip import AttentionStrip
from ferapp.ui.live.face.probability_bars import ProbabilityBars
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.map_tile import SIDE, MapTile
from ferapp.ui.widgets.picker import Picker
from ferapp.vision.overlay_methods import ACTION_UNITS, OVERLAY_METHODS
from trainer.attribution_methods import DEFAULT_METHOD

_PICTURE = 132  # px
_MAPS = ("Labelled", "Predicted", "Difference", "Action units", "Action units", "Landmarks")
_SCORE = (
    "r: Pearson's correlation of the map with the heatmap of the landmarks,\n"
    "at the resolution of the layer; 1 is the same, 0 is no relation.\n"
    "AU: cosine of the map's positive part with the action units of the class; a map that is\n"
    "the same for every face reaches about 0.7 there, so less says little."
)
_MAP = (
    "What each place adds to the score of {name} (warm) and takes from it (cool).\n"
    "All three maps share one scale."
)


class SampleBars(ProbabilityBars):
    """The thin tick is the share of annotators, where the data set has votes."""

    def __init__(self) -> None:
        super().__init__()
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.voted = False

    def tip_at(self, y: int) -> str:
        tip = "The model's probability for each expression; they add up to 100 %."
        if self.voted:
            tip += "\nThin tick: the share of annotators who chose it."
        return tip + "\nTriangle: the label."


class Detail(QWidget):
    """`method_changed` asks for maps by another method."""

    method_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._found: Evaluation | None = None
        self.headline = QLabel("No sample")
        self.headline.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.headline.setAccessibleName("Sample")
        self.sample = QLabel()
        self.sample.setProperty("quiet", True)
        self.sample.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sample.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.other = QLabel()
        self.other.setWordWrap(True)
        self.other.setToolTip("What the model that is compared with says of this sample.")
        self.other.hide()
        self.picture = MapTile("Picture", _PICTURE)
        self.bars = SampleBars()
        self.maps = [MapTile(name) for name in _MAPS[:3]]
        self.heats = [MapTile(name) for name in _MAPS[3:]]
        self.method = Picker("Explain by", "How the maps are found.")
        for name, method in OVERLAY_METHODS.items():
            if name != ACTION_UNITS:
                self.method.addItem(method.title, name)
        self.method.currentIndexChanged.connect(lambda _: self.method_changed.emit())
        self.note = QLabel()
        self.note.setProperty("quiet", True)
        self.note.setWordWrap(True)
        self.attention = AttentionStrip()
        self._lay_out()
        self.show_sample(None, -1, None)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.GAP)
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.bars, 1, Qt.AlignmentFlag.AlignTop)
        tiles = QGridLayout()
        tiles.setHorizontalSpacing(theme.GAP)
        tiles.setVerticalSpacing(4)
        for column in range(3):
            tiles.addWidget(self.maps[column], 0, column)
            tiles.addWidget(self.heats[column], 1, column)
        tiles.setColumnStretch(3, 1)
        by = QHBoxLayout()
        why = QLabel("Why")
        why.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        by.addWidget(why)
        by.addStretch(1)
        by.addWidget(self.method)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(theme.GAP - 2)
        column_.addWidget(self.headline)
        column_.addWidget(self.other)
        column_.addWidget(self.sample)
        column_.addLayout(top)
        column_.addLayout(by)
        column_.addLayout(tiles)
        column_.addWidget(self.attention)
        column_.addWidget(self.note)

    @property
    def asked_method(self) -> str:
        return str(self.method.currentData() or DEFAULT_METHOD)

    def enlarge(self, by: int) -> None:
        """Every picture by some px of its side."""
        self.picture.show_side(_PICTURE + by)
        for tile in (*self.maps, *self.heats):
            tile.show_side(SIDE + by)

    def show_other(self, words: str) -> None:
        """What the model that is compared with says; "" without one."""
        self.other.setText(words)
        self.other.setVisible(bool(words))

    def show_sample(
        self, found: Evaluation | None, row: int, picture: NDArray[np.uint8] | None
    ) -> None:
        """What is known at once; `show_examined` follows."""
        self._found = found
        self.attention.show_weights(None)
        for tile in (*self.maps, *self.heats):
            tile.show_nothing(tile.title)
        self.note.clear()
        if found is None or row < 0:
            self.headline.setText("No sample")
            self.sample.setText("Choose one in the grid.")
            self.picture.show_nothing("Picture")
            self.bars.show_probabilities(found.classes if found else ())
            return
        label, predicted = int(found.label[row]), int(found.predicted[row])
        p = found.probabilities[row].astype(np.float32)
        true = label_text.class_title(found.classes[label]) if label >= 0 else ""
        guess = (
            f"{label_text.class_title(found.classes[predicted])} {label_text.percent(p[predicted])}"
        )
        self.headline.setText(f"{true} → {guess}" if true and label != predicted else guess)
        self.headline.setToolTip("The label → what the model says, and how sure it is.")
        split = "" if found.split[row] == "none" else f" · {found.split[row]}"
        self.sample.setText(f"{found.sample_id[row]}{split}")
        self.bars.voted = bool(np.isfinite(found.votes[row]).all())
        ticks = found.votes[row] if self.bars.voted else p
        self.bars.show_probabilities(found.classes, p, ticks, marked=label if label >= 0 else None)
        if found.faceless[row]:
            for tile, name in zip((*self.maps, *self.heats), _MAPS, strict=True):
                tile.show_nothing(name)
            self.headline.setText("No face")
            self.headline.setToolTip("No face was found in this picture.")
            self.bars.show_probabilities(found.classes)
        self.bars.setAccessibleDescription(self.bars.summary())
        if picture is None:
            self.picture.show_nothing("Picture", tip="The picture is not here.")
            return
        points = found.landmarks[row]
        seen = bool(np.isfinite(points).all())
        self.picture.show_map(
            "Picture",
            picture,
            words=f"{picture.shape[1]} × {picture.shape[0]} px",
            tip="The picture as it is in the data set"
            + (", with its 68 landmarks." if seen else "; no landmarks were found in it."),
            points=points if seen else None,
        )

    def show_waiting(self, words: str) -> None:
        self.note.setText(words)

    def show_examined(self, outcome: Examined | Failure) -> None:
        if isinstance(outcome, Failure):
            self.note.setText(outcome.words)
            return
        self.note.clear()
        true, predicted, crop = outcome.true, outcome.predicted, outcome.crop
        both = [each for each in (true, predicted) if each is not None]
        scale = max(float(np.abs(each.map).max(initial=0)) for each in both)
        for tile, each, role in zip(
            self.maps[:2], (true, predicted), ("Label", "Predicted"), strict=True
        ):
            if each is None:
                tile.show_nothing("No label")
                continue
            tile.show_map(
                f"{role}: {label_text.class_title(each.name)}",
                crop,
                each.map,
                scale,
                _scores(each),
                f"{_MAP.format(name=each.name)}\n{_SCORE}",
            )
        self._show_difference(crop, true, predicted, scale)
        for tile, each in zip(self.heats[:2], (true, predicted), strict=True):
            _show_units(tile, crop, each)
        if outcome.heat is None:
            self.heats[2].show_nothing("Landmarks", "none were found")
        else:
            self.heats[2].show_map(
                "Landmarks", crop, outcome.heat, 1.0, "", "The heatmap of the landmarks."
            )
        self.attention.show_weights(outcome.attention if outcome.attention.size else None)
        if outcome.method != self.asked_method:
            self.note.setText(
                f"This model cannot serve {self.method.currentText()}: "
                f"the maps are by {OVERLAY_METHODS[outcome.method].title}."
            )

    def _show_difference(
        self,
        crop: NDArray[np.uint8],
        true: Explained | None,
        predicted: Explained,
        scale: float,
    ) -> None:
        tile = self.maps[2]
        if true is None or true.name == predicted.name:
            tile.show_nothing("Difference", "none: it is right" if true else "")
            return
        tile.show_map(
            "Difference",
            crop,
            predicted.map - true.map,
            scale,
            "",
            f"Warm: speaks for {predicted.name} more than for {true.name}. Cool: the other way.",
        )


def _scores(each: Explained) -> str:
    parts = []
    if each.landmark_r is not None:
        parts.append(f"r {each.landmark_r:.2f}")
    if each.au_cosine is not None:
        parts.append(f"AU {each.au_cosine:.2f}")
    return " · ".join(parts)


def _show_units(tile: MapTile, crop: NDArray[np.uint8], each: Explained | None) -> None:
    if each is None:
        tile.show_nothing("")
    elif each.action_units is None:
        why = "no landmarks" if each.landmark_r is None else "it has none"
        tile.show_nothing(f"AU of {each.name}", why)
    else:
        tile.show_map(
            f"AU of {each.name}",
            crop,
            each.action_units,
            1.0,
            "",
            f"Where {each.name} shows on a face, by the Facial Action Coding System.\n"
            "Drawn from the landmarks, whatever the model does.",
        )

"""One sample: its picture, the model's prediction, why this class, and why not the label."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.evaluation import Evaluation
from ferapp.review.sample_explainer import ClassExplanation, SampleExplanation
from ferapp.ui.live.face.attention_strip import AttentionStrip
from ferapp.ui.live.face.probability_bars import ProbabilityBars
from ferapp.ui.text.figure_text import epoch_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.map_tile import SIDE, MapTile
from ferapp.ui.widgets.picker import Picker
from ferapp.vision.overlay_methods import ACTION_UNITS, OVERLAY_METHODS
from trainer.attribution_methods import DEFAULT_METHOD

_PICTURE_SIDE = 132  # px
_MAP_TITLES = ("Label", "Predicted", "Difference")
_REFERENCE_TITLES = ("Action units", "Action units", "Landmarks")
_SCORES_TIP = (
    "r: Pearson's correlation of the map with the landmark heatmap, at the resolution of the\n"
    "layer; 1 is identical, 0 unrelated.\n"
    "AU: cosine of the map's positive part with the action units of the class. A map that is the\n"
    "same for every face already reaches about 0.7, so a lower value says little."
)
_MAP_TIP = (
    "What each place adds to the score of {name} (warm) or takes from it (cool).\n"
    "All three maps share one scale."
)
_ANY_CLASS = "This map is that of the picture, whatever the expression."


class SampleBars(ProbabilityBars):
    """The thin tick is the share of annotators, where the data set has votes."""

    def __init__(self) -> None:
        super().__init__()
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.has_votes = False

    def tip_at(self, y: int) -> str:
        tip = "The model's probability for each expression; they add up to 100 %."
        if self.has_votes:
            tip += "\nThin tick: the share of annotators who chose it."
        return tip + "\nTriangle: the label."


class SampleDetail(QWidget):
    """`method_changed` asks for maps by another method."""

    method_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.headline = QLabel("No sample")
        self.headline.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.headline.setAccessibleName("Sample")
        self.sample = QLabel()
        self.sample.setProperty("quiet", True)
        self.sample.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sample.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.other = QLabel()
        self.other.setWordWrap(True)
        self.other.setToolTip("What the compared model predicts for this sample.")
        self.other.hide()
        self.picture = MapTile("Picture", _PICTURE_SIDE)
        self.bars = SampleBars()
        self.maps = [MapTile(title) for title in _MAP_TITLES]
        self.references = [MapTile(title) for title in _REFERENCE_TITLES]
        self.method = Picker("Explain with", "How the maps are computed.")
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
            tiles.addWidget(self.references[column], 1, column)
        tiles.setColumnStretch(3, 1)
        method = QHBoxLayout()
        why = QLabel("Why")
        why.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        method.addWidget(why)
        method.addStretch(1)
        method.addWidget(self.method)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP - 2)
        layout.addWidget(self.headline)
        layout.addWidget(self.other)
        layout.addWidget(self.sample)
        layout.addLayout(top)
        layout.addLayout(method)
        layout.addLayout(tiles)
        layout.addWidget(self.attention)
        layout.addWidget(self.note)

    @property
    def chosen_method(self) -> str:
        return str(self.method.currentData() or DEFAULT_METHOD)

    def set_extra_side(self, extra: int) -> None:
        """Enlarge the sides of all pictures by so many px."""
        self.picture.set_side(_PICTURE_SIDE + extra)
        for tile in (*self.maps, *self.references):
            tile.set_side(SIDE + extra)

    def show_other(self, text: str) -> None:
        """What the compared model predicts; "" without one."""
        self.other.setText(text)
        self.other.setVisible(bool(text))

    def show_sample(
        self, evaluation: Evaluation | None, row: int, picture: NDArray[np.uint8] | None
    ) -> None:
        """Show what is known at once; `show_explanation` follows."""
        self.attention.show_weights(None)
        self._clear_maps()
        self.note.clear()
        if evaluation is None or row < 0:
            self.headline.setText("No sample")
            self.sample.setText("Choose a face.")
            self.picture.show_empty("Picture")
            self.bars.show_probabilities(evaluation.classes if evaluation else ())
            return
        split = str(evaluation.split[row])
        parts = [str(evaluation.sample_id[row]), "" if split == "none" else split]
        if evaluation.epoch is not None:
            parts.append(epoch_text(evaluation.epoch))
        self.sample.setText(" · ".join(filter(None, parts)))
        self._show_prediction(evaluation, row)
        self._show_picture(picture, evaluation.landmarks[row])

    def _clear_maps(self) -> None:
        titles = (*_MAP_TITLES, *_REFERENCE_TITLES)
        for tile, title in zip((*self.maps, *self.references), titles, strict=True):
            tile.show_empty(title)

    def _show_prediction(self, evaluation: Evaluation, row: int) -> None:
        """The headline and the bars."""
        classes, label = evaluation.classes, int(evaluation.label[row])
        self.bars.has_votes = bool(np.isfinite(evaluation.votes[row]).all())
        if evaluation.faceless[row]:
            self.headline.setText("No face")
            self.headline.setToolTip("No face was found in this picture.")
            self.bars.show_probabilities(classes)
        else:
            p = evaluation.probabilities[row].astype(np.float32)
            predicted = int(evaluation.predicted[row])
            text = (
                f"{label_text.class_title(classes[predicted])} {label_text.percent(p[predicted])}"
            )
            if label not in (-1, predicted):
                text = f"{label_text.class_title(classes[label])} → {text}"
            self.headline.setText(text)
            self.headline.setToolTip("Label → prediction, with its probability.")
            ticks = evaluation.votes[row] if self.bars.has_votes else p
            marked = label if label >= 0 else None
            self.bars.show_probabilities(classes, p, ticks, marked=marked)
        self.bars.setAccessibleDescription(self.bars.summary())

    def _show_picture(
        self, picture: NDArray[np.uint8] | None, landmarks: NDArray[np.float32]
    ) -> None:
        if picture is None:
            self.picture.show_empty("Picture", tip="The picture is missing.")
            return
        has_landmarks = bool(np.isfinite(landmarks).all())
        tip = "The picture in the data set"
        tip += ", with its 68 landmarks." if has_landmarks else "; no landmarks were found in it."
        self.picture.show_map(
            "Picture",
            picture,
            caption=f"{picture.shape[1]} × {picture.shape[0]} px",
            tip=tip,
            points=landmarks if has_landmarks else None,
        )

    def show_note(self, text: str) -> None:
        self.note.setText(text)

    def show_explanation(self, result: SampleExplanation) -> None:
        """Of one model: why its prediction, and why not the label."""
        crop, both = result.crop, (result.true, result.predicted)
        scale = _scale(result)
        for index, explanation in enumerate(both):
            tile, role = self.maps[index], _MAP_TITLES[index]
            _show_attribution(tile, role, crop, explanation, scale, result.method)
            _show_action_units(self.references[index], crop, explanation)
        if OVERLAY_METHODS[result.method].depends_on_class:
            self._show_difference(crop, result.true, result.predicted, scale)
        else:
            self.maps[2].show_empty("Difference", "none: the same map", _ANY_CLASS)
        self._show_rest(result)
        self._show_fallback(result, "this model")

    def show_both(
        self, own: SampleExplanation, other: SampleExplanation | None, names: tuple[str, str]
    ) -> None:
        """Why each of two models predicts what it does, and why one of them not the label.

        `names` are theirs; `other` is None where its model is missing, or has no such sample.
        """
        self._show_rest(own)
        self._show_model(0, "This", own, names[0])
        wrong, role, name = own, "This", names[0]
        if other is None:
            tip = f"The model of {names[1]} is missing, or has no prediction for this face."
            self.maps[1].show_empty("Other", "no map", tip)
            self.references[1].show_empty("")
        else:
            self._show_model(1, "Other", other, names[1])
            if other.predicted.name == own.predicted.name:
                self.references[1].show_empty(f"AU of {own.predicted.name}", "the same")
            if _is_right(own):
                wrong, role, name = other, "Other", names[1]
        self._show_missed_label(wrong, f"{role}, label", name)

    def _show_model(self, column: int, role: str, result: SampleExplanation, name: str) -> None:
        tile = self.maps[column]
        _show_attribution(tile, role, result.crop, result.predicted, _scale(result), result.method)
        tile.setToolTip(f"{name}. Each model's maps have a scale of their own.\n{tile.tip}")
        _show_action_units(self.references[column], result.crop, result.predicted)
        self._show_fallback(result, name)

    def _show_missed_label(self, wrong: SampleExplanation, role: str, name: str) -> None:
        """What speaks for the label, to a model that predicts something else."""
        tile = self.maps[2]
        if wrong.true is None or _is_right(wrong):
            tile.show_empty("Label", "Prediction correct" if wrong.true else "")
        elif not OVERLAY_METHODS[wrong.method].depends_on_class:
            tile.show_empty("Label", "none: the same map", _ANY_CLASS)
        else:
            scale, method = _scale(wrong), wrong.method
            _show_attribution(tile, role, wrong.crop, wrong.true, scale, method)
            tile.setToolTip(f"{name}, which is wrong.\n{tile.tip}")

    def _show_rest(self, result: SampleExplanation) -> None:
        """What does not depend on the class."""
        self.note.clear()
        landmarks = self.references[2]
        if result.landmark_heatmap is None:
            landmarks.show_empty("Landmarks", "none were found")
        else:
            tip = "The heatmap of the landmarks."
            landmarks.show_map("Landmarks", result.crop, result.landmark_heatmap, 1.0, "", tip)
        self.attention.show_weights(result.attention if result.attention.size else None)

    def _show_fallback(self, result: SampleExplanation, model: str) -> None:
        if result.method != self.chosen_method:
            self.note.setText(
                f"{self.method.currentText()} does not work with {model}: "
                f"the maps use {OVERLAY_METHODS[result.method].title}."
            )

    def _show_difference(
        self,
        crop: NDArray[np.uint8],
        true: ClassExplanation | None,
        predicted: ClassExplanation,
        scale: float,
    ) -> None:
        tile = self.maps[2]
        if true is None or true.name == predicted.name:
            tile.show_empty("Difference", "Prediction correct" if true else "")
            return
        tip = f"Warm: speaks more for {predicted.name} than for {true.name}. Cool: the reverse."
        tile.show_map("Difference", crop, predicted.map - true.map, scale, "", tip)


def _scale(result: SampleExplanation) -> float:
    """The largest value of a model's maps, which they share as their scale."""
    both = (result.true, result.predicted)
    return max(float(np.abs(e.map).max(initial=0)) for e in both if e is not None)


def _is_right(result: SampleExplanation) -> bool:
    return result.true is not None and result.true.name == result.predicted.name


def _show_attribution(
    tile: MapTile,
    role: str,
    crop: NDArray[np.uint8],
    explanation: ClassExplanation | None,
    scale: float,
    method: str,
) -> None:
    if explanation is None:
        tile.show_empty("No label")
        return
    title = f"{role}: {label_text.class_title(explanation.name)}"
    described = OVERLAY_METHODS[method]
    meaning = (
        _MAP_TIP.format(name=explanation.name)
        if described.depends_on_class
        else described.description
    )
    tip = f"{meaning}\n{_SCORES_TIP}"
    tile.show_map(title, crop, explanation.map, scale, _scores(explanation), tip)


def _scores(explanation: ClassExplanation) -> str:
    scores = []
    if explanation.landmark_r is not None:
        scores.append(f"r {explanation.landmark_r:.2f}")
    if explanation.au_cosine is not None:
        scores.append(f"AU {explanation.au_cosine:.2f}")
    return " · ".join(scores)


def _show_action_units(
    tile: MapTile, crop: NDArray[np.uint8], explanation: ClassExplanation | None
) -> None:
    if explanation is None:
        tile.show_empty("")
    elif explanation.action_units is None:
        reason = "no landmarks" if explanation.landmark_r is None else "has none"
        tile.show_empty(f"AU of {explanation.name}", reason)
    else:
        tile.show_map(
            f"AU of {explanation.name}",
            crop,
            explanation.action_units,
            1.0,
            "",
            f"Where {explanation.name} shows on a face, by the Facial Action Coding System.\n"
            "Computed from the landmarks, independently of the model.",
        )

"""The watched faces, side by side: what each epoch says of them, and where it looks."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.classify_pictures import ReadPicture
from ferapp.review.epochs.learning_history import LearningHistory
from ferapp.review.epochs.opened_epochs import OpenedEpochs
from ferapp.review.evaluation import Evaluation
from ferapp.ui.text import wording
from ferapp.ui.time_machine.map_cache import MapCache
from ferapp.ui.time_machine.watch_tile import WatchTile
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.elided_label import ElidedLabel
from ferapp.ui.widgets.flow_layout import FlowLayout

MAX_FACES = 12
_PER_LINE = 6
_SIDES = (56, 104)  # px of a tile, least and most
_GAP = 6
_NO_WEIGHTS = (
    "Only predictions: the weights of the epochs were not kept. To see where each epoch looks, "
    "train with “keep every epoch's model” (run.keep_epochs=true)."
)
_MAP_TIP = (
    "Warm: what each place adds to the score of {label}, the label, by the weights of this epoch.\n"
    "Cool: what it takes from it. Each map has its own scale: colours show where, not how much."
)
_STRIP_TIP = (
    "The strip has a bar for each epoch: its colour is the predicted expression, and it is high\n"
    "where that is the label."
)


class WatchPanel(QWidget):
    """`face_chosen` has the sample of a tile; `key_typed` and before it `face_chosen` keys."""

    face_chosen = Signal(int)
    key_typed = Signal(str)

    def __init__(self, maps: MapCache) -> None:
        super().__init__()
        self._maps = maps
        self._epochs: OpenedEpochs | None = None
        self._position = 0
        self._failure = ""
        self.faces: tuple[int, ...] = ()
        self.tiles = [WatchTile() for _ in range(MAX_FACES)]
        for index, tile in enumerate(self.tiles):
            tile.chosen.connect(lambda i=index: self.face_chosen.emit(self.faces[i]))
            tile.key_typed.connect(lambda key, i=index: self._on_key(i, key))
        title = QLabel("Watched faces")
        title.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        self.hint = ElidedLabel("W: watch the chosen face, or no longer")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.hint.setProperty("quiet", True)
        self.hint.setToolTip(
            f"{MAX_FACES} at most. At first, of each class the face forgotten most often,\n"
            "then the most forgotten ones of all. A new one replaces the oldest."
        )
        self.note = QLabel()
        self.note.setProperty("quiet", True)
        self.note.setWordWrap(True)
        self.note.setAccessibleName("Maps of the watched faces")
        inner = QWidget()
        inner.setObjectName("watched")
        self._flow = FlowLayout(inner, gap=_GAP)
        for tile in self.tiles:
            self._flow.addWidget(tile)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setWidget(inner)
        self._area.setStyleSheet("QScrollArea, #watched { background: transparent; }")
        head = QHBoxLayout()
        head.addWidget(title)
        head.addWidget(self.hint, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.note)
        layout.addWidget(self._area)
        maps.arrived.connect(self._on_arrived)
        maps.failed.connect(self._on_failure)

    def open(self, opened: OpenedEpochs, read_picture: ReadPicture, faces: tuple[int, ...]) -> None:
        """Show these samples of a run; `read_picture` reads that of a row of the evaluation."""
        self._epochs, self._failure = opened, ""
        self._maps.open(opened, read_picture)
        self.watch(faces)

    def watch(self, faces: tuple[int, ...]) -> None:
        """Show these samples, at most MAX_FACES."""
        opened, self.faces = self._epochs, faces
        if opened is None:
            return
        for index, tile in enumerate(self.tiles):
            tile.setVisible(index < len(faces))
            if index < len(faces):
                predicted = opened.learning.predicted[:, faces[index]]
                label = int(opened.learning.label[faces[index]])
                tile.show_predictions(opened.samples.classes, predicted, label)
        self._maps.watch(faces)
        self._fit()

    def show_epoch(self, position: int, evaluation: Evaluation) -> None:
        """Show the epoch at this position, which predicts `evaluation`."""
        self._position = position
        self._maps.go_to(position)
        for tile, face in zip(self.tiles, self.faces, strict=False):
            self._show_face(tile, face, evaluation)
        self._show_note()

    def _show_face(self, tile: WatchTile, face: int, evaluation: Evaluation) -> None:
        assert self._epochs is not None
        learning = self._epochs.learning
        label = evaluation.classes[evaluation.label[face]]
        predicted = int(evaluation.predicted[face])
        share = float(evaluation.measures["confidence"][face])
        sign = "✓" if predicted == evaluation.label[face] else "✗"
        answer = label_text.class_title(evaluation.classes[predicted])
        caption = f"{answer} {label_text.percent(share)}"
        face_map = self._maps.map_of(self._position, face)
        times = int(learning.forgetting_events[face])
        lines = [
            f"Sample {evaluation.sample_id[face]}, labelled {label}",
            f"{learned_text(learning, face)}, forgotten {wording.count(times, 'time')}",
            _STRIP_TIP,
        ]
        tile.show_position(self._position)
        if face_map is not None:
            lines.insert(2, _MAP_TIP.format(label=label))
        picture = face_map.crop if face_map is not None else self._maps.picture_of(face)
        name, tip = f"{label_text.class_title(label)} {sign}", "\n".join(lines)
        if picture is None:
            tile.show_empty(name, caption, tip)
        else:
            values = face_map.map if face_map is not None else None
            tile.show_map(name, picture, values, 0.0, caption, tip)

    def _show_note(self) -> None:
        opened = self._epochs
        if opened is None:
            return
        missing = len(self._maps.missing)
        epoch = int(opened.learning.epochs[self._position])
        text = ""
        if not opened.weights:
            text = _NO_WEIGHTS
        elif self._failure:
            text = self._failure
        elif missing:
            text = f"Computing maps: {wording.count(missing, 'epoch')} left…"
        elif epoch not in opened.weights:
            text = "The weights of this epoch were not kept, so there is no map of it."
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _on_arrived(self, position: int) -> None:
        if self._epochs is not None and position in (-1, self._position):
            self.show_epoch(self._position, self._epochs.at(self._position))
        self._show_note()

    def _on_failure(self, message: str) -> None:
        self._failure = message
        self._show_note()

    def _on_key(self, index: int, key: str) -> None:
        self.face_chosen.emit(self.faces[index])
        self.key_typed.emit(key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Six tiles in a line where they fit; two lines are in view."""
        room = self.width() // _PER_LINE - _GAP
        side = min(max(room, _SIDES[0]), _SIDES[1])
        for tile in self.tiles:
            tile.set_side(side)
        per_line = max(1, (self.width() + _GAP) // (side + _GAP))
        lines = min(2, -(-len(self.faces) // per_line))
        self._area.setFixedHeight(lines * (self.tiles[0].sizeHint().height() + _GAP))


def learned_text(learning: LearningHistory, sample: int) -> str:
    """When an epoch had the sample right for the first time."""
    first = int(learning.first_learned[sample])
    if first < 0:
        return "Right at no epoch"
    return f"Right for the first time at {'the start' if first == 0 else f'epoch {first}'}"

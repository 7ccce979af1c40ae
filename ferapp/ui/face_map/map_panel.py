"""The column beside the face map: how it is arranged and coloured, and what is selected."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from ferapp.ui.face_map.colour_legend import ColourLegend
from ferapp.ui.face_map.map_painting import ClusterName
from ferapp.ui.face_map.point_colours import COLOUR_TEXTS, ColourBy
from ferapp.ui.inspect.samples.selection_actions import SelectionActions
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.picker import Picker
from ferapp.ui.widgets.vertical_scroll import CompactWidget

ARRANGEMENTS = {  # name, tip
    "pca": (
        "PCA",
        "The two directions in which the features differ most. At once, and distances are true,\n"
        "but groups may lie on top of each other.",
    ),
    "tsne": (
        "t-SNE",
        "Keeps neighbours together: groups come apart, but the distances between them mean\n"
        "little. Takes minutes for 30,000 faces the first time.",
    ),
    "umap": ("UMAP", "Keeps neighbours together, as t-SNE does, and more of the whole."),
}
_KEYS = (
    "Wheel, + and −: zoom.   Drag, arrows: move.   0: all.\n"
    "Shift and drag, or Lasso: select the faces inside.   Ctrl+A: all in view.   Esc: none.\n"
    "Click, or Shift and an arrow: choose a face.   1–7, F, U: decide about it."
)


class MapPanel(CompactWidget):
    """`arranged` has a method, `coloured` a ColourBy, `filtered` the data of `filter`'s entry."""

    arranged = Signal(str)
    coloured = Signal(str)
    filtered = Signal(object)
    cluster_chosen = Signal(object)  # a ClusterName
    cancelled = Signal()

    def __init__(self, methods: Sequence[str]) -> None:
        super().__init__()
        self.title = QLabel("Face map")
        self.title.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
        self.title.setWordWrap(True)
        self.title.setToolTip(
            "Each point is a face. Faces that look alike to the model lie near each other:\n"
            "the map is made of its features, what its last layer sees.\n\n" + _KEYS
        )
        self.status = QLabel()  # progress, or why something failed
        self.status.setWordWrap(True)
        self.status.setProperty("quiet", True)
        self.status.setAccessibleName("State of the map")
        self.cancel_button = push_button("Cancel", "Stop arranging the faces anew.")
        self.cancel_button.clicked.connect(self.cancelled)
        self.methods = {name: Chip(*ARRANGEMENTS[name]) for name in methods}
        self.colours: dict[ColourBy, Chip] = {by: Chip(*text) for by, text in COLOUR_TEXTS.items()}
        self.lasso = Chip("Lasso", "Dragging selects the faces inside, as it does with Shift.")
        self.names = Chip("Names on map", "Name the groups of like mistakes on the map.")
        self.names.setChecked(True)
        self.filter = Picker("Show", "Which faces are on the map.")
        self.filter.activated.connect(lambda _: self.filtered.emit(self.filter.currentData()))
        self.legend = ColourLegend()
        self.clusters = QListWidget()
        self.selection = SelectionActions("None selected: drag with Shift held.")
        self._lay_out()
        self.show_progress("")

    def _lay_out(self) -> None:
        self.clusters.setFrameShape(QFrame.Shape.NoFrame)
        self.clusters.setStyleSheet("background: transparent;")
        self.clusters.setAccessibleName("Groups of like mistakes")
        self.clusters.setMinimumHeight(60)
        self.clusters.setToolTip(
            "Mistakes of the same kind whose features lie together. Click to select them."
        )
        for signal in (self.clusters.itemClicked, self.clusters.itemActivated):
            signal.connect(self._on_cluster)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addLayout(self._exclusive("Arrange by", self.methods, self.arranged.emit))
        progress = QHBoxLayout()
        progress.addWidget(self.status, 1)
        progress.addWidget(self.cancel_button)
        layout.addLayout(progress)
        layout.addLayout(self._exclusive("Colour by", self.colours, self.coloured.emit))
        layout.addWidget(self.legend)
        show = QHBoxLayout()
        show.addWidget(_heading("Show"))
        show.addWidget(self.filter, 1)
        show.addWidget(self.lasso)
        layout.addLayout(show)
        mistakes = QHBoxLayout()
        mistakes.addWidget(_heading("Like mistakes"), 1)
        mistakes.addWidget(self.names)
        layout.addLayout(mistakes)
        layout.addWidget(self.clusters, 1)
        layout.addWidget(self.selection)

    def _exclusive(
        self, title: str, chips: Mapping[Any, Chip], chosen: Callable[[str], None]
    ) -> QVBoxLayout:
        """A heading above chips, of which exactly one is on, at first the first."""
        group, row, column = QButtonGroup(self), FlowLayout(), QVBoxLayout()
        for number, (name, chip) in enumerate(chips.items()):
            group.addButton(chip)
            row.addWidget(chip)
            chip.setChecked(number == 0)
            chip.clicked.connect(lambda _, n=name: chosen(n))
        column.setSpacing(2)
        column.addWidget(_heading(title))
        column.addLayout(row)
        return column

    def show_progress(self, text: str, *, is_running: bool = False) -> None:
        self.status.setText(text)
        self.status.setVisible(bool(text))
        self.cancel_button.setVisible(is_running)

    def show_filters(self, entries: Sequence[tuple[str, object]], chosen: object) -> None:
        """Names and data of what can be shown; `chosen` is the data of the current one."""
        self.filter.clear()
        for name, data in entries:
            self.filter.addItem(name, data)
        self.filter.setCurrentIndex(max(self.filter.findData(chosen), 0))

    def show_clusters(self, names: Sequence[ClusterName]) -> None:
        self.clusters.clear()
        for name in names:
            item = QListWidgetItem(name.text)
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.clusters.addItem(item)

    def _on_cluster(self, item: QListWidgetItem) -> None:
        self.cluster_chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    return label

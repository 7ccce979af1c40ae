"""What the page shows first: what a study is, what to do, and the studies opened before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ferapp.sources.file_kind import VIDEO_FILE_SUFFIXES
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard, push_button
from ferapp.ui.widgets.file_dialogs import open_files, open_folder
from ferapp.ui.widgets.text_size import scaled

WIDTH = 640  # px of the column in the middle
_CARD_HEIGHT = 52  # px
WHAT = (
    "A study turns many videos into tables: one table for each, a summary with a row for each "
    "face, and a report. It runs on all cores, can be paused, and continues where it stopped."
)
_VIDEOS = f"Videos ({' '.join(f'*{suffix}' for suffix in sorted(VIDEO_FILE_SUFFIXES))})"


@dataclass(frozen=True, slots=True)
class RecentStudy:
    """A study that was opened before; `state` is a line of text."""

    out: Path
    state: str


class StudyCard(QAbstractButton):
    """A study's name, where it is, and its state."""

    def __init__(self, study: RecentStudy) -> None:
        super().__init__()
        self.study = study
        self.setText(study.out.name)
        self.setAccessibleName(f"Open the study {study.out.name}")
        self.setAccessibleDescription(study.state)
        self.setToolTip(str(study.out))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        enable_keyboard(self)

    def sizeHint(self) -> QSize:
        return QSize(scaled(280), scaled(_CARD_HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        colours = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_marked = self.underMouse() or self.hasFocus()
        painter.setPen(QPen(QColor(colours.accent if is_marked else colours.line), 1))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        room = self.rect().adjusted(14, 7, -14, -7)
        half = room.height() // 2
        first, second = room.adjusted(0, 0, 0, -half), room.adjusted(0, half, 0, 0)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
        painter.setPen(QColor(colours.text))
        elide = painter.fontMetrics().elidedText
        painter.drawText(
            first, left, elide(self.text(), Qt.TextElideMode.ElideMiddle, first.width())
        )
        painter.setFont(theme.sized(self.font(), 0.88))
        painter.setPen(QColor(colours.muted))
        state, metrics = self.study.state, painter.fontMetrics()
        painter.drawText(second, right, state)
        width = second.width() - metrics.horizontalAdvance(state) - 16
        folder = metrics.elidedText(
            str(self.study.out.parent), Qt.TextElideMode.ElideMiddle, max(width, 0)
        )
        painter.drawText(second, left, folder)


class DropZone(QFrame):
    """A dashed frame; the window takes what is dropped, wherever on the page that is."""

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            pen = QPen(QColor(colours.muted), 1.5)
            pen.setDashPattern([4, 4])
            painter.setPen(pen)
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)


class StartView(QWidget):
    """`sources_chosen` has paths of files or folders, `study_chosen` a study's folder."""

    sources_chosen = Signal(list)
    study_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.headline = QLabel("Studies")
        self.headline.setFont(theme.sized(self.font(), 1.7, QFont.Weight.DemiBold))
        self.about = QLabel(WHAT)
        self.about.setWordWrap(True)
        self.about.setProperty("quiet", True)
        self.choose_folder = push_button(
            "Choose a folder…", "Its videos and folders of pictures, with all subfolders."
        )
        self.choose_videos = push_button("Choose videos…", "One or several files.")
        self.open_study = push_button(
            "Open a study…",
            "Open the folder of a study: its tables and report. One that runs is followed.",
        )
        self.choose_folder.clicked.connect(self._choose_folder)
        self.choose_videos.clicked.connect(self._choose_videos)
        self.open_study.clicked.connect(self._open_study)
        self.recent_title = QLabel("Recent studies")
        self.recent_title.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
        self.cards: list[StudyCard] = []
        self._recent = QVBoxLayout()
        self._recent.setSpacing(theme.GAP)
        self._shown: tuple[RecentStudy, ...] = ()
        self._lay_out()
        self.show_recent(())

    def _lay_out(self) -> None:
        column_widget = QWidget()
        column_widget.setMaximumWidth(scaled(WIDTH))
        column = QVBoxLayout(column_widget)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MARGIN)
        column.addWidget(self.headline)
        column.addWidget(self.about)
        column.addWidget(self._drop_zone())
        column.addSpacing(theme.GAP)
        column.addWidget(self.recent_title)
        column.addLayout(self._recent)
        content = QWidget()
        content.setObjectName("inner")
        middle = QVBoxLayout(content)
        middle.setContentsMargins(2 * theme.MARGIN, theme.MARGIN, 2 * theme.MARGIN, theme.MARGIN)
        middle.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(column_widget, 100)
        row.addStretch(1)
        middle.addLayout(row)
        middle.addStretch(3)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def _drop_zone(self) -> DropZone:
        zone = DropZone()
        drop = QLabel("Drop a folder of videos here, or choose one")
        drop.setFont(theme.sized(self.font(), 1.15, QFont.Weight.DemiBold))
        drop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        drop.setWordWrap(True)
        small = QLabel("Subfolders are searched. A folder of pictures counts as one source.")
        small.setProperty("quiet", True)
        small.setAlignment(Qt.AlignmentFlag.AlignCenter)
        small.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.choose_folder, self.choose_videos, self.open_study):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(zone)
        column.setContentsMargins(24, 32, 24, 32)
        column.setSpacing(theme.GAP)
        column.addWidget(drop)
        column.addWidget(small)
        column.addSpacing(theme.GAP)
        column.addLayout(buttons)
        return zone

    def show_recent(self, studies: Sequence[RecentStudy]) -> None:
        """Newest first."""
        self.recent_title.setVisible(bool(studies))
        if tuple(studies) == self._shown:
            return
        self._shown = tuple(studies)
        for card in self.cards:
            self._recent.removeWidget(card)
            card.deleteLater()
        self.cards = [StudyCard(study) for study in studies]
        for card in self.cards:
            card.clicked.connect(
                lambda _=False, out=card.study.out: self.study_chosen.emit(str(out))
            )
            self._recent.addWidget(card)

    def _choose_folder(self) -> None:
        path = open_folder(self, "source", "Choose a folder of videos")
        if path:
            self.sources_chosen.emit([path])

    def _choose_videos(self) -> None:
        paths = open_files(self, "source", "Choose videos", f"{_VIDEOS};;All files (*)")
        if paths:
            self.sources_chosen.emit(paths)

    def _open_study(self) -> None:
        path = open_folder(self, "study", "Open the folder of a study")
        if path:
            self.study_chosen.emit(path)

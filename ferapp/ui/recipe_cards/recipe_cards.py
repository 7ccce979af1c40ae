"""Recipes as cards in groups, found by typing; each can be timed on this computer."""

from contextlib import suppress
from functools import partial

from PySide6.QtCore import QEvent, QItemSelection, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.quick.training_speed import SpeedMeasurement, read_speeds, store_speed
from ferapp.ui.recipe_cards.recipe_rows import PURPOSES, CardDelegate, RecipeRows, offered
from ferapp.ui.recipe_cards.time_text import time_text
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.text_size import scaled
from trainer.recipes import GROUPS

HEIGHT = 236  # px: a heading and four cards
POLL_MS = 200
TIME_TIP = (
    "Train this recipe on noise for a few seconds, in a separate process, and count the pictures. "
    "Whatever else runs meanwhile slows it down."
)


class _CardList(QListView):
    """`chosen` has the recipe that the user selected."""

    chosen = Signal(str)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        model = self.model()
        indexes = self.selectedIndexes()
        if isinstance(model, RecipeRows) and indexes:
            self.chosen.emit(model.recipe_at(indexes[0]))


class RecipeCards(QWidget):
    """`chosen` has the name of the recipe, also when it was chosen by a call."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.names = offered()
        self._samples = 0  # of training, in the data set that was checked; 0 is unknown
        self._measurement: SpeedMeasurement | None = None
        self.search_field = QLineEdit()
        self.search_field.setPlaceholderText(f"Search {len(self.names)} recipes")
        self.search_field.setAccessibleName("Search recipes")
        self.search_field.setClearButtonEnabled(True)
        self.measure = push_button("Time it here", TIME_TIP)
        self.rows = RecipeRows(self)
        self.list = _CardList()
        self.list.setModel(self.rows)
        self.list.setItemDelegate(CardDelegate(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setStyleSheet("background: transparent;")
        self.list.setFixedHeight(scaled(HEIGHT))
        self.list.setAccessibleName("Recipes")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setProperty("quiet", True)
        self.message.hide()
        self.groups = {
            group: Chip(group, f"Show only this group: {PURPOSES[group]}.") for group in GROUPS
        }
        chips = FlowLayout()
        for chip in self.groups.values():
            chips.addWidget(chip)
            chip.clicked.connect(partial(self._show_group, chip))
        top = QHBoxLayout()
        top.addWidget(self.search_field, 1)
        top.addWidget(self.measure)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(top)
        column.addLayout(chips)
        column.addWidget(self.list)
        column.addWidget(self.message)
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.search_field.textChanged.connect(lambda _: self._search())
        self.search_field.returnPressed.connect(self._choose_first)
        self.search_field.installEventFilter(self)
        self.list.chosen.connect(self._on_selected)
        self.measure.clicked.connect(self._measure)
        self._speeds = read_speeds()
        self._show_times()

    def choose(self, recipe: str) -> None:
        """Choose a recipe, also one that the search leaves out."""
        if recipe not in self.names or recipe == self.name:
            return
        self.name = recipe
        self._select_chosen()
        self.chosen.emit(recipe)

    def show_samples(self, samples: int) -> None:
        """The number of training pictures that an epoch has."""
        self._samples = samples
        self._show_times()

    def stop(self) -> None:
        """End a measurement, because the window closes."""
        self._timer.stop()
        if self._measurement is not None:
            self._measurement.kill()
            self._measurement = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrow down goes from the search to the cards."""
        is_down = (
            watched is self.search_field
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Down
        )
        if not is_down:
            return super().eventFilter(watched, event)
        self.list.setFocus()
        if not self.list.selectedIndexes():
            self._choose_first()
        return True

    # --- choosing -------------------------------------------------------------------------------

    def _show_group(self, clicked: Chip) -> None:
        """One group at most; a second click shows all again."""
        for chip in self.groups.values():
            chip.setChecked(chip is clicked and chip.isChecked())
        self._search()

    def _search(self) -> None:
        group = next((name for name, chip in self.groups.items() if chip.isChecked()), "")
        self.rows.search(self.search_field.text(), group)
        self.message.setText("" if self.rows.rows else "No recipe has all of these words.")
        self.message.setVisible(not self.rows.rows)
        self._select_chosen()

    def _choose_first(self) -> None:
        if self.rows.recipes:
            self.choose(self.rows.recipes[0])

    def _select_chosen(self) -> None:
        row = self.rows.row_of(self.name)
        if row >= 0:
            self.list.setCurrentIndex(self.rows.index(row))
            self.list.scrollTo(self.rows.index(row))

    def _on_selected(self, recipe: str) -> None:
        if recipe != self.name:
            self.name = recipe
            self.chosen.emit(recipe)

    # --- timing ---------------------------------------------------------------------------------

    def _show_times(self) -> None:
        times = {
            name: time_text(name, speed, self._samples) for name, speed in self._speeds.items()
        }
        self.rows.show_times(times)

    def _measure(self) -> None:
        try:
            self._measurement = SpeedMeasurement(self.name)
        except OSError as error:
            self._say(f"The timing could not be started: {error.strerror}")
            return
        self.measure.setEnabled(False)
        self._say(f"Timing {self.name}…")
        self._timer.start()

    def _poll(self) -> None:
        measurement = self._measurement
        if measurement is None or measurement.poll() is None:
            return
        self._timer.stop()
        self._measurement = None
        self.measure.setEnabled(True)
        speed = measurement.speed()
        if speed is None:
            self._say(f"{measurement.recipe} was not timed. {measurement.last_output()}")
            return
        self._speeds = {**self._speeds, measurement.recipe: speed}
        with suppress(OSError):  # it holds for this session
            store_speed(measurement.recipe, speed)
        self._show_times()
        self._say("")

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))

"""The view “Epochs” of the Inspect page: a run at any of its epochs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer

from ferapp.review.epochs.opened_epochs import OpenedEpochs, open_epochs
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import EvaluationComparison
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.ui.inspect.inspect_views import InspectView
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.time_machine.epoch_overview import EpochOverview
from ferapp.ui.time_machine.epoch_samples import EpochSamples
from ferapp.ui.time_machine.map_cache import MapCache
from ferapp.ui.time_machine.watch_panel import MAX_FACES, WatchPanel

TITLE = "Epochs"
_TIP = "What the run had learned, and forgotten, at each of its epochs."
_STEPS = {",": -1, ".": 1}  # as in players: one frame back or on


class EpochsView(InspectView):
    """Reads the epochs again whenever it is shown: a run may be training still."""

    def __init__(self) -> None:
        maps = MapCache(self._submit)
        overview, samples = EpochOverview(), EpochSamples(WatchPanel(maps))
        super().__init__(TITLE, _TIP, overview, samples)
        self.overview, self.samples, self.watched, self.maps = (
            overview, samples, samples.watched, maps,
        )  # fmt: skip
        self.tasks = TaskQueue("epochs")
        self._delivery = QTimer(self, interval=DELIVER_MS)
        self._delivery.timeout.connect(self._deliver)
        self._opened: OpenedEvaluation | None = None
        self.epochs: OpenedEpochs | None = None
        self._chosen_faces: dict[Path, tuple[str, ...]] = {}  # by run, ids of the user's choice
        self._shown = -1  # the sample in the right column
        grid = self.samples.grid
        self.overview.position_changed.connect(self._show_position)
        self.overview.cells_changed.connect(self._show_samples)
        self.overview.refresh_requested.connect(self._read)
        self.samples.kind_changed.connect(self._show_samples)
        grid.current_changed.connect(self._show_sample)
        grid.key_typed.connect(self._on_key)
        self.watched.face_chosen.connect(self._go_to_face)
        self.watched.key_typed.connect(self._on_key)

    # --- opening --------------------------------------------------------------------------------

    def show_opened(
        self, opened: OpenedEvaluation | None, comparison: EvaluationComparison | None
    ) -> None:
        if opened is not self._opened:
            self._close("Reading the epochs…" if opened is not None else "Nothing is open")
        self._opened = opened
        self._read()
        if self._shown >= 0 and self.epochs is not None:
            self.sample_chosen.emit(int(self.epochs.rows[self._shown]))

    def _close(self, message: str) -> None:
        self.epochs, self._shown = None, -1
        self.overview.show_message(message)
        self.samples.setEnabled(False)
        self.samples.hide()

    def _read(self) -> None:
        opened = self._opened
        if opened is not None:
            self._submit("open", lambda: open_epochs(opened), self._on_read)

    def _on_read(self, result: OpenedEpochs | TaskFailure) -> None:
        opened = self._opened
        if isinstance(result, TaskFailure) or opened is None:
            self._close(result.message if isinstance(result, TaskFailure) else "")
            return
        before, self.epochs = self.epochs, result
        epochs = result.learning.epochs.tolist()
        if before is None or not np.array_equal(before.rows, result.rows):
            self._shown = -1
            self.samples.grid.samples.open(
                result.samples,
                lambda sample: opened.read_picture(int(result.rows[sample])),
                self.decisions,
            )
        epoch = before.learning.epochs[self.overview.bar.position] if before else -1
        if epoch not in epochs:
            epoch = result.best_epoch if result.best_epoch in epochs else epochs[-1]
        self.samples.setEnabled(True)
        self.samples.show()
        self.overview.show_epochs(result, epochs.index(epoch))
        self.watched.open(result, opened.read_picture, self._faces_of(result))
        self._show_position(epochs.index(epoch))

    def _faces_of(self, opened: OpenedEpochs) -> tuple[int, ...]:
        """The user's choice, else the default one."""
        chosen = self._chosen_faces.get(opened.run)
        if chosen is None:
            return opened.learning.default_faces(MAX_FACES)
        place_of = {name: place for place, name in enumerate(opened.samples.sample_id.tolist())}
        return tuple(place_of[name] for name in chosen if name in place_of)

    # --- an epoch -------------------------------------------------------------------------------

    def _show_position(self, position: int) -> None:
        opened = self.epochs
        if opened is None:
            return
        evaluation = opened.at(position)
        self.overview.show_position(position)
        self.samples.show_counts(opened.learning, position)
        self.samples.grid.samples.show_predictions(evaluation)
        self._show_samples()
        self.watched.show_epoch(position, evaluation)

    def _show_samples(self) -> None:
        if self.epochs is not None:
            position, cells = self.overview.bar.position, self.overview.matrix.selected
            self.samples.show_rows(self.epochs.learning.select(self.samples.kind, position, cells))

    # --- a sample -------------------------------------------------------------------------------

    def _show_sample(self, sample: int) -> None:
        if self.epochs is None or sample == self._shown:
            return
        self._shown = sample
        self.samples.show_story(self.epochs.learning, sample)
        self.sample_chosen.emit(int(self.epochs.rows[sample]) if sample >= 0 else -1)

    def _go_to_face(self, sample: int) -> None:
        """Choose a watched face: in the grid too, where it has it."""
        position = self.samples.grid.samples.position_of(sample)
        if position is not None:
            self.samples.grid.go_to(position)
        self._show_sample(sample)

    def _on_key(self, key: str) -> None:
        if key == "w":
            self._toggle_watched(self._shown)
        elif key in _STEPS:
            self.overview.bar.step(_STEPS[key])
        else:
            self.key_typed.emit(key)

    def _toggle_watched(self, sample: int) -> None:
        opened, faces = self.epochs, self.watched.faces
        if opened is None or sample < 0:
            return
        if sample in faces:
            faces = tuple(face for face in faces if face != sample)
        else:
            faces = (*faces, sample)[-MAX_FACES:]
        self._chosen_faces[opened.run] = tuple(opened.samples.sample_id[list(faces)].tolist())
        self.watched.watch(faces)
        position = self.overview.bar.position
        self.watched.show_epoch(position, opened.at(position))

    def show_decision(self, row: int) -> None:
        self.samples.grid.viewport().update()  # one decision may be about many samples

    # --- tasks ----------------------------------------------------------------------------------

    def _submit(self, key: str, work: Callable[[], Any], on_done: Callable[[Any], None]) -> None:
        self.tasks.submit(key, work, on_done)
        self._delivery.start()

    def _deliver(self) -> None:
        self.tasks.deliver()
        if not self.tasks.busy:
            self._delivery.stop()

    def stop(self) -> None:
        self._delivery.stop()
        self.overview.bar.pause()
        self.samples.grid.samples.thumbnails.close()
        self.tasks.close()

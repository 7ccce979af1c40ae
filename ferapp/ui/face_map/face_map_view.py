"""The face map as a view of the Inspect page: its panel, its canvas, and slow work behind them."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer

from ferapp.overlays import label_text
from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.projection.embedding import Embedding, embedded_positions, has_umap
from ferapp.review.projection.mistake_clusters import MistakeCluster, mistake_clusters
from ferapp.review.projection.principal_components import principal_components
from ferapp.review.selection import EvaluationComparison, Tags
from ferapp.runs.task_queue import ReportProgress, TaskCancelled, TaskFailure, TaskQueue
from ferapp.ui.face_map.map_canvas import MapCanvas
from ferapp.ui.face_map.map_painting import ClusterName
from ferapp.ui.face_map.map_panel import MapPanel
from ferapp.ui.face_map.point_colours import ColourBy, changed_rows, colour_points
from ferapp.ui.inspect.inspect_views import InspectView
from ferapp.ui.inspect.samples.sample_files import SampleFiles
from ferapp.ui.inspect.samples.sample_model import other_prediction_text
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.text import wording
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea

NO_FEATURES = (
    "This evaluation has no features, which the map is made of. "
    "Evaluate the model again, or open the pictures themselves."
)
_NONE = np.zeros(0, np.int64)


class FaceMapView(InspectView):
    """Positions, groups and exports are made in a task queue of its own: t-SNE takes minutes."""

    def __init__(self) -> None:
        methods = ["pca", "tsne", *(["umap"] if has_umap() else [])]
        panel, canvas = MapPanel(methods), MapCanvas(self._describe)
        area = VerticalScrollArea()
        area.setWidget(panel)
        tip = "Every face as a point, near those that look alike to the model."
        super().__init__("Map", tip, area, canvas)
        self.panel, self.canvas = panel, canvas
        self.tasks = TaskQueue("face map")
        self._opened: OpenedEvaluation | None = None
        self._comparison: EvaluationComparison | None = None
        self._positions: NDArray[np.float32] | None = None
        self._clusters: tuple[MistakeCluster, ...] = ()
        self._files: SampleFiles | None = None
        self._method, self._filter = "pca", "all"
        self._colour_by: ColourBy = "label"
        self._started = 0  # counts tasks with progress, so that only the latest one goes on
        self._progress = ""  # of the running task, written by its thread
        self._timer = QTimer(self, interval=DELIVER_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._connect()

    def _connect(self) -> None:
        self.canvas.sample_chosen.connect(self.sample_chosen)
        self.canvas.key_typed.connect(self.key_typed)
        self.canvas.selected.connect(self._on_selected)
        self.canvas.restyled.connect(self._show_colours)
        self.panel.arranged.connect(self._arrange)
        self.panel.coloured.connect(self._colour)
        self.panel.filtered.connect(self._show_rows)
        self.panel.cancelled.connect(self._cancel)
        self.panel.cluster_chosen.connect(lambda name: self.canvas.select(name.rows))
        self.panel.names.toggled.connect(lambda _: self._show_clusters())
        self.panel.lasso.toggled.connect(self.canvas.always_lasso)
        selection = self.panel.selection
        selection.show_in_grid.connect(lambda: self.rows_chosen.emit(self.canvas.selection))
        selection.relabel.connect(lambda name: self._decide(label=name))
        selection.drop.connect(lambda: self._decide(flag=True))

    def use_files(self, files: SampleFiles) -> None:
        self._files, selection = files, self.panel.selection
        selection.follow(files)
        selection.tag.connect(lambda word: files.tag(self.canvas.selection, word))
        selection.export.connect(lambda: files.ask_where_to_export(self.canvas.selection))
        files.tags_changed.connect(self._show_filters)

    # --- what is open ---------------------------------------------------------------------------

    def show_opened(
        self, opened: OpenedEvaluation | None, comparison: EvaluationComparison | None
    ) -> None:
        self._comparison = comparison
        if opened is not self._opened:
            self._open(opened)
        has_other = comparison is not None
        self.panel.colours["change"].setVisible(has_other)
        if not has_other and self._colour_by == "change":
            self.panel.colours["label"].click()
        if not has_other and self._filter == "changed":
            self._filter = "all"
        self._show_filters()
        if self._positions is not None:
            self._show_rows(self._filter)
            self._show_colours()

    def _open(self, opened: OpenedEvaluation | None) -> None:
        self._cancel()
        self._opened, self._positions, self._clusters = opened, None, ()
        self._filter = "all"
        self.canvas.open(opened.read_picture if opened else None)
        self.panel.show_clusters(())
        self.panel.legend.show_colours(None, "")
        self.panel.title.setText("Face map")
        self._on_selected(_NONE)
        if opened is None or opened.evaluation.feature is None:
            self.canvas.show_message("Nothing is open" if opened is None else NO_FEATURES)
            return
        evaluation = opened.evaluation
        self.panel.title.setText(f"{evaluation.name}: {wording.count(len(evaluation), 'face')}")
        self.panel.selection.show_classes(evaluation.classes)
        self.canvas.show_message("Arranging the faces…")
        self._arrange(self._method)
        self.tasks.submit("clusters", lambda: mistake_clusters(evaluation), self._on_clusters)

    def _describe(self, row: int) -> list[str]:
        """For the hover card: the label, the prediction with its probability, the sample."""
        evaluation = self._evaluation
        label, predicted = int(evaluation.label[row]), int(evaluation.predicted[row])
        true = label_text.class_title(evaluation.classes[label]) if label >= 0 else "No label"
        share = label_text.percent(float(evaluation.probabilities[row, predicted]))
        lines = [
            true,
            f"Predicted {evaluation.classes[predicted]} {share}",
            f"Sample {evaluation.sample_id[row]}",
        ]
        if self._comparison is not None:
            lines.insert(2, other_prediction_text(self._comparison, row))
        return lines

    @property
    def _evaluation(self) -> Evaluation:
        assert self._opened is not None
        return self._opened.evaluation

    @property
    def _tags(self) -> Tags:
        return self._files.tags if self._files is not None else {}

    # --- positions, colours, and which faces ----------------------------------------------------

    def _arrange(self, method: str) -> None:
        self._method = method
        if self._opened is None or self._evaluation.feature is None:
            return
        feature = self._evaluation.feature
        if method == "pca":
            self._cancel()
            self.tasks.submit(
                "positions", lambda: principal_components(feature), self._on_positions
            )
        else:
            self._start(
                "positions",
                lambda report: embedded_positions(feature, cast(Embedding, method), report),
                self._on_positions,
            )

    def _on_positions(self, result: NDArray[np.float32] | TaskFailure) -> None:
        self._progress = ""
        self.panel.show_progress(result.message if isinstance(result, TaskFailure) else "")
        if isinstance(result, TaskFailure):
            self.panel.methods["pca"].click()
            return
        self._positions = result
        self.canvas.show_positions(result)
        self._show_colours()
        self._show_rows(self._filter)
        self._show_clusters()

    def _colour(self, by: ColourBy) -> None:
        self._colour_by = by
        self._show_colours()

    def _show_colours(self) -> None:
        if self._opened is None or self._positions is None:
            return
        colours = colour_points(self._evaluation, self._comparison, self._colour_by)
        self.canvas.show_colours(colours)
        note = ""
        if self._colour_by == "change" and self._comparison is not None:
            changed = int((~colours.quiet).sum())
            note = (
                f"{wording.count(changed, 'answer')} changed. "
                f"Tail: {self._comparison.name}. Head: the model shown."
            )
        elif colours.quiet.any():
            note = "Grey: no suspect" if self._colour_by == "suspicion" else "Grey: no label"
        self.panel.legend.show_colours(colours, note)

    def _show_filters(self) -> None:
        entries = [("All faces", "all"), ("Mistakes", "wrong")]
        if self._comparison is not None:
            entries.append(("Changed answers", "changed"))
        tags = self._tags
        entries += [(f"Tagged {tag} ({len(ids):,})", f"tag {tag}") for tag, ids in tags.items()]
        self.panel.show_filters(entries, self._filter)

    def _show_rows(self, which: str) -> None:
        """All faces on the map that `which` means: the data of an entry of the filter."""
        self._filter = which
        if self._opened is None or self._positions is None:
            return
        evaluation, is_on = self._evaluation, ~self._evaluation.faceless
        if which == "wrong":
            is_on = is_on & evaluation.wrong
        elif which == "changed":
            rows, _ = changed_rows(evaluation, self._comparison)
            is_on = is_on & np.isin(np.arange(len(evaluation)), rows)
        elif which.startswith("tag "):
            ids = self._tags.get(which.removeprefix("tag "), frozenset())
            is_on = is_on & np.isin(evaluation.sample_id, list(ids))
        self.canvas.show_message("No face is like this")
        self.canvas.show_rows(np.flatnonzero(is_on))

    def _on_clusters(self, result: tuple[MistakeCluster, ...] | TaskFailure) -> None:
        if not isinstance(result, TaskFailure):
            self._clusters = result
            self._show_clusters()

    def _show_clusters(self) -> None:
        """Each at the median of its faces, so that one far away does not move its name."""
        if self._positions is None:
            return
        names = tuple(
            ClusterName(self._cluster_text(cluster), float(x), float(y), cluster.rows)
            for cluster in self._clusters
            for x, y in [np.median(self._positions[cluster.rows], axis=0)]
        )
        self.canvas.show_names(names if self.panel.names.isChecked() else ())
        self.panel.show_clusters(names)

    def _cluster_text(self, cluster: MistakeCluster) -> str:
        """`32 fear → surprise`."""
        classes = self._evaluation.classes
        true, predicted = classes[cluster.true], classes[cluster.predicted]
        return f"{len(cluster.rows):,} {true} → {predicted}"

    # --- the selection --------------------------------------------------------------------------

    def _on_selected(self, rows: NDArray[np.int64]) -> None:
        wrong = int(self._evaluation.wrong[rows].sum()) if self._opened is not None else 0
        has_labels = self._opened is not None and bool(self._evaluation.labelled.any())
        self.panel.selection.show_selection(len(rows), wrong, has_labels)

    def _decide(self, **changes: Any) -> None:
        self.rows_decided.emit(self.canvas.selection, changes)

    def show_decision(self, row: int) -> None:
        self.canvas.update()

    # --- slow work ------------------------------------------------------------------------------

    def _start(
        self, key: str, work: Callable[[ReportProgress], Any], on_done: Callable[[Any], None]
    ) -> None:
        """Run a task that reports; a later one, or Cancel, ends it at its next report."""
        self._cancel()
        number = self._started
        self._progress = "Waiting…"
        self.panel.show_progress(self._progress, is_running=True)

        def report(message: str) -> None:
            if number != self._started:
                raise TaskCancelled
            self._progress = message

        self.tasks.submit(key, lambda: work(self.tasks.interruptible(report)), on_done)

    def _cancel(self) -> None:
        """End what runs; the map stays as it was."""
        self._started += 1
        self.tasks.cancel("positions")
        self._progress = ""
        self.panel.show_progress("")

    def _tick(self) -> None:
        self.tasks.deliver()
        if self._progress and self._progress != self.panel.status.text():
            self.panel.show_progress(self._progress, is_running=True)

    def stop(self) -> None:
        self._timer.stop()
        self.canvas.thumbnails.close()
        self.tasks.close()

"""The brush of the live page: strokes, presets, bar and the search for the smallest patch."""

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction

from ferapp.live.status import LiveEngine
from ferapp.overlays.label_text import class_title, percent
from ferapp.ui.brush.brush_bar import BrushBar
from ferapp.ui.brush.brush_tool import Brush, BrushTool
from ferapp.ui.brush.strokes import Strokes
from ferapp.ui.live.face.hide_parts import HideRow
from ferapp.ui.live.live_view import LiveView
from ferapp.ui.shell.actions import block
from ferapp.vision.hidden_areas import Hidden

_POLL_MS = 33
COMPARING = "End the comparison to paint (Shift+M)."
_BRUSH_ACTIONS = (
    "brush",
    "brush_eraser",
    "brush_smaller",
    "brush_larger",
    "brush_undo",
    "brush_clear",
    "find_patch",
)


class BrushController(QObject):
    """`changed` carries what is hidden from the model from now on."""

    changed = Signal(object)  # Hidden

    def __init__(
        self,
        live_view: LiveView,
        hide_row: HideRow,
        actions: dict[str, QAction],
        engine: LiveEngine,
    ) -> None:
        super().__init__(live_view)
        self._live_view, self._hide_row, self._actions = live_view, hide_row, actions
        self.search = engine.patch_search
        self._classes: tuple[str, ...] = ()  # of the model that is searched
        self.strokes = Strokes(self._show_hidden)
        self.brush = Brush()
        self.tool = BrushTool(live_view.view, self.strokes, self.brush)
        self.bar = BrushBar(actions)
        self.bar.fill_chosen.connect(lambda fill: self.strokes.set_fill(fill))
        hide_row.part_toggled.connect(self.strokes.set_part)
        actions["brush"].toggled.connect(self._set_on)
        actions["brush_eraser"].toggled.connect(self._set_eraser)
        actions["brush_smaller"].triggered.connect(lambda: self._resize(-1))
        actions["brush_larger"].triggered.connect(lambda: self._resize(1))
        actions["brush_undo"].triggered.connect(lambda: self.strokes.undo())
        actions["brush_clear"].triggered.connect(lambda: self.strokes.put())
        actions["find_patch"].triggered.connect(self._search_or_cancel)
        self._poll_timer = QTimer(self, interval=_POLL_MS)
        self._poll_timer.timeout.connect(self._poll_search)
        self._show_hidden(self.strokes.hidden)

    def set_blocked(self, reason: str) -> None:
        """Disable everything, with `reason` as the tooltip of the chips; "" enables it.

        While two models or methods are compared, parts can be hidden, but nothing painted.
        """
        no_painting = reason or (COMPARING if self._live_view.duel.sides is not None else "")
        self._hide_row.set_blocked(reason, no_painting)
        if no_painting:
            self._actions["brush"].setChecked(False)
        for name in _BRUSH_ACTIONS:
            block(self._actions[name], no_painting)
        self._enable_undo()

    def leave(self) -> bool:
        """Cancel the search, else put the brush away; whether there was anything to end."""
        if self._poll_timer.isActive():
            self._cancel_search()
            return True
        is_on = self._actions["brush"].isChecked()
        self._actions["brush"].setChecked(False)
        return is_on

    def _set_on(self, on: bool) -> None:
        self.bar.setVisible(on)
        self.tool.set_on(on)
        if not on:
            self._actions["brush_eraser"].setChecked(False)

    def _set_eraser(self, on: bool) -> None:
        self.brush.erases = on
        if on:
            self._actions["brush"].setChecked(True)  # else the switch would do nothing
        self.tool.update_ring()

    def _resize(self, steps: int) -> None:
        self.brush.resize(steps)
        self.tool.update_ring()

    def _show_hidden(self, hidden: Hidden) -> None:
        self._hide_row.show_hidden(hidden)
        self._enable_undo()
        self.changed.emit(hidden)

    def _enable_undo(self) -> None:
        self.bar.undo.setEnabled(self.strokes.can_undo)
        self.bar.clear.setEnabled(bool(self.strokes.hidden))

    # --- the smallest patch ---------------------------------------------------------------------

    def _search_or_cancel(self) -> None:
        if self._poll_timer.isActive():
            self._cancel_search()
            return
        analysis = self._live_view.view.analysis
        face = analysis.selected_face if analysis is not None else None
        if analysis is None or face is None or face.landmarks is None or face.prediction is None:
            self._live_view.toast.show_message("The search needs a face with a prediction.")
            return
        self._classes = face.prediction.classes
        self.strokes.put()  # the search begins with the whole face
        fill = self.strokes.hidden.fill
        self.search.start(analysis.frame.image, face.landmarks, fill)
        self.bar.show_progress(0.0)
        self._poll_timer.start()

    def _cancel_search(self) -> None:
        self.search.cancel()
        self._end_search()

    def _end_search(self) -> None:
        self._poll_timer.stop()
        self.bar.show_progress(None)
        self.tool.layer.show_patches(())

    def _poll_search(self) -> None:
        search = self.search
        state = search.state
        if search.failure:
            self._end_search()
            self._live_view.toast.show_message(search.failure)
        elif state is not None and not state.is_done:
            self.bar.show_progress(state.tested / max(state.total, 1))
            self.tool.layer.show_patches(state.patches)
        elif state is not None:
            self._end_search()
            answer = class_title(self._classes[state.answer])
            if state.patch is None or state.new_answer is None or state.new_probabilities is None:
                self._live_view.toast.show_message(
                    f"No square patch up to {percent(state.share)} of the face changes {answer}. "
                    f"{state.tested} patches tried."
                )
                return
            self.tool.layer.show_found(state.patch)
            self.strokes.put(state.patch)
            before, after = (
                percent(float(values[state.answer]))
                for values in (state.probabilities, state.new_probabilities)
            )
            self._live_view.toast.show_message(
                f"Hiding {percent(state.share)} of the face is enough: "
                f"{answer} {before} → {after}, now {class_title(self._classes[state.new_answer])}.",
                tip=f"The smallest of {state.tested} square patches that changes the answer.\n"
                "Other shapes may need less. You can erase, undo or paint more.",
            )

"""Controls of the attribution: the class and method, the colours, and the scale."""

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from ferapp.overlays import colour_maps, label_text
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.live.display_controls import label_width
from ferapp.ui.live.face.attribution_key import gradient
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.picker import Picker
from ferapp.ui.widgets.text_size import fix_width
from ferapp.vision.overlay_methods import (
    OVERLAY_METHODS,
    fallback_method,
    method_groups,
    refusal,
)
from trainer.attribution_methods import DEFAULT_METHOD

_SWATCH = QSize(44, 10)
_MIN_WIDTH = 120  # px: longer names of methods are elided, but complete in the list
_EXPLAIN = (
    "The expression that the colours over the face explain.\n"
    "Predicted: the label. Runner-up: the second most probable expression.\n"
    "Or click a bar to explain its expression."
)
_METHOD = (
    "The attribution method. Grad × Input: how much each location adds to the score.\n"
    "Action units: where the expression appears on a face, drawn from the landmarks alone."
)
_COLOURS = "The colours of the attribution. Lightness shows the strength as well."
_SIGNED = (
    "On: different colours for evidence for and against the expression.\n"
    "Off: only how strongly each location matters."
)
_HOLD = (
    "On: the full colour stays at the strongest attribution of the last 5 seconds,\n"
    "so that pictures can be compared. Another model or expression gets a new scale.\n"
    "Off: the strongest attribution of each picture has the full colour."
)


class AttributionControls(QWidget):
    """Each signal carries the new value; `show_style` emits none."""

    target_chosen = Signal(str)  # as OverlayStyle.target
    method_chosen = Signal(str)  # as OverlayStyle.method
    palette_chosen = Signal(str)
    signed_changed = Signal(bool)
    hold_scale_changed = Signal(bool)

    def __init__(self, hold_scale: bool) -> None:
        super().__init__()
        self._classes: tuple[str, ...] = ()
        self._served: tuple[str, ...] | None = None
        self._signed = True
        self.target = Picker("Explain", _EXPLAIN)
        self.method = Picker("Explain with", _METHOD)
        self._method = DEFAULT_METHOD
        self.method.setMinimumWidth(_MIN_WIDTH)
        self.palette_picker = Picker("Colours of the attribution", _COLOURS)
        self.palette_picker.setIconSize(_SWATCH)
        for name, palette in colour_maps.MAP_PALETTES.items():
            self.palette_picker.addItem(palette.title, name)
        self.signed = Chip("For and against", _SIGNED)
        self.hold_scale = Chip("Hold scale", _HOLD)
        self.hold_scale.setChecked(hold_scale)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(theme.GAP - 2)
        grid.setColumnStretch(1, 1)
        for row, (text, control) in enumerate(
            (("Explain", self.target), ("Colours", self.palette_picker))
        ):
            label = QLabel(text)
            label.setToolTip(control.toolTip())
            fix_width(label, label_width)
            label.setBuddy(control)
            grid.addWidget(label, row, 0)
        explain = QHBoxLayout()
        explain.setSpacing(theme.GAP)
        explain.addWidget(self.target, 1)
        explain.addWidget(QLabel("with"))
        explain.addWidget(self.method, 1)
        grid.addLayout(explain, 0, 1)
        colours = QHBoxLayout()
        colours.setSpacing(4)
        for widget in (self.palette_picker, self.signed, self.hold_scale):
            colours.addWidget(widget)
        grid.addLayout(colours, 1, 1)
        self._fill_targets()
        self.show_methods(())
        self._paint_swatches()
        self.target.activated.connect(
            lambda index: self.target_chosen.emit(self.target.itemData(index))
        )
        self.method.activated.connect(
            lambda index: self.method_chosen.emit(self.method.itemData(index))
        )
        self.palette_picker.activated.connect(
            lambda index: self.palette_chosen.emit(self.palette_picker.itemData(index))
        )
        self.signed.clicked.connect(self.signed_changed)
        self.hold_scale.clicked.connect(self.hold_scale_changed)

    def show_style(self, style: OverlayStyle, classes: tuple[str, ...]) -> None:
        """The choices of `style` among the model's classes."""
        if classes != self._classes:
            self._classes = classes
            self._fill_targets()
        self._show_method(style.method)
        chosen = self.target.findData(style.target)
        self.target.setCurrentIndex(max(chosen, 0))  # predicted, if the model lacks the class
        self.palette_picker.setCurrentIndex(max(self.palette_picker.findData(style.palette), 0))
        if style.signed != self._signed:
            self._signed = style.signed
            self._paint_swatches()
        self.signed.setChecked(style.signed)

    def set_blocked(self, reason: str) -> None:
        """Disable the choice of a method, with `reason` as its tooltip; "" enables it."""
        self.method.setEnabled(not reason)
        self.method.setToolTip(reason or _METHOD)

    def show_methods(self, served: tuple[str, ...]) -> None:
        """The methods in groups: those that the model does not support say why not."""
        if served == self._served:
            return
        self._served = served
        self.method.clear()
        for group in method_groups(served):
            if group.heading:
                self._add_method(group.heading, None, group.why, enabled=False)
            for name in group.methods:
                method, is_served = OVERLAY_METHODS[name], not served or name in served
                tip = method.description if is_served else refusal(name, served)
                tip = "\n\n".join(part for part in (tip, group.why) if part)
                self._add_method(method.title, name, tip, enabled=is_served)
        self._show_method(self._method)

    def _add_method(self, text: str, name: str | None, tip: str, *, enabled: bool) -> None:
        """A heading has no name."""
        self.method.addItem(text, name)
        item = self.method.model().item(self.method.count() - 1)  # type: ignore[attr-defined]
        item.setEnabled(enabled)
        item.setToolTip(tip)
        if not enabled:
            item.setForeground(QColor(theme.current().muted))
        if name is None:
            item.setFont(theme.sized(self.font(), 0.85))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._served is not None:
            served, self._served = self._served, None
            self.show_methods(served)  # in the colours of the theme

    def _show_method(self, name: str) -> None:
        """Select the method, or that which is displayed instead of an unsupported one."""
        self._method = name
        served = self._served or ()
        shown = name if not served or name in served else fallback_method(served)
        self.method.setCurrentIndex(max(self.method.findData(shown), 0))

    def _fill_targets(self) -> None:
        self.target.clear()
        self.target.addItem("Predicted", "predicted")
        self.target.addItem("Runner-up", "runner_up")
        for name in self._classes:
            self.target.addItem(label_text.class_title(name), name)

    def _paint_swatches(self) -> None:
        size = _SWATCH * 4  # the icon scales it down for any screen
        for i in range(self.palette_picker.count()):
            name = self.palette_picker.itemData(i)
            row = gradient(name, signed=self._signed, width=size.width())
            swatch = QPixmap.fromImage(row.scaled(size))
            icon = QIcon()
            for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # not tinted when selected
                icon.addPixmap(swatch, mode)
            self.palette_picker.setItemIcon(i, icon)

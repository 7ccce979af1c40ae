"""How the results look, and with which options the engine computes them: one value of each."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

from ferapp.live.status import LiveEngine
from ferapp.overlays.colour_scale import ColourScale
from ferapp.overlays.overlay_style import OVERLAYS, OverlayStyle, displayed_map
from ferapp.ui.live.display_controls import ClassBalance, Sliders
from ferapp.ui.live.face.attribution_controls import AttributionControls
from ferapp.ui.shell.settings import SettingsStore
from ferapp.vision.analysis_options import AnalysisOptions, Prior
from ferapp.vision.types import Analysis


class LookControls(QObject):
    """The controls of the overlay style and of the engine's options, and both values.

    The style is kept in the settings; only `change_style` changes it, only `set_options` the
    options.
    """

    style_changed = Signal()
    outdated = Signal()  # a displayed analysis was made with other options

    def __init__(
        self,
        engine: LiveEngine,
        actions: dict[str, QAction],
        store: SettingsStore,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        now = store.now
        self._engine, self._actions, self._store = engine, actions, store
        self._classes: tuple[str, ...] = ()
        self._shown: Analysis | None = None
        self._has_maps = True
        self._scale = ColourScale(now.held_scale)
        self.options = AnalysisOptions(
            smoothing_s=now.smoothing_ms / 1000, max_faces=now.faces, prior=now.prior
        )
        self.attribution = AttributionControls(now.held_scale)
        self.sliders = Sliders(now.look.opacity, now.smoothing_ms)
        self.class_balance = ClassBalance(now.prior)

    def connect_controls(self) -> None:
        """From here on, the controls change the style and the options."""
        for name in (*(overlay.field for overlay in OVERLAYS), "mirror"):
            action = self._actions[name]
            action.setChecked(getattr(self.style, name))
            action.toggled.connect(lambda on, field=name: self.change_style(**{field: on}))
        controls = self.attribution
        controls.target_chosen.connect(lambda target: self.change_style(target=target))
        controls.method_chosen.connect(lambda method: self.change_style(method=method))
        controls.palette_chosen.connect(lambda palette: self.change_style(palette=palette))
        controls.signed_changed.connect(lambda signed: self.change_style(signed=signed))
        controls.hold_scale_changed.connect(self._hold_scale)
        self.sliders.opacity_changed.connect(lambda value: self.change_style(opacity=value))
        self.sliders.smoothing_changed.connect(self._set_smoothing)
        self.class_balance.chosen.connect(self._set_prior)
        self.change_style(full_scale=0.0)  # a saved scale may be another model's

    @property
    def style(self) -> OverlayStyle:
        return self._store.now.look

    def change_style(self, **changes: Any) -> None:
        """Change the overlay style; the engine computes only what is displayed."""
        style = replace(self.style, **changes)
        if (style.target, style.method) != (self.style.target, self.style.method):
            self._scale.reset()
            self._add_to_scale(style)
            style = replace(style, full_scale=self._scale.value)
        self._store.change(look=style)
        self.attribution.show_style(style, self._classes)
        self._enable_map_controls()
        self.set_options(attribution=style.attribution, method=style.method, target=self._target())
        self.style_changed.emit()

    def explain(self, name: str) -> None:
        """Explain this class; a second time, the predicted class again."""
        target = "predicted" if self.style.target == name else name
        self.change_style(target=target)
        if target == name:
            self._actions["attribution"].setChecked(True)  # else the choice would show nothing

    def set_options(self, **changes: Any) -> None:
        before, self.options = self.options, replace(self.options, **changes)
        self._engine.set_options(self.options)
        # smoothing has no effect on a paused frame
        if replace(before, smoothing_s=self.options.smoothing_s) != self.options:
            self.outdated.emit()

    def use_classes(self, classes: tuple[str, ...]) -> None:
        """Those of the model that runs."""
        if classes and classes != self._classes:
            self._classes = classes
            self.change_style()

    def follow(self, shown: Analysis) -> None:
        """Scale the colours to the maps of the displayed analysis."""
        self._shown = shown
        self._add_to_scale(self.style)
        if self._scale.value != self.style.full_scale:
            self.change_style(full_scale=self._scale.value)

    def reset_scale(self) -> None:
        """Another model runs."""
        self._scale.reset()

    def set_has_maps(self, has_maps: bool) -> None:
        """Whether what plays has maps to be looked at."""
        self._has_maps = has_maps
        self._enable_map_controls()

    def _target(self) -> Literal["predicted", "runner_up"] | int:
        """`style.target` for the engine; "predicted" for a class that the model does not have."""
        if self.style.target in self._classes:
            return self._classes.index(self.style.target)
        return "runner_up" if self.style.target == "runner_up" else "predicted"

    def _enable_map_controls(self) -> None:
        has_maps = self.style.attribution and self._has_maps
        self.attribution.setEnabled(has_maps)
        self.sliders.opacity.setEnabled(has_maps)

    def _hold_scale(self, on: bool) -> None:
        self._scale.hold(on)
        self._store.change(held_scale=on)
        self.change_style(full_scale=self._scale.value)

    def _add_to_scale(self, style: OverlayStyle) -> None:
        """Add the peak of the displayed maps to the colour scale."""
        if self._shown is None:
            return
        maps = (displayed_map(face.prediction, style.target) for face in self._shown.faces)
        peaks = [float(np.abs(shown[1]).max(initial=0)) for shown in maps if shown]
        if peaks:
            frame = self._shown.frame
            self._scale.add(frame.segment, frame.captured_at, max(peaks))

    def _set_smoothing(self, milliseconds: int) -> None:
        self._store.change(smoothing_ms=milliseconds)
        self.set_options(smoothing_s=milliseconds / 1000)

    def _set_prior(self, prior: Prior) -> None:
        self._store.change(prior=prior)
        self.set_options(prior=prior)

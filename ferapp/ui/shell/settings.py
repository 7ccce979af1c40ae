"""What the window remembers from one start to the next: one JSON file that tolerates damage."""

import json
import logging
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from platformdirs import user_config_path

from ferapp.overlays.overlay_style import Look
from ferapp.ui.widgets.theme import Mode
from ferapp.vision.analysis_options import FACES, MOST_FACES
from ferapp.vision.overlay_methods import OVERLAY_METHODS
from ferapp.vision.signals import GROUPS
from trainer.files import write_json

log = logging.getLogger(__name__)

RECENT = 8
STRONGEST = "Strongest"  # action units of the last 20 seconds
SIGNAL_GROUPS = (*GROUPS, STRONGEST)


@dataclass(frozen=True, slots=True)
class Settings:
    theme: Mode = "system"
    look: Look = field(default_factory=Look)
    held_scale: bool = False  # keep one colour scale for all pictures
    smoothing_ms: int = 300
    faces: int = FACES  # found at most
    hud: bool = False
    signals: bool = False
    signal_group: str = "Head"
    model: str = "default"
    device: str = "auto"
    camera: str = ""  # the camera chosen last, as `open_source` takes it; "" is none yet
    camera_mode: str = ""  # 1280x720@30; "" leaves it to the camera
    recordings: str = ""  # the folder they go into; "" is the usual one
    record_clean: bool = True
    record_overlaid: bool = False
    recent_models: tuple[str, ...] = ()  # files, newest first
    hints_seen: bool = False
    geometry: str = ""  # of the window, as Qt saves it, in hexadecimal


class SettingsStore:
    """The settings now, and their file. A file or field that cannot be used counts as not there."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_config_path("ferapp", appauthor=False) / "settings.json"
        self.now = _read(self.path)
        self._saved = self.now

    def change(self, **values: Any) -> None:
        """Remember `values`; `save` writes them."""
        self.now = replace(self.now, **values)

    def forget(self, recordings: str = "") -> None:
        """Nothing of what was used last is remembered; how things look stays while it runs.

        So does `recordings`, the folder they go into. The file is the caller's to delete: it is
        written again when something changes.
        """
        now = self.now
        self.now = self._saved = Settings(
            theme=now.theme,
            look=now.look,
            held_scale=now.held_scale,
            smoothing_ms=now.smoothing_ms,
            hud=now.hud,
            recordings=recordings,
            hints_seen=now.hints_seen,
        )

    def save(self) -> None:
        """Write what changed. A file that cannot be written is no reason to disturb anybody."""
        if self.now == self._saved:
            return
        try:
            write_json(self.path, asdict(self.now))
            self._saved = self.now
        except OSError as error:
            log.warning("The settings cannot be saved: %s", error)


def _read(path: Path) -> Settings:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("The settings in %s cannot be read, so they begin anew: %s", path, error)
        return Settings()
    fitting: Settings = _fitting(Settings(), values)
    return fitting


def _fitting(default: Any, values: Any) -> Any:
    """`default` with those of `values` that have the right type and a known value."""
    if not isinstance(values, dict):
        return default
    fit = {}
    for each in fields(default):
        old, new = getattr(default, each.name), values.get(each.name)
        if isinstance(old, Look):
            fit[each.name] = _fitting(old, new)
        elif isinstance(old, tuple):
            listed = isinstance(new, list) and all(isinstance(item, str) for item in new)
            fit[each.name] = tuple(new)[:RECENT] if listed and new else old
        elif isinstance(old, float):
            number = isinstance(new, int | float) and not isinstance(new, bool) and 0 <= new <= 1e6
            fit[each.name] = float(new) if number else old  # type: ignore[arg-type]
        elif type(new) is type(old) and _known(each.name, new):
            fit[each.name] = new
    return replace(default, **fit)


def _known(name: str, value: Any) -> bool:
    if name == "theme":
        return value in get_args(Mode)
    if name == "method":
        return value in OVERLAY_METHODS
    if name == "signal_group":
        return value in SIGNAL_GROUPS
    if name == "faces":
        return 1 <= int(value) <= MOST_FACES
    return not isinstance(value, int) or 0 <= value <= 5000

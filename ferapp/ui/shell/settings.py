"""What the window remembers from one start to the next: one JSON file that tolerates damage."""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_config_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.studies.coding.codes import CODES
from ferapp.ui.text.class_words import DEFAULT_LANGUAGE, LANGUAGES
from ferapp.ui.widgets.theme import Mode
from ferapp.vision.analysis_options import DEFAULT_FACES, MAX_FACES, Prior
from ferapp.vision.overlay_methods import OVERLAY_METHODS
from ferapp.vision.signals import GROUPS
from trainer.files import write_json
from trainer.labels import EXPRESSIONS

log = logging.getLogger(__name__)

RECENT = 8
STRONGEST = "Strongest"  # action units of the last 20 seconds
SIGNAL_GROUPS = (*GROUPS, STRONGEST)
_DEFAULTS = asdict(OverlayStyle())  # the default style, by field


def _overlay_style(value: Any) -> Any:
    """An overlay style from the object in the file; an invalid field gets its default."""
    if not isinstance(value, dict):
        return value
    return OverlayStyle(
        **{name: value[name] for name in _DEFAULTS if name in value and _fits(name, value[name])}
    )


def _fits(name: str, value: Any) -> bool:
    if isinstance(_DEFAULTS[name], float):
        return type(value) in (int, float) and 0 <= value <= 1e6
    return type(value) is type(_DEFAULTS[name]) and (name != "method" or value in OVERLAY_METHODS)


def _signal_group(name: str) -> str:
    if name not in SIGNAL_GROUPS:
        raise ValueError(f"there is no group of signals {name!r}")
    return name


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"there is no language {code!r}")
    return code


def _signal_groups(value: Any) -> Any:
    """Those of the file that exist."""
    return tuple(name for name in GROUPS if name in value) if isinstance(value, list) else value


def _codes(value: Any) -> Any:
    """Those of the file that exist; all expressions where none does."""
    if not isinstance(value, list | tuple):
        return value
    return tuple(code for code in dict.fromkeys(value) if code in CODES)[:9] or EXPRESSIONS


def _recent(value: Any) -> Any:
    return tuple(value)[:RECENT] if isinstance(value, list) else value


class Settings(BaseModel):
    """Immutable; types are strict, because they validate the file."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    theme: Mode = "system"
    look: Annotated[OverlayStyle, BeforeValidator(_overlay_style)] = Field(
        default_factory=OverlayStyle
    )
    held_scale: bool = False  # one colour scale for all pictures
    smoothing_ms: int = Field(default=300, ge=0, le=5000)
    faces: int = Field(default=DEFAULT_FACES, ge=1, le=MAX_FACES)  # at most
    hud: bool = False
    signals: bool = False
    signal_group: Annotated[str, AfterValidator(_signal_group)] = "Head"
    timeline: bool = True  # visible, below the picture
    timeline_height: int = Field(default=0, ge=0, le=4000)  # px; 0 is the usual one
    timeline_lanes: Annotated[tuple[str, ...], BeforeValidator(_signal_groups)] = ()
    model: str = "default"
    device: str = "auto"
    camera: str = ""  # the camera chosen last, as `open_source` expects it; "" is none yet
    camera_mode: str = ""  # 1280x720@30; "" is the camera's default
    anonymise: Literal["off", "blur", "mask", "mesh"] = "off"  # the heads in snapshots
    recordings: str = ""  # the folder for recordings; "" is the default one
    record_clean: bool = True
    record_overlaid: bool = False
    recent_sources: Annotated[tuple[str, ...], BeforeValidator(_recent)] = ()  # newest first
    recent_models: Annotated[tuple[str, ...], BeforeValidator(_recent)] = ()  # newest first
    recent_data: Annotated[tuple[str, ...], BeforeValidator(_recent)] = ()  # newest first
    recent_studies: Annotated[tuple[str, ...], BeforeValidator(_recent)] = ()  # newest first
    hints_seen: bool = False
    geometry: str = ""  # of the window, as Qt saves it, in hexadecimal
    prior: Prior = "trained"  # balanced costs more than half a point of accuracy
    stage_language: Annotated[str, AfterValidator(_language)] = DEFAULT_LANGUAGE
    text_size: int = Field(default=100, ge=100, le=200)  # percent
    notify_ends: bool = True  # of trainings, by the system
    folders: dict[str, str] = Field(default_factory=dict)  # of file dialogs, by what they choose
    osc_address: str = ""  # the last one, as `osc_target` reads it; "" is none yet
    coder: str = ""  # who coded a clip last
    codes: Annotated[tuple[str, ...], BeforeValidator(_codes)] = EXPRESSIONS  # with keys


class SettingsStore:
    """The current settings and their file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_config_path("ferapp", appauthor=False) / "settings.json"
        self.now = _read(self.path)
        self._saved = self.now

    def change(self, **values: Any) -> None:
        """Remember `values`; `save` writes them. Raises ValidationError for an unknown setting."""
        self.now = Settings(**dict(self.now) | values)

    def clear_recent(self, recordings: str = "") -> None:
        """Forget recent items and settings, except the appearance of the running window.

        `recordings`, the folder for recordings, is kept. Deleting the file is up to the caller;
        it is written again when something changes.
        """
        now = self.now
        self.now = self._saved = Settings(
            theme=now.theme,
            look=now.look,
            held_scale=now.held_scale,
            smoothing_ms=now.smoothing_ms,
            prior=now.prior,
            hud=now.hud,
            anonymise=now.anonymise,
            recordings=recordings,
            stage_language=now.stage_language,
            text_size=now.text_size,
            notify_ends=now.notify_ends,
            hints_seen=now.hints_seen,
        )

    def save(self) -> None:
        """Write changes. A file that cannot be written is only logged."""
        if self.now == self._saved:
            return
        try:
            write_json(self.path, self.now.model_dump())
            self._saved = self.now
        except OSError as error:
            log.warning("The settings cannot be saved: %s", error)


def _read(path: Path) -> Settings:
    """Defaults stand in for a missing or damaged file, and for each invalid field."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("The settings in %s cannot be read, so defaults are used: %s", path, error)
        return Settings()
    if not isinstance(values, dict):
        return Settings()
    try:
        return Settings(**values)
    except ValidationError as error:
        bad = {problem["loc"][0] for problem in error.errors()}
        log.warning("Settings in %s are not used: %s", path, ", ".join(sorted(map(str, bad))))
        return Settings(**{name: value for name, value in values.items() if name not in bad})

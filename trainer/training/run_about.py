"""What a person says about a run: title, tags and notes, in its `about.json`."""

from dataclasses import asdict, dataclass
from typing import Any

from trainer.files import write_json
from trainer.training.event_log import parse_event
from trainer.training.run_dir import RunDir


@dataclass(frozen=True, slots=True)
class RunAbout:
    """`title` is displayed instead of the run's name. An archived run is hidden at first."""

    tags: tuple[str, ...] = ()
    notes: str = ""
    archived: bool = False
    title: str = ""


def read_about(run: RunDir) -> RunAbout:
    """Empty without a file; of a damaged one, what can be read."""
    try:
        values = parse_event(run.about.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError):
        return RunAbout()
    tags = values.get("tags")
    return RunAbout(
        tags=clean_tags(map(str, tags)) if isinstance(tags, list) else (),
        notes=_text(values.get("notes")),
        archived=values.get("archived") is True,
        title=_text(values.get("title")),
    )


def write_about(run: RunDir, about: RunAbout) -> None:
    """Raises OSError."""
    write_json(run.about, asdict(about))


def clean_tags(tags: Any) -> tuple[str, ...]:
    """Without spaces around them, each once, in this order."""
    return tuple(dict.fromkeys(filter(None, (tag.strip() for tag in tags))))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

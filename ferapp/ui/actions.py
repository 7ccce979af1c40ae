"""Every action of the window in one table: its words, its key, and what it does for a person."""

from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True, slots=True)
class ActionRecord:
    id: str
    text: str
    shortcut: str
    tip: str
    checked: bool | None = None  # the state at the start; None: not a switch


ACTIONS: tuple[ActionRecord, ...] = (
    ActionRecord("demo", "Demo clip", "D", "Play the clip that comes with the app, in a loop."),
    ActionRecord("camera", "Camera", "C", "Show the first camera of this computer."),
    ActionRecord("open_file", "Open file…", "O", "Show a video or a picture from a file."),
    ActionRecord("open_model", "Open model…", "M", "Let another model look at the faces."),
    ActionRecord(
        "freeze",
        "Freeze",
        "Space",
        "Hold the picture and its analysis. The overlays stay adjustable.",
        checked=False,
    ),
    ActionRecord(
        "boxes", "Boxes", "B", "A box around each face with its label and confidence.", checked=True
    ),
    ActionRecord(
        "landmarks",
        "Landmarks",
        "L",
        "The 68 points that were found on each face. They also align the face for the model.",
        checked=True,
    ),
    ActionRecord(
        "attribution",
        "Attribution",
        "A",
        "Which parts of the face speak for the shown label (warm colours) "
        "and which speak against it (cool colours).",
        checked=True,
    ),
    ActionRecord(
        "hud",
        "Figures",
        "H",
        "Rates, delays and times of each step, on the picture.",
        checked=False,
    ),
    ActionRecord("fullscreen", "Full screen", "F11", "Fill the screen, and back.", checked=False),
)


def make_actions(parent: QWidget) -> dict[str, QAction]:
    """One QAction per record, by id, active in the whole window of `parent`."""
    actions: dict[str, QAction] = {}
    for record in ACTIONS:
        action = QAction(record.text, parent)
        action.setIconText(record.text)  # a toolbar drops the dots otherwise
        action.setObjectName(record.id)
        action.setShortcut(QKeySequence(record.shortcut))
        action.setAutoRepeat(False)
        action.setToolTip(f"{record.tip}\nKey: {record.shortcut}")
        if record.checked is not None:
            action.setCheckable(True)
            action.setChecked(record.checked)
        parent.addAction(action)
        actions[record.id] = action
    return actions

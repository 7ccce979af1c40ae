"""Every action of the window in one table: its text, its key and what it does."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from ferapp.overlays.overlay_style import OVERLAYS

Group = Literal["Source", "Model", "Picture", "Recording", "Window", "Help", "Pages"]


@dataclass(frozen=True, slots=True)
class ActionRecord:
    id: str
    group: Group
    text: str
    shortcut: str
    tip: str
    checked: bool | None = None  # the state at the start; None: not a switch


ACTIONS: tuple[ActionRecord, ...] = (
    ActionRecord("demo", "Source", "Demo clip", "D", "Play the bundled clip."),
    ActionRecord(
        "camera",
        "Source",
        "Camera",
        "C",
        "Show the camera you chose last, or the first one of this computer.",
    ),
    ActionRecord("open_file", "Source", "Open file…", "O", "Open a video or a picture."),
    ActionRecord("open_folder", "Source", "Open folder…", "Shift+O", "Open a folder of pictures."),
    ActionRecord(
        "open_url", "Source", "Open address…", "U", "Open a stream by its http or rtsp address."
    ),
    ActionRecord(
        "paste",
        "Source",
        "Paste",
        "Ctrl+V",
        "Open the picture, file or address that you copied.",
    ),
    ActionRecord(
        "open_model", "Model", "Open model…", "M", "Analyse the faces with another model."
    ),
    ActionRecord("end_comparison", "Model", "End comparison", "Shift+M", "Return to one model."),
    ActionRecord(
        "teach",
        "Model",
        "Teach it your face…",
        "T",
        "Record examples of your own face and fine-tune a copy of the default model on them.",
    ),
    ActionRecord(
        "freeze",
        "Picture",
        "Freeze",
        "Space",
        "Freeze the picture, or pause the file. The overlays stay adjustable.",
        checked=False,
    ),
    ActionRecord(
        "snapshot",
        "Picture",
        "Snapshot",
        "S",
        "Save this picture with its overlays (PNG) and everything measured on it (JSON).",
    ),
    ActionRecord(
        "mirror",
        "Picture",
        "Mirror",
        "X",
        "Mirror the view only. Measurements and saved files are not mirrored.",
        checked=False,
    ),
    *(
        ActionRecord(
            overlay.field, "Picture", overlay.title, overlay.shortcut, overlay.tip, checked=True
        )
        for overlay in OVERLAYS
    ),
    ActionRecord(
        "signals",
        "Picture",
        "Signals",
        "G",
        "Head pose, eye openness and action units over time, beside the probabilities.",
        checked=False,
    ),
    ActionRecord(
        "timeline",
        "Picture",
        "Timeline",
        "Shift+L",
        "The whole session over time, below the picture: expressions, doubts, marks.",
        checked=True,
    ),
    ActionRecord(
        "next_face",
        "Picture",
        "Next face",
        "N",
        "Follow another face with bars, plots and attribution. Or press its number, 1 to 8.",
    ),
    ActionRecord("largest_face", "Picture", "Largest face", "0", "Follow the largest face again."),
    ActionRecord(
        "hud",
        "Picture",
        "Performance",
        "H",
        "Frame rates, delays and the time of each step, over the picture.",
        checked=False,
    ),
    ActionRecord(
        "record",
        "Recording",
        "Record",
        "R",
        "Record measurements and video into a folder. Press again to stop.",
        checked=False,
    ),
    ActionRecord(
        "to_table",
        "Recording",
        "Analyse to table…",
        "Ctrl+T",
        "Analyse every frame of this video or folder once, into a CSV with one row per face.",
    ),
    ActionRecord(
        "mark",
        "Recording",
        "Mark",
        "E",
        "Mark this moment of the recording and, if you like, add a note.",
    ),
    ActionRecord(
        "open_recording",
        "Recording",
        "Open recording…",
        "Ctrl+R",
        "Play a recording with its recorded results.",
    ),
    ActionRecord(
        "recording_settings",
        "Recording",
        "Recording settings…",
        "Shift+R",
        "Choose where recordings go and which videos they have.",
    ),
    ActionRecord(
        "fullscreen",
        "Window",
        "Full screen",
        "F11",
        "Fill the screen. Press again to return.",
        checked=False,
    ),
    ActionRecord("keys", "Help", "Keys", "?", "All keys of this window."),
    ActionRecord("hints", "Help", "First steps", "F1", "What to look at first."),
    ActionRecord("log", "Help", "Log", "Ctrl+L", "What has happened so far, to read or copy."),
    ActionRecord(
        "diagnostics",
        "Help",
        "Save diagnostics…",
        "Ctrl+Shift+L",
        "Save log, settings and versions in one file, to send with a report. No pictures.",
    ),
    ActionRecord(
        "delete_data",
        "Help",
        "Delete all my data…",
        "Ctrl+Shift+Del",
        "Pictures of you, models trained on them, recent items and settings, and more.",
    ),
    ActionRecord("about", "Help", "About", "Ctrl+I", "Versions, licences, privacy and use."),
)


# handled by the grid of the Inspect page: key, text, tip
INSPECT_KEYS = (
    ("1 – 7", "Relabel", "Give the face on the Inspect page another label."),
    ("0", "Original label", "Restore the data set's label."),
    ("F", "Flag", "Flag the face: training that applies the review leaves it out."),
    ("U", "Undo", "Undo the last decision."),
)


def native(shortcut: str) -> str:
    """The key as this system writes it: Ctrl+R is ⌘R on a Mac."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def give_key(action: QAction, record: ActionRecord) -> None:
    """Set the key, and a tip that names it."""
    action.setShortcut(QKeySequence(record.shortcut))
    action.setToolTip(f"{record.tip}\nKey: {native(record.shortcut)}")


def make_actions(parent: QWidget) -> dict[str, QAction]:
    """One QAction per record, by id, active in the whole window of `parent`."""
    actions: dict[str, QAction] = {}
    for record in ACTIONS:
        action = QAction(record.text, parent)
        action.setIconText(record.text)  # a toolbar drops the dots otherwise
        action.setObjectName(record.id)
        give_key(action, record)
        action.setAutoRepeat(False)
        if record.checked is not None:
            action.setCheckable(True)
            action.setChecked(record.checked)
        parent.addAction(action)
        actions[record.id] = action
    return actions

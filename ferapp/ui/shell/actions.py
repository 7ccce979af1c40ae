"""Every action of the window in one table: its words, its key, and what it does for a person."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

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
    ActionRecord("demo", "Source", "Demo clip", "D", "Play the clip that comes with the app."),
    ActionRecord(
        "camera",
        "Source",
        "Camera",
        "C",
        "Show the camera that was chosen last, or the first one of this computer.",
    ),
    ActionRecord("open_file", "Source", "Open file…", "O", "Show a video or a picture."),
    ActionRecord(
        "open_folder", "Source", "Open folder…", "Shift+O", "Show the pictures of a folder."
    ),
    ActionRecord(
        "open_url", "Source", "Open address…", "U", "Show a stream: an http or rtsp address."
    ),
    ActionRecord(
        "paste",
        "Source",
        "Paste",
        "Ctrl+V",
        "Show the picture, or open the file or address, that was copied.",
    ),
    ActionRecord("open_model", "Model", "Open model…", "M", "Let another model look at the faces."),
    ActionRecord(
        "end_comparison", "Model", "End comparison", "Shift+M", "Back to one model from two."
    ),
    ActionRecord(
        "teach",
        "Model",
        "Teach it your face…",
        "T",
        "Record examples of your own face and let a copy of the default model learn from them.",
    ),
    ActionRecord(
        "freeze",
        "Picture",
        "Freeze",
        "Space",
        "Hold the picture, or the file that plays. The overlays stay adjustable.",
        checked=False,
    ),
    ActionRecord(
        "snapshot",
        "Picture",
        "Snapshot",
        "S",
        "Save this picture with its overlays (PNG) and all that was measured on it (JSON).",
    ),
    ActionRecord(
        "mirror",
        "Picture",
        "Mirror",
        "X",
        "Show the picture as in a mirror. Only the view: what is measured and saved stays true.",
        checked=False,
    ),
    ActionRecord(
        "boxes",
        "Picture",
        "Boxes",
        "B",
        "A box around each face with its label and confidence.",
        checked=True,
    ),
    ActionRecord(
        "landmarks",
        "Picture",
        "Landmarks",
        "L",
        "The 68 points that were found on each face. They also align the face for the model.",
        checked=True,
    ),
    ActionRecord(
        "attribution",
        "Picture",
        "Attribution",
        "A",
        "Which parts of the face speak for an expression and which speak against it.",
        checked=True,
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
        "next_face",
        "Picture",
        "Next face",
        "N",
        "Let bars, plots and attribution follow another face. Its number, 1 to 8, does it too.",
    ),
    ActionRecord("largest_face", "Picture", "Largest face", "0", "Follow the largest face again."),
    ActionRecord(
        "hud",
        "Picture",
        "Figures",
        "H",
        "Rates, delays and times of each step, on the picture.",
        checked=False,
    ),
    ActionRecord(
        "record",
        "Recording",
        "Record",
        "R",
        "Record what is measured, and the pictures, into a folder. Again, and it ends.",
        checked=False,
    ),
    ActionRecord(
        "to_table",
        "Recording",
        "Analyse to table…",
        "Ctrl+T",
        "Analyse each frame of the video or folder that plays, once, into a CSV: a row a face.",
    ),
    ActionRecord(
        "mark", "Recording", "Mark", "E", "Mark this moment of the recording. A note can follow."
    ),
    ActionRecord(
        "open_recording",
        "Recording",
        "Open recording…",
        "Ctrl+R",
        "Play a recording with the results that were recorded.",
    ),
    ActionRecord(
        "recording_settings",
        "Recording",
        "Recording settings…",
        "Shift+R",
        "Where recordings go, and which videos they have.",
    ),
    ActionRecord(
        "fullscreen", "Window", "Full screen", "F11", "Fill the screen, and back.", checked=False
    ),
    ActionRecord("keys", "Help", "Keys", "?", "All keys of this window."),
    ActionRecord("hints", "Help", "First steps", "F1", "What to look at first."),
    ActionRecord("log", "Help", "Log", "Ctrl+L", "What happened so far, to read and to copy."),
    ActionRecord(
        "forget",
        "Help",
        "Delete all my data…",
        "Ctrl+Shift+Del",
        "Pictures of you, models trained on them, what was used last, and more.",
    ),
    ActionRecord("about", "Help", "About", "Ctrl+I", "Versions, licences, privacy and use."),
)


# what the grid of the Inspect page takes by itself: keys, what they do, how
INSPECT_KEYS = (
    ("1 – 7", "Relabel", "Give the face on the Inspect page another label."),
    ("0", "Own label", "Give it the data set's label again."),
    ("F", "Flag", "Flag it: a training that applies the review omits it."),
    ("U", "Undo", "Take the last decision back."),
)


def native(shortcut: str) -> str:
    """The key as this system writes it: what is Ctrl+R elsewhere is ⌘R on a Mac."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def give_key(action: QAction, record: ActionRecord) -> None:
    """Its key, and a tip that has it."""
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

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
        "Show the camera you chose last, or the first one on this computer.",
    ),
    ActionRecord(
        "camera_mode",
        "Source",
        "Camera resolution and rate…",
        "Shift+C",
        "Choose what to request from a camera. The status bar shows what it delivers.",
    ),
    ActionRecord(
        "open_file", "Source", "Open file…", "O", "Open a video, a picture or a table of faces."
    ),
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
    ActionRecord(
        "end_comparison",
        "Model",
        "End comparison",
        "Shift+M",
        "Stop comparing, and go back to one explanation.",
    ),
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
        "step_back",
        "Picture",
        "Previous frame",
        ",",
        "Pause the file and go back exactly one frame. In a folder of pictures, ← does the same.",
    ),
    ActionRecord(
        "step_forward",
        "Picture",
        "Next frame",
        ".",
        "Pause the file and go on exactly one frame. In a folder of pictures, → does the same.",
    ),
    ActionRecord(
        "snapshot",
        "Picture",
        "Snapshot",
        "S",
        "Save this picture with its overlays (PNG) and everything measured on it (JSON).",
    ),
    ActionRecord(
        "slide",
        "Picture",
        "Snapshot as slide",
        "Shift+S",
        "Save picture, bars, the last 20 seconds, model and date as one large PNG for a talk.",
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
        "brush",
        "Picture",
        "Paint over the face",
        "Shift+B",
        "Hide what you paint over from the model, and see its answer change.\n"
        "Strokes stick to the face. The right button erases; Esc puts the brush away.",
        checked=False,
    ),
    ActionRecord(
        "brush_eraser",
        "Picture",
        "Eraser",
        "Shift+E",
        "Erase paint, so that the model sees the area again. The right button always erases.",
        checked=False,
    ),
    ActionRecord("brush_smaller", "Picture", "Smaller brush", "[", "Or turn the wheel down."),
    ActionRecord("brush_larger", "Picture", "Larger brush", "]", "Or turn the wheel up."),
    ActionRecord(
        "brush_undo", "Picture", "Undo hiding", "Ctrl+Z", "Undo the last stroke or hidden part."
    ),
    ActionRecord(
        "brush_clear", "Picture", "Hide nothing", "Ctrl+Backspace", "Remove all strokes and parts."
    ),
    ActionRecord(
        "find_patch",
        "Picture",
        "Find smallest patch",
        "F",
        "Find the smallest square patch of the face that changes the answer when it is hidden.\n"
        "Press again, or Esc, to cancel.",
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
        "coding",
        "Recording",
        "Code by hand",
        "K",
        "Code a video or recording yourself, blind to the model, and see how far you agree.",
        checked=False,
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
        "panel",
        "Picture",
        "Side panel",
        "F9",
        "Show or hide the column beside the picture.",
        checked=True,
    ),
    ActionRecord(
        "stage",
        "Picture",
        "Stage",
        "P",
        "Show an audience one face, one word and the bars: on the second screen, if there is one.",
        checked=False,
    ),
    ActionRecord(
        "booth",
        "Picture",
        "Challenge booth",
        "Shift+P",
        "Ask somebody to show an expression; the model and the room say what they see.",
        checked=False,
    ),
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
        "stimuli",
        "Recording",
        "Show stimuli…",
        "Ctrl+P",
        "Show a list of pictures and videos on a screen while the face is recorded.",
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
        "live_output",
        "Recording",
        "Live output…",
        "Ctrl+Shift+O",
        "Send the numbers of each face to other programs as they are measured, by LSL or OSC.",
    ),
    ActionRecord(
        "fullscreen",
        "Window",
        "Full screen",
        "F11",
        "Fill the screen. Press again to return.",
        checked=False,
    ),
    ActionRecord(
        "palette",
        "Window",
        "Find an action…",
        "Ctrl+K",
        "Type what you want to do, and press Enter.",
    ),
    ActionRecord("keys", "Help", "Keys", "?", "All keys of this window."),
    ActionRecord(
        "hints", "Help", "First steps", "F1", "What to look at first. Press again to hide it."
    ),
    ActionRecord(
        "copy_python",
        "Help",
        "Copy as Python",
        "Ctrl+Shift+C",
        "Copy a script that gives what the live page shows now: its picture, faces and table.",
    ),
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


@dataclass(frozen=True, slots=True)
class ModeKey:
    """A key that a mode of the window owns while it is on; elsewhere it may mean something else.

    `shown` "": the first of the keys, as the system writes it.
    """

    id: str
    keys: tuple[str, ...]
    shown: str  # the keys as the user reads them
    text: str
    tip: str


def block(action: QAction, reason: str) -> None:
    """Disable the action, or with "" enable it; whoever lists actions says the reason."""
    action.setEnabled(not reason)
    action.setProperty("reason", reason)


def native(shortcut: str) -> str:
    """The key as this system writes it: Ctrl+R is ⌘R on a Mac."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def native_modifier(name: str) -> str:
    """Ctrl or Shift alone, as this system writes it."""
    return native(f"{name}+A").removesuffix("A").removesuffix("+")


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

"""The keys while a clip is coded by hand."""

from ferapp.ui.shell.actions import ModeKey

CODING = "While coding"  # the group of these keys
CODE_KEYS = tuple("123456789")

CODING_KEYS = (
    ModeKey(
        "code",
        CODE_KEYS,
        "1 – 9",
        "Code",
        "Hold while the clip plays: the interval grows. Press briefly: choose the code, or give it "
        "to the selected interval.",
    ),
    ModeKey("next", ("Down",), "↓", "Next interval", "Select it and go there."),
    ModeKey("previous", ("Up",), "↑", "Previous interval", "Select it and go there."),
    ModeKey("move", ("Alt+Left", "Alt+Right"), "", "Move", "The interval by a frame, with ← or →."),
    ModeKey("start", ("Ctrl+Left", "Ctrl+Right"), "", "Move its start", "By a frame, with ← or →."),
    ModeKey("end", ("Shift+Left", "Shift+Right"), "", "Move its end", "By a frame, with ← or →."),
    ModeKey("delete", ("Del", "Backspace"), "Del", "Delete", "The selected interval."),
    ModeKey("undo", ("Ctrl+Z",), "", "Undo", "The last change of this coder."),
    ModeKey("redo", ("Ctrl+Y", "Ctrl+Shift+Z"), "", "Redo", "What was undone."),
    ModeKey("seek", ("Left", "Right"), "← →", "One second back or on", "In the clip."),
    ModeKey("slower", ("-",), "−", "Slower", "Down to a quarter of the speed."),
    ModeKey("faster", ("+", "Shift++", "=", "Shift+="), "+", "Faster", "Up to twice the speed."),
    ModeKey(
        "next_moment",
        ("Return", "Enter"),
        "Enter",
        "Next disagreement",
        "Play it, while the agreement is open.",
    ),
    ModeKey(
        "previous_moment",
        ("Shift+Return", "Shift+Enter"),
        "Shift+Enter",
        "Previous disagreement",
        "Play it.",
    ),
    ModeKey("leave", ("Esc",), "Esc", "Close", "Deselect; then end coding. Everything is saved."),
)

"""Keys that mean something in one mode or on one page only, for the list of all keys."""

from ferapp.ui.shell.actions import ModeKey

STAGE = "On the stage"  # the group of the stage's own keys
BOOTH = "In the booth"  # the group of the booth's own keys

# handled by the stage while it is on
STAGE_KEYS = (
    ModeKey(
        "black", ("B",), "B", "Black screen", "The audience sees nothing until you press it again."
    ),
    ModeKey(
        "freeze",
        ("F",),
        "F",
        "Freeze audience",
        "The audience keeps seeing this picture while you prepare something else.",
    ),
    ModeKey(
        "explain",
        tuple("123456789"),
        "1 – 7",
        "Explain an expression",
        "Show what speaks for and against it. Press again to explain the word.",
    ),
    ModeKey(
        "next",
        ("Down", "PgDown"),
        "↓",
        "Next expression",
        "Explain the next one in the list. Page Down, as on a presenter's remote, does the same.",
    ),
    ModeKey(
        "previous",
        ("Up", "PgUp"),
        "↑",
        "Previous expression",
        "Explain the previous one in the list. Page Up does the same.",
    ),
    ModeKey(
        "word",
        ("0",),
        "0",
        "Explain the word",
        "Go back to explaining the expression that is shown as the word.",
    ),
    ModeKey("landmarks", ("L",), "L", "Landmarks", "Show the 68 landmarks to the audience."),
    ModeKey("leave", ("Esc",), "Esc", "Leave the stage", "Return to the window as it was."),
)
# handled by the booth while it is on
BOOTH_KEYS = (
    ModeKey(
        "go",
        ("Return", "Enter", "Space", "PgDown"),
        "Enter",
        "Continue",
        "Agree, start the countdown, show the answer, next challenge. Also Space or Page Down.",
    ),
    ModeKey(
        "vote",
        tuple("123456789"),
        "1 – 7",
        "Vote",
        "Add one vote for this expression. Press once for each vote.",
    ),
    ModeKey("undo", ("Backspace",), "Backspace", "Undo", "Remove the last vote."),
    ModeKey(
        "delete", ("Del",), "Del", "Delete this strip", "Delete the person's pictures and votes."
    ),
    ModeKey("person", ("N",), "N", "Next person", "Ask somebody else for consent."),
    ModeKey("results", ("M",), "M", "Results", "What the model and the room got right."),
    ModeKey("save", ("S",), "S", "Save", "Save strips and results, while the results are shown."),
    ModeKey(
        "close",
        ("Esc",),
        "Esc",
        "Close",
        "Show the results. Press again to close and delete everything.",
    ),
)
# handled by the live page during a comparison: key, text, tip
DUEL_KEYS = (
    ("← →", "Wipe", "Move the line between A's explanation and B's."),
    ("W", "Where they differ", "Show where the explanations differ, or both side by side."),
    ("Enter", "Next disagreement", "Hold the latest disagreement, then earlier ones."),
    ("Esc", "Back to live", "Leave the held frame."),
)

# handled by the grid of the Inspect page: key, text, tip
INSPECT_KEYS = (
    ("Shift", "Select up to here", "With a click: all samples from the current one to this one."),
    ("Ctrl", "Add or remove", "With a click: select one more sample, or one less."),
    ("Ctrl+A", "Select all", "All samples that are shown. Esc: only the current one."),
    ("1 – 7", "Relabel", "Give the face on the Inspect page another label."),
    ("0", "Original label", "Restore the data set's label."),
    ("N", "Keep", "Keep the label: you looked, and it is right."),
    ("F", "Drop", "Drop the face: training that applies the review leaves it out."),
    ("Enter", "Accept", "In the label doctor: accept the suggested label."),
    ("U", "Undo", "Undo the last decision."),
)

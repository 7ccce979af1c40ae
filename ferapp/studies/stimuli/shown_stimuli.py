"""What a recording's events say about the stimuli that were shown: for each, when. No Qt."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ferapp.sources.recorded import Mark, ShownStimulus

# kinds of events of a recording
CONSENT, FIXATION, STIMULUS = "consent", "fixation", "stimulus"
COMPLETED, STOPPED = "completed", "stopped"
SETTING = "stimuli"  # of session.json: what was to be shown, and in which order
# columns of a table of faces
STIMULUS_COLUMN, STIMULUS_TIME, CONDITION = "stimulus", "stimulus_time_s", "condition"
STIMULUS_COLUMNS = {
    STIMULUS_COLUMN: "File of the stimulus as the list names it; empty where none was shown.",
    STIMULUS_TIME: "Seconds since the stimulus appeared on the screen, negative during the "
    "fixation before it; the frame's time is when its picture arrived.",
    CONDITION: "Condition of the stimulus, from the list.",
}
EVENT_MEANING = (
    f"{CONSENT}: the person agreed to the consent text. {FIXATION}: the cross before a stimulus "
    f"appeared on the screen. {STIMULUS}: the stimulus appeared. {COMPLETED}: the last one left "
    f"the screen. {STOPPED}: the list was ended before."
)


def planned_order(about: dict[str, Any]) -> list[dict[str, Any]]:
    """The stimuli in the order in which they were to be shown, from session.json; [] if none."""
    order = _setting(about, "order")
    return [row for row in order if isinstance(row, dict)] if isinstance(order, list) else []


def onset_method(about: dict[str, Any]) -> str:
    """What was taken as the moment at which a stimulus appeared, from session.json."""
    screen = _setting(about, "screen")
    return str(screen.get("onset", "")) if isinstance(screen, dict) else ""


def _setting(about: dict[str, Any], name: str) -> Any:
    settings = about.get("settings")
    stimuli = settings.get(SETTING) if isinstance(settings, dict) else None
    return stimuli.get(name) if isinstance(stimuli, dict) else None


def shown_stimuli(
    marks: Sequence[Mark], order: Sequence[dict[str, Any]]
) -> tuple[ShownStimulus, ...]:
    """Those that appeared, in order of time; the nth event STIMULUS is the nth of `order`.

    A fixation that no stimulus followed belongs to none. What a crash left on the screen has no
    end.
    """
    events = [mark for mark in marks if mark.kind in (FIXATION, STIMULUS, COMPLETED, STOPPED)]
    shown: list[ShownStimulus] = []
    for number, event in enumerate(events):
        if event.kind != STIMULUS:
            continue
        before = events[number - 1] if number else None
        after = events[number + 1] if number + 1 < len(events) else None
        planned = order[len(shown)] if len(shown) < len(order) else {}
        shown.append(
            ShownStimulus(
                file=event.note,
                condition=str(planned.get("condition", "")),
                begin_s=before.time_s if before and before.kind == FIXATION else event.time_s,
                onset_s=event.time_s,
                end_s=after.time_s if after else math.inf,
                fixation=_number(planned.get("fixation")),
                seconds=_number(planned.get("seconds")),
                is_cut_short=after is None or after.kind == STOPPED,
            )
        )
    return tuple(shown)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def stimulus_at(shown: Sequence[ShownStimulus], time_s: float) -> ShownStimulus | None:
    """The one that was on the screen, or whose fixation was; None between and outside them."""
    number = bisect_right(shown, time_s, key=lambda stimulus: stimulus.begin_s) - 1
    return shown[number] if number >= 0 and time_s < shown[number].end_s else None


def stimulus_cells(shown: Sequence[ShownStimulus], time_s: float) -> list[str]:
    """The cells of STIMULUS_COLUMNS for a frame whose picture arrived at that time."""
    stimulus = stimulus_at(shown, time_s)
    if stimulus is None:
        return [""] * len(STIMULUS_COLUMNS)
    return [stimulus.file, f"{time_s - stimulus.onset_s:.3f}", stimulus.condition]

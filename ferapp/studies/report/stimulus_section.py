"""Mean curves by the condition of the stimuli that were shown, with bootstrap intervals."""

from collections.abc import Sequence
from html import escape

import numpy as np

from ferapp.studies.report.conditions import (
    CONDITION,
    PARTICIPANT,
    ConditionMeans,
    SourceCurve,
    bootstrap_interval,
    means_by,
    unit_name,
)
from ferapp.studies.report.report_blocks import means_table
from ferapp.studies.report.report_svg import mean_curves
from ferapp.studies.stimuli.trials import Trial
from trainer.evaluation.intervals import DRAWS

ONE_UNIT = "stimulus"  # what is drawn anew where there is one recording only


def stimulus_section(trials: Sequence[Trial], classes: Sequence[str]) -> str:
    """The section of a report as HTML; empty without trials."""
    if not trials:
        return ""
    groups, unit = condition_means(trials)
    lowest = -1.0 if has_baseline(trials) else 0.0
    drawn = "".join(
        f"<div><h4>{escape(group.value)} <small>(n = {group.means.n.max():.0f})</small></h4>"
        f"{mean_curves(group.curves, group.end_s, lowest)}</div>"
        for group in groups
        if group.curves is not None
    )
    return (
        f"<h2>By condition of the stimuli</h2>{_explained(trials, unit)}"
        f'<div class="grid-of-curves">{drawn}</div>'
        f"{means_table('means-stimuli', CONDITION, groups, classes, lowest)}"
    )


def has_baseline(trials: Sequence[Trial]) -> bool:
    """Whether changes from the fixation are reported, and not the probabilities themselves."""
    return any(trial.changes is not None for trial in trials)


def condition_means(trials: Sequence[Trial]) -> tuple[list[ConditionMeans], str]:
    """For each condition the mean over the units, and what a unit is.

    Participants where all recordings have one, else recordings; stimuli where there is only one.
    With a baseline, trials without one are left out.
    """
    is_changes = has_baseline(trials)
    is_one = len({trial.source for trial in trials}) == 1
    curves = [
        SourceCurve(
            {**trial.manifest, CONDITION: trial.condition},
            f"{trial.number}" if is_one else trial.source,
            trial.times,
            np.asarray(trial.changes if is_changes else trial.probabilities),
            trial.step_s,
        )
        for trial in trials
        if not is_changes or trial.changes is not None
    ]
    unit = ONE_UNIT if is_one else unit_name(curves)
    return means_by(CONDITION, curves, unit, bootstrap_interval), unit


def _explained(trials: Sequence[Trial], unit: str) -> str:
    units = "stimuli" if unit == ONE_UNIT else f"{unit}s"
    each = {
        ONE_UNIT: "Each showing of a stimulus counts once",
        PARTICIPANT: "Each participant counts once, with the mean over their stimuli",
    }.get(unit, "Each recording counts once, with the mean over its stimuli")
    if has_baseline(trials):
        lost = sum(trial.changes is None for trial in trials)
        values = (
            "Values are changes: the probability less its mean during the fixation cross of the "
            "same showing, from −1 to 1."
        )
        if lost:
            values += (
                f" Left out: {lost} of {len(trials)} showings, because no face was seen during "
                "their fixation, or they had none."
            )
    else:
        values = (
            "Values are probabilities, from 0 to 1; there was no fixation to take a baseline from."
        )
    return (
        "<p>Means of the face that is seen longest in a showing, from when the stimulus appeared "
        f"on the screen. {each}; n is their number. {values} Bands and bars are 95 % bootstrap "
        f"intervals of the mean ({DRAWS:,} resamples of the {units}): how well the mean is known, "
        "and no test of a difference between conditions. Of few they are too narrow. Curves go on "
        f"as long as at least half of the {units} do.</p>"
    )

"""Agreement in words and rows, for the command and the window."""

import math

from ferapp.studies.coding.coder_agreement import Estimate
from ferapp.studies.coding.codes import EXPRESSION
from ferapp.studies.coding.coding_comparison import TrackAgreement
from ferapp.studies.coding.model_coding import ACTIVE
from trainer.evaluation.intervals import score_text
from trainer.shown_text import shown_name

UNDEFINED = "undefined"


def estimate_text(estimate: Estimate) -> str:
    """`0.612 (0.450 to 0.741)`."""
    if math.isnan(estimate.value):
        return UNDEFINED
    return score_text(estimate.value, estimate.interval)


def method_text(track: TrackAgreement) -> str:
    """How the intervals were made, and what counts."""
    seconds = track.per_second.block_s
    blocks = "1 second" if seconds == 1 else f"{seconds} seconds"
    counts = (
        "Windows count where both coded an expression."
        if track.track == EXPRESSION
        else f"A unit is absent where its coder did not code it. A model's counts from {ACTIVE} on."
    )
    return (
        f"{counts} The 95\u00a0% intervals are from a bootstrap over blocks of {blocks}, because "
        "neighbouring frames are not independent."
    )


def track_lines(track: TrackAgreement) -> list[str]:
    """A title, and κ and α in both kinds of windows."""
    title = "Expressions" if track.track == EXPRESSION else track.track
    pairs = "" if len(track.coders) == 2 else ", mean of all pairs"
    lines = [f"{title}: {', '.join(map(shown_name, track.coders))}"]
    for name, windows in (("second", track.per_second), ("frame", track.per_frame)):
        lines.append(
            f"  per {name + ':':<8} Cohen's κ {estimate_text(windows.kappa)}{pairs}, "
            f"Krippendorff's α {estimate_text(windows.alpha)}, n = {windows.n:,}"
        )
    return [*lines, f"  {method_text(track)}", ""]


def track_rows(track: TrackAgreement) -> tuple[list[str], list[list[str]]]:
    """Heading and a row for each pair: κ and shares per second, and F1 of each class."""
    head = ["pair", "n", "same", "κ per second", *(f"F1 {name}" for name in track.classes)]
    head += ["disagreements"]
    rows = []
    for pair, moments in zip(track.per_second.pairs, track.disagreements, strict=True):
        names = f"{track.coders[pair.first]} / {track.coders[pair.second]}"
        share = "–" if math.isnan(pair.share) else f"{100 * pair.share:.0f} %"
        f1 = ["–" if math.isnan(one.value) else f"{one.value:.2f}" for one in pair.f1]
        kappa = estimate_text(pair.kappa)
        rows.append([names, str(pair.n), share, kappa, *f1, str(len(moments))])
    return head, rows

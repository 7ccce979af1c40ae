"""Whether a training with corrected labels helped, as sentences."""

from ferapp.review.retraining import RetrainedRun, Verdict
from trainer.reports.run_list.run_names import run_title

VERDICT_TIP = (
    "McNemar's exact test on the validation faces that only one of the two models gets right.\n"
    "It is about these two models: a training with another seed gives others."
)


def verdict_text(verdict: Verdict) -> str:
    """Before, after, and the test."""
    return (
        f"Before ({run_title(verdict.former)}): {_percent(verdict.before)}. "
        f"After: {_percent(verdict.after)} of the same {verdict.n:,} validation faces.\n"
        f"{verdict.sentence}"
    )


def retrained_text(retrained: RetrainedRun) -> str:
    """How far the newest training with this review is; its verdict once there is one."""
    run = retrained.run
    if run.state == "running":
        return f"{run.name}: training, epoch {max(run.epoch, 1)} of {run.epochs_planned}…"
    if run.state == "starting":
        return f"{run.name}: starting…"
    if retrained.verdict is None:
        return f"{run.name}: {run.state}. {run.reason}".strip()
    return f"{run.name}\n{verdict_text(retrained.verdict)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\u00a0%"

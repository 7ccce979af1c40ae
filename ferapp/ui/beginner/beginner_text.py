"""The sentences of a first training."""

from ferapp.overlays.label_text import class_title
from ferapp.runs.quick.picture_folder import FolderCheck
from ferapp.runs.quick.quick_fit import QuickResult
from ferapp.runs.run_reader import RunSnapshot
from ferapp.ui.text import wording

SHOWN_SKIPPED = 3  # unreadable files that are named
INVITATION = (
    "One folder for each expression, named as you like: a minute later the live page recognises "
    "them."
)
EXAMPLE_TIP = (
    "60 pictures of one actor in three class folders, cut from the bundled clip: a real face, but "
    "one person.\nPhotographs of several people with several expressions, which may be passed on, "
    "were not found;\nand in drawings the detector finds few faces."
)
EXAMPLE_NOTE = (
    "One actor: photographs of several people that may be passed on were not found. It shows how "
    "this works; a model of your own needs pictures of your own."
)


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def explanation(check: FolderCheck) -> str:
    """What Train will do, in two sentences."""
    learning = check.faces - check.held_out
    others = "the other one is" if check.held_out == 1 else f"the other {check.held_out} are"
    return (
        f"The model default already knows faces; its last layer learns your classes "
        f"from {wording.count(learning, 'picture')}, which takes about a minute. "
        f"{others[:1].upper()}{others[1:]} held out: not learned from, only used to count how many "
        "the new model gets right."
    )


def skipped_text(check: FolderCheck) -> str:
    """The unreadable files and the pictures without a face, which are left out; "" for none."""
    lines = []
    if check.skipped:
        verb = "is" if len(check.skipped) == 1 else "are"
        files = wording.count(len(check.skipped), "file")
        more = len(check.skipped) - SHOWN_SKIPPED
        named = "; ".join(check.skipped[:SHOWN_SKIPPED]) + f"; and {more} more" * (more > 0)
        lines.append(f"{files} {verb} left out: {named}.")
    faceless = check.pictures - check.faces
    if check.faces and faceless:
        verb = "is" if faceless == 1 else "are"
        pictures = wording.count(faceless, "picture")
        lines.append(f"{pictures} without a face {verb} left out, too.")
    return "\n".join(lines)


def progress_text(run: RunSnapshot | None) -> str:
    """How far the training is, in plain words."""
    if run is None or not run.has_begun:
        return "Starting. It loads the model and reads the pictures…"
    text = f"Learning: pass {max(run.epoch, 1)} of {run.epochs_planned} over the pictures"
    newest = run.validations[-1].confusion if run.validations else None
    if newest is not None:
        right, count = int(newest.trace()), int(newest.sum())
        text += f". Right on {right} of {count} held-out pictures so far"
    return f"{text}."


def verdict(result: QuickResult) -> str:
    """`It now recognises: calm, cheerful. Right on 14 of 18 held-out pictures; …`"""
    reference = ""
    if result.reference_right is not None:
        reference = f" and the model default {result.reference_right}"
    return (
        f"Right on {result.right} of {wording.count(result.count, 'held-out picture')}; guessing "
        f"would get about {result.chance:.0f} right{reference}."
    )


def recognises(result: QuickResult) -> str:
    return f"It now recognises: {listed(tuple(each.name for each in result.classes))}"


def verdict_tip(result: QuickResult) -> str:
    low, high = result.interval
    return (
        f"Of other pictures of the same kind it gets between {low:.0%} and {high:.0%} right (95 % "
        "interval).\nPictures of one person, or of one moment, look alike: with other people it "
        "will be right less often."
    )


def class_hits(result: QuickResult) -> str:
    """`Calm 7 of 8, Cheerful 7 of 10`."""
    parts = (f"{class_title(e.name)} {e.right} of {e.count}" for e in result.classes)
    return ", ".join(parts)

"""What the check of a data set found, as sentences in HTML.

A flaw is a link: the address is its name, one of `data_check.Flaw`, or SKIPPED.
"""

from html import escape

from ferapp.runs.checks.data_check import CheckProgress, DataCheck, Flaw
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme

SKIPPED = "skipped"
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
HINT = (
    "Choose a data set on the left and press Check. It counts the pictures and finds "
    "duplicates and unreadable files before you train. The data set is never changed."
)
FLAW_TITLES: dict[Flaw, str] = {
    "without_landmarks": "No landmarks",
    "leaked": "Also in another split",
    "conflicting": "Copies with different labels",
}


def check_sentences(check: DataCheck) -> str:
    """The problems first, in the colour of a warning."""
    warning = theme.current().warning
    summary = f"<b>{escape(check.name)}</b>: {wording.count(check.samples, 'sample')}."
    problems = [check.problem, *missing_sentences(check)]
    facts = [
        summary,
        *(f'<b style="color:{warning}">{escape(each)}</b>' for each in problems if each),
        _skipped_fact(check),
        _landmark_fact(check),
        *_duplicate_facts(check),
    ]
    if check.with_votes:
        has = "has" if check.with_votes == 1 else "have"
        samples = wording.count(check.with_votes, "sample")
        facts.append(f"{samples} {has} annotators' votes (data.votes_share).")
    return "".join(f"<p>{fact}</p>" for fact in facts)


def missing_sentences(check: DataCheck) -> list[str]:
    """The classes that a split lacks, and what follows from that."""
    sentences = []
    for split, counts in check.counts.items():
        missing = [name for name in check.classes if not counts.get(name)]
        if not missing:
            continue
        pronoun = "it" if len(missing) == 1 else "them"
        result = (
            f"The model cannot learn {pronoun}."
            if split == "train"
            else f"How well the model knows {pronoun} cannot be measured there."
        )
        kind = SPLIT_NAMES.get(split, split)
        sentences.append(f"No {kind} pictures of {', '.join(missing)}. {result}")
    return sentences


def progress_text(progress: CheckProgress, seconds_left: float | None) -> str:
    """`Finding landmarks (300 of 1,000)… 0:42 left`."""
    if seconds_left is None:
        return progress.text
    return f"{progress.text} {wording.duration(round(seconds_left))} left"


def _link(flaw: str, text: str) -> str:
    return f'<a href="{flaw}">{text}</a>'


def _landmark_fact(check: DataCheck) -> str:
    count = check.without_landmarks
    if not count:
        return "Every sample has landmarks."
    share = 100 * count / max(check.samples, 1)
    verb, pronoun = ("has", "it is") if count == 1 else ("have", "they are")
    which = _link("without_landmarks", f"{count:,} of {wording.count(check.samples, 'sample')}")
    return f"{which} {verb} no landmarks ({share:.1f}\u00a0%); {pronoun} cropped without alignment."


def _duplicate_facts(check: DataCheck) -> list[str]:
    leaked, conflicting = check.leaked, check.conflicting
    across = "No training picture also appears in another split."
    if leaked:
        pictures = _link("leaked", wording.count(leaked, "training picture"))
        verb, pronoun = ("appears", "it") if leaked == 1 else ("appear", "them")
        across = (
            f"{pictures} also {verb} in another split, pixel for pixel; "
            f"data.drop_leaked leaves {pronoun} out."
        )
    labels = "No picture has a copy with another label."
    if conflicting:
        has = "has a copy" if conflicting == 1 else "have copies"
        pictures = _link("conflicting", wording.count(conflicting, "picture"))
        labels = f"{pictures} {has} with another label."
    return [across, labels]


def _skipped_fact(check: DataCheck) -> str:
    count = len(check.skipped)
    if not count:
        return "Every sample could be read."
    verb = "is" if count == 1 else "are"
    samples = _link(SKIPPED, wording.count(count, "sample"))
    more = f" … and {count - 1:,} more" if count > 1 else ""
    return f"{samples} could not be read and {verb} left out: {escape(check.skipped[0])}{more}"

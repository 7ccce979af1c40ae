"""What the booth says."""

from ferapp.ui.booth.booth_session import BoothSession, Phase, weakest_class
from ferapp.ui.text.class_words import Language

CONSENT_TITLE = "May we take your picture?"
CONSENT = (
    "You show an expression. We count 3, 2, 1 and take one picture of your face.",
    "Everyone here sees it and votes. Then the model's answer is shown.",
    "Pictures stay in memory. They are gone when the booth closes.",
    "They are saved only on request. Ask, and yours are deleted.",
)
SHOW = "Show this expression"
NO_MODEL = "The model is loading"
NO_FACE = "Step in front of the camera"
OTHER_FACES = "One at a time: the face shown here takes part"
READY = "Ready? Enter starts the countdown"
HOLD = "Hold it!"
MISSED = "No face detected"
PANELS = ("The face", "What the model looked at", "The model says", "The room says")
NO_MAP = "No map from this model"

KEYS = {
    Phase.CONSENT: "Enter  I agree     Esc  No",
    Phase.INVITE: "Enter  start     N  next person     M  results",
    Phase.COUNTDOWN: "",
    Phase.CAPTURE: "",
    Phase.MISSED: "Enter  try again     N  next person     M  results",
    Phase.VOTE: "1 – {}  vote     Backspace  undo     Enter  show the answer",
    Phase.RESULT: "Enter  next     N  next person     Del  delete this     M  results",
    Phase.SUMMARY: "Enter  continue     N  next person     S  save     Esc  close, delete all",
}
# for the laptop, while the audience watches on another screen
STATES = {
    Phase.CONSENT: "Booth: waiting for consent",
    Phase.INVITE: "Booth: ready for “{}”",
    Phase.COUNTDOWN: "Booth: countdown for “{}”",
    Phase.CAPTURE: "Booth: capturing “{}”",
    Phase.MISSED: "Booth: no face detected",
    Phase.VOTE: "Booth: the room votes",
    Phase.RESULT: "Booth: the answer is shown",
    Phase.SUMMARY: "Booth: results",
}


def keys(session: BoothSession) -> str:
    return KEYS[session.phase].format(len(session.classes))


def state(session: BoothSession, language: Language) -> str:
    return STATES[session.phase].format(language.word(session.asked))


def lesson(session: BoothSession, language: Language) -> str:
    """Where the model was weakest, and how often the room was right."""
    counts = session.model_counts()
    weakest = weakest_class(counts)
    if weakest is None:
        return "No results yet: no challenge has been played."
    if weakest.instead is None:
        total = int(counts.sum())
        text = f"The model recognised all {total}." if total > 1 else "The model recognised it."
    else:
        asked = language.word(session.classes[weakest.asked])
        instead = language.word(session.classes[weakest.instead])
        text = (
            f"“{asked}” was hardest for the model: {weakest.recognised} of {weakest.times} "
            f"recognised, mostly “{instead}” instead."
        )
    votes = session.room_counts()
    if votes.sum():
        text += f" Of the room's votes, {int(votes.trace())} of {int(votes.sum())} were right."
    return text

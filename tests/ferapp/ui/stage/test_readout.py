"""The word for the audience: which, when it changes, and what stands there without a face."""

from dataclasses import replace

import numpy as np

from ferapp.live.status import LiveStatus, ModelStatus, SourceStatus
from ferapp.ui.stage.readout import GONE_S, LEAD, Readout, ReadoutMaker, Tone
from ferapp.ui.text.class_words import LANGUAGES
from ferapp.vision.types import Analysis, QualityIssue, QualityKind
from tests.support.ui.fake_engine import MODEL, analysis, face, with_prediction
from trainer.labels import EXPRESSIONS

ENGLISH = LANGUAGES["en"]
DARK = (QualityIssue(QualityKind.DARK, 20, 60),)


def read(maker: ReadoutMaker, shown: Analysis | None, target: str = "predicted") -> Readout:
    return maker.read(shown, LiveStatus(), ENGLISH, target)


def between(happy: float, sad: float, segment: int = 0, face_id: int = 0) -> Analysis:
    values = np.full(7, (1 - happy - sad) / 5, np.float32)
    values[EXPRESSIONS.index("happy")], values[EXPRESSIONS.index("sad")] = happy, sad
    made = analysis(with_prediction(face(face_id=face_id), smoothed=values))
    return replace(made, frame=replace(made.frame, segment=segment))


def test_the_word_is_an_adjective() -> None:
    readout = read(ReadoutMaker(), analysis(face(name="disgust")))
    assert (readout.word, readout.tone) == ("Disgusted", Tone.SURE)
    assert readout.top == EXPRESSIONS.index("disgust")
    assert readout.explained is None


def test_a_doubtful_word_gets_a_question_mark() -> None:
    dark = replace(face(), quality=DARK)
    readout = read(ReadoutMaker(), analysis(dark))
    assert (readout.word, readout.tone) == ("Happy?", Tone.DOUBT)
    spanish = ReadoutMaker().read(analysis(dark), LiveStatus(), LANGUAGES["es"], "predicted")
    assert spanish.word == "¿Alegre?"


def test_between_two_equal_classes_the_word_stays() -> None:
    maker = ReadoutMaker()
    words = []
    for step in range(20):
        tip = 0.4 * LEAD * (-1) ** step
        words.append(read(maker, between(0.4 + tip, 0.4 - tip)).word)
    assert set(words) == {"Happy"}
    assert read(maker, between(0.4 - LEAD, 0.4 + LEAD)).word == "Sad"


def test_another_face_and_another_segment_start_afresh() -> None:
    maker = ReadoutMaker()
    close = 0.4, 0.4 + LEAD / 2
    assert read(maker, between(0.5, 0.2)).word == "Happy"
    assert read(maker, between(*close)).word == "Happy"
    assert read(maker, between(*close, face_id=1)).word == "Sad"
    assert read(maker, between(0.5, 0.2)).word == "Happy"
    assert read(maker, between(*close, segment=1)).word == "Sad"


def test_a_face_lost_for_a_moment_does_not_change_the_word() -> None:
    maker = ReadoutMaker()
    shown = analysis(face())
    read(maker, shown)

    def without(seconds: float, segment: int = 0) -> Readout:
        frame = replace(shown.frame, time_s=shown.frame.time_s + seconds, segment=segment)
        return read(maker, replace(shown, faces=(), frame=frame))

    assert without(GONE_S - 0.1).word == "Happy"
    gone = without(GONE_S + 0.1)
    assert (gone.word, gone.tone, gone.probabilities) == ("No face", Tone.MESSAGE, None)
    assert gone.classes == MODEL.classes  # the bars stay, empty
    read(maker, shown)
    assert without(0.1, segment=1).word == "No face"


def test_while_the_model_loads_the_audience_waits() -> None:
    assert read(ReadoutMaker(), None).word == "One moment…"
    assert read(ReadoutMaker(), analysis(face(), model=False)).word == "One moment…"
    failed = LiveStatus(model=ModelStatus(notice="The file is damaged."))
    assert ReadoutMaker().read(None, failed, ENGLISH, "predicted").word == ""


def test_what_hiding_changes_is_said_in_the_language_of_the_audience() -> None:
    sad = np.full(7, 0.17 / 6, np.float32)
    sad[EXPRESSIONS.index("sad")] = 0.83
    shown = between(happy=0.5, sad=0.38)
    painted = with_prediction(shown.faces[0], unmasked=sad)
    shown = replace(shown, faces=(painted,))
    assert read(ReadoutMaker(), shown).effect == "Sad 83 → 38\u00a0%"
    german = ReadoutMaker().read(shown, LiveStatus(), LANGUAGES["de"], "predicted")
    assert german.effect == f"{LANGUAGES['de'].word('sad')} 83 → 38\u00a0%"
    assert german.word == LANGUAGES["de"].word("happy")
    assert not read(ReadoutMaker(), analysis(face())).effect


def test_the_last_picture_of_a_lost_source_has_no_word() -> None:
    maker, shown = ReadoutMaker(), analysis(face())
    lost = LiveStatus(source=SourceStatus(waiting=True))
    assert read(maker, shown).word == "Happy"
    assert maker.read(shown, lost, ENGLISH, "predicted") == Readout(
        ENGLISH.wait, Tone.MESSAGE, shown.classes
    )
    assert read(maker, shown).word == "Happy"


def test_an_explained_class_is_marked() -> None:
    shown = between(0.6, 0.3)
    assert read(ReadoutMaker(), shown, "fear").explained == EXPRESSIONS.index("fear")
    assert read(ReadoutMaker(), shown, "runner_up").explained == EXPRESSIONS.index("sad")
    assert read(ReadoutMaker(), shown, "contempt").explained is None  # not a class of this model

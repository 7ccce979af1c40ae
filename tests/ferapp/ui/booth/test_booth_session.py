"""The booth's rounds, by numbers: phases, the peak frame, votes, matrices, the lesson."""

import random
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtGui import QImage

from ferapp.ui.booth import booth_text
from ferapp.ui.booth.booth_session import BoothSession, Phase, weakest_class
from ferapp.ui.text.class_words import LANGUAGES
from tests.support.ui.fake_engine import analysis, face
from trainer.labels import EXPRESSIONS

PICTURE = QImage(2, 2, QImage.Format.Format_RGB32)


@pytest.fixture
def session() -> BoothSession:
    made = BoothSession(random.Random(1))
    made.use_model(EXPRESSIONS)
    return made


def capturing(session: BoothSession, now: float = 0.0) -> None:
    session.begin(now)
    session.advance(now + 3)
    assert session.phase is Phase.CAPTURE


def play(session: BoothSession, asked: str, answer: str, votes: tuple[str, ...] = ()) -> None:
    """A whole challenge: the model answers `answer`, the room votes."""
    session.phase, session.asked = Phase.INVITE, asked
    capturing(session)
    session.observe(analysis(face(name=answer)), 3.5)
    session.add_strip(PICTURE, PICTURE, answer)
    for vote in votes:
        session.vote(EXPRESSIONS.index(vote) + 1)
    session.reveal()


def test_nothing_is_captured_before_the_countdown_is_over(session: BoothSession) -> None:
    session.observe(analysis(face()), 0)
    session.begin(0)  # without consent
    assert session.phase is Phase.CONSENT
    session.agree()
    session.observe(analysis(face()), 0)
    session.begin(10)
    assert [session.count(10 + t) for t in (0, 0.9, 1.1, 2.1, 2.9)] == [3, 3, 2, 1, 1]
    session.observe(analysis(face()), 12)
    session.advance(12.9)
    assert session.phase is Phase.COUNTDOWN
    assert session.peak is None
    session.advance(13)
    assert session.phase is Phase.CAPTURE


def test_the_peak_has_the_highest_displayed_probability_of_the_asked_class(
    session: BoothSession,
) -> None:
    session.agree()
    asked, other = session.asked, next(c for c in EXPRESSIONS if c != session.asked)
    capturing(session)
    for index, (name, value) in enumerate([(asked, 0.4), (other, 0.9), (asked, 0.7), (asked, 0.6)]):
        session.observe(analysis(face(name=name, value=value), index=index), 3 + 0.4 * index)
    session.observe(analysis(face(name=asked, value=0.99), index=9), 5.0)  # too late
    assert session.finished_peak(4.9) is None
    peak = session.finished_peak(5.0)
    assert peak is not None
    assert peak.analysis.frame.index == 2
    assert peak.share == pytest.approx(0.7)


def test_only_the_followed_face_counts(session: BoothSession) -> None:
    session.agree()
    capturing(session)
    other = next(c for c in EXPRESSIONS if c != session.asked)
    followed = face(name=other, value=0.8, face_id=0)
    session.observe(analysis(followed, face(name=session.asked, value=0.9, face_id=1)), 3.1)
    assert session.peak is not None
    assert session.peak.share == pytest.approx(0.2 / 6)


def test_without_a_face_the_same_expression_is_asked_again(session: BoothSession) -> None:
    session.agree()
    asked = session.asked
    capturing(session)
    session.observe(analysis(), 3.5)
    session.advance(5)
    assert session.phase is Phase.MISSED
    session.begin(6)
    assert (session.phase, session.asked) == (Phase.COUNTDOWN, asked)


def test_every_class_is_asked_once_before_one_comes_again(session: BoothSession) -> None:
    session.agree()
    asked = [session.asked]
    for _ in range(13):
        session.phase = Phase.RESULT
        session.next_challenge()
        asked.append(session.asked)
    assert sorted(asked[:7]) == sorted(asked[7:]) == sorted(EXPRESSIONS)
    assert all(a != b for a, b in pairwise(asked))


def test_a_class_that_another_model_lacks_is_not_asked(session: BoothSession) -> None:
    session.agree()
    session.use_model(("happy", "contempt"))
    assert session.asked in ("happy", "contempt")
    assert session.classes == (*EXPRESSIONS, "contempt")
    session.asked = "disgust"
    session.begin(0)
    assert session.phase is Phase.INVITE


def test_before_a_model_is_there_nothing_is_asked() -> None:
    session = BoothSession(random.Random(1))
    session.agree()
    assert session.asked == ""
    session.begin(0)
    assert session.phase is Phase.INVITE
    session.use_model(EXPRESSIONS)
    assert session.asked in EXPRESSIONS


def test_votes_count_until_the_answer_is_shown(session: BoothSession) -> None:
    play(session, "fear", "surprise", ("fear", "fear", "sad"))
    session.vote(1)
    assert session.strips[0].votes == ("fear", "fear", "sad")
    session.phase = Phase.VOTE
    session.undo_vote()
    session.vote(8)  # no such class
    assert session.strips[0].votes == ("fear", "fear")


def test_the_matrices_have_what_was_asked_in_rows(session: BoothSession) -> None:
    play(session, "fear", "surprise", ("fear", "sad"))
    play(session, "fear", "fear")
    play(session, "happy", "happy", ("happy",))
    fear, sad, happy, surprise = (
        EXPRESSIONS.index(name) for name in ("fear", "sad", "happy", "surprise")
    )
    model, room = np.zeros((7, 7), int), np.zeros((7, 7), int)
    model[fear, surprise] = model[fear, fear] = model[happy, happy] = 1
    room[fear, fear] = room[fear, sad] = room[happy, happy] = 1
    assert (session.model_counts() == model).all()
    assert (session.room_counts() == room).all()
    session.delete_strip()
    assert session.model_counts().sum() == 2


def test_the_lesson_names_the_weakest_class(session: BoothSession) -> None:
    language = LANGUAGES["en"]
    assert booth_text.lesson(session, language) == "No results yet: no challenge has been played."
    play(session, "happy", "happy")
    assert booth_text.lesson(session, language) == "The model recognised it."
    play(session, "fear", "surprise", ("fear", "sad"))
    play(session, "fear", "fear")
    assert booth_text.lesson(session, language) == (
        "“Afraid” was hardest for the model: 1 of 2 recognised, mostly “Surprised” instead. "
        "Of the room's votes, 1 of 2 were right."
    )


def test_of_equally_weak_classes_the_one_asked_most_often_counts() -> None:
    weakness = weakest_class(np.array([[0, 1, 0], [2, 0, 1], [0, 0, 5]]))
    assert weakness is not None
    assert (weakness.asked, weakness.times, weakness.recognised, weakness.instead) == (1, 3, 0, 0)
    assert weakest_class(np.zeros((3, 3), int)) is None

"""The words of the audience: complete, distinct, and unknown classes unchanged."""

import unicodedata

import pytest

from ferapp.ui.text.class_words import LANGUAGES, Language
from trainer.labels import EXPRESSIONS


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_every_expression_has_a_word_of_its_own(language: Language) -> None:
    words = [language.word(name) for name in EXPRESSIONS]
    assert len(set(words)) == len(EXPRESSIONS)
    assert all(word[0] == word[0].upper() and len(word) <= 14 for word in words)
    assert set(EXPRESSIONS) <= set(language.words)
    assert language.caption
    assert language.no_face
    assert language.wait
    assert language.text() == unicodedata.normalize("NFC", language.text())


def test_there_are_a_dozen_and_english_comes_first() -> None:
    assert len(LANGUAGES) >= 12
    assert next(iter(LANGUAGES)) == "en"


def test_the_direction_is_that_of_the_letters() -> None:
    for language in LANGUAGES.values():
        kinds = {unicodedata.bidirectional(letter) for letter in language.word("happy")}
        assert language.right_to_left == bool(kinds & {"R", "AL"})


def test_a_class_that_no_table_lists_keeps_its_name() -> None:
    assert LANGUAGES["de"].word("boredom") == "Boredom"
    assert LANGUAGES["de"].word("fear") == "Ängstlich"


@pytest.mark.parametrize(
    ("code", "doubted"),
    [
        ("en", "Sad?"),
        ("fr", "Triste\u202f?"),
        ("es", "¿Triste?"),
        ("ja", "悲しみ？"),
        ("ar", "حزين؟"),
    ],
)
def test_doubt_is_written_as_the_language_writes_questions(code: str, doubted: str) -> None:
    language = LANGUAGES[code]
    assert language.doubted(language.word("sad")) == doubted

"""Recipes as cards: groups, search, keyboard, and how long one takes here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from ferapp.runs.quick import training_speed
from ferapp.ui.recipe_cards import recipe_cards
from ferapp.ui.recipe_cards.recipe_cards import RecipeCards
from ferapp.ui.recipe_cards.time_text import rounded_time, time_text
from ferapp.ui.widgets.theme import apply_theme
from trainer.recipes import GROUPS, RECIPES


@pytest.fixture
def cards(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RecipeCards]:
    monkeypatch.setattr(training_speed, "speed_file", lambda: tmp_path / "speeds" / "speed.json")
    apply_theme(qapp, "dark")
    made = RecipeCards()
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setCentralWidget(made)
    window.setMinimumSize(480, 400)
    window.show()
    yield made
    made.stop()
    window.close()


def test_every_recipe_is_a_card_below_its_group(cards: RecipeCards) -> None:
    rows = cards.rows.rows
    assert set(cards.rows.recipes) == set(RECIPES)
    headings = [row for row in rows if row not in RECIPES]
    assert tuple(headings) == GROUPS
    for row, name in enumerate(rows):
        if name in RECIPES:
            heading = next(each for each in reversed(rows[:row]) if each not in RECIPES)
            assert RECIPES[name].group == heading
    assert RECIPES["quick"].group == "Quick"
    assert RECIPES["trio/pal"].group == "Fine-tune"
    assert RECIPES["twin/ce"].group == "From scratch"
    assert RECIPES["au/cam"].group == "Papers"


def test_the_search_keeps_recipes_with_every_word(cards: RecipeCards, qtbot: QtBot) -> None:
    cards.choose("default")
    qtbot.keyClicks(cards.search_field, "TWIN center")
    names = cards.rows.recipes
    assert "twin/center" in names
    assert "twin/ce" not in names
    assert cards.name == "default"  # the search alone chooses nothing
    with qtbot.waitSignal(cards.chosen) as chosen:
        qtbot.keyClick(cards.search_field, Qt.Key.Key_Return)
    assert chosen.args == [names[0]]
    cards.search_field.setText("nothing like it")
    assert cards.message.text() == "No recipe has all of these words."


def test_the_keyboard_goes_from_the_search_through_the_cards(
    cards: RecipeCards, qtbot: QtBot
) -> None:
    cards.choose("quick")
    qtbot.keyClick(cards.search_field, Qt.Key.Key_Down)
    qtbot.keyClick(cards.list, Qt.Key.Key_Down)
    assert cards.name == "default"  # the heading between them is passed over
    index = cards.list.currentIndex()
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("default, Fine-tune, The bundled model default")


def test_a_group_alone_and_all_again(cards: RecipeCards) -> None:
    cards.groups["Quick"].click()
    assert cards.rows.recipes == ["quick"]
    cards.groups["From scratch"].click()
    assert "quick" not in cards.rows.recipes
    cards.groups["From scratch"].click()
    assert len(cards.rows.recipes) == len(RECIPES)


def test_times_are_those_that_were_measured(
    cards: RecipeCards, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Measured:
        recipe = "quick"

        def __init__(self, recipe: str) -> None:
            assert recipe == "quick"

        def poll(self) -> int:
            return 0

        def speed(self) -> float:
            return 50.0

    monkeypatch.setattr(recipe_cards, "SpeedMeasurement", Measured)
    cards.choose("quick")
    assert cards.rows.time_of("quick") == ""  # no number before it is measured
    cards.measure.click()
    qtbot.waitUntil(cards.measure.isEnabled)
    assert cards.rows.time_of("quick") == "about 20\u00a0s per 1,000 pictures here"
    cards.show_samples(6000)
    assert cards.rows.time_of("quick") == "about 2\u00a0min an epoch here, 40\u00a0min in all"
    assert training_speed.read_speeds() == {"quick": 50.0}


def test_a_time_has_one_unit() -> None:
    assert [rounded_time(s) for s in (0.2, 89, 120, 5000, 7200, 200_000)] == [
        "1\u00a0s", "89\u00a0s", "2\u00a0min", "83\u00a0min", "2\u00a0h", "2\u00a0days",
    ]  # fmt: skip
    limited = time_text("twin/ce", 100.0, 20_000)  # of which it takes 8,000
    assert limited.startswith("about 80\u00a0s an epoch")

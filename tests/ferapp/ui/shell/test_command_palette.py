"""The command palette: searching, running, and saying why something is not available."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from ferapp.ui.shell.action_search.command_palette import CommandPalette, search
from ferapp.ui.shell.actions import ACTIONS
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench

KEY, CONTROL = Qt.Key, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def palette(bench: Bench) -> CommandPalette:
    bench.qtbot.keyClick(bench.window, KEY.Key_K, CONTROL)
    palette = bench.window.command_palette
    assert palette.isVisible()
    assert QApplication.focusWidget() is palette.line
    return palette


def rows(palette: CommandPalette) -> list[str]:
    return [palette.results.item(i).text() for i in range(palette.results.count())]


def test_it_lists_every_action(palette: CommandPalette) -> None:
    listed = rows(palette)
    assert len(listed) >= len(ACTIONS)
    assert "Snapshot" in listed
    assert "Mirror: off" in listed


def test_typing_finds_and_enter_runs(bench: Bench, palette: CommandPalette) -> None:
    mirror = bench.window.actions_by_id["mirror"]
    bench.qtbot.keyClicks(palette.line, "mirr")
    assert rows(palette)[0] == "Mirror: off"
    bench.qtbot.keyClick(palette.line, KEY.Key_Return)
    assert mirror.isChecked()
    assert not palette.isVisible()
    bench.qtbot.keyClick(bench.window, KEY.Key_K, CONTROL)
    assert palette.line.text() == ""
    bench.qtbot.keyClicks(palette.line, "mirr")
    assert rows(palette)[0] == "Mirror: on"


def test_choices_of_menus_are_found_by_their_menu(bench: Bench, palette: CommandPalette) -> None:
    bench.qtbot.keyClicks(palette.line, "theme")
    assert [row for row in rows(palette) if row.startswith("Theme: ")] == [
        "Theme: Follow system",
        "Theme: Light",
        "Theme: Dark (now)",
    ]
    palette.line.setText("faces: 3")
    assert rows(palette)[0] == "Maximum faces: 3"


def test_a_choice_that_its_menu_dropped_stays_undone(bench: Bench, palette: CommandPalette) -> None:
    drinks = QMenu("Drinks", bench.window.help.menu)
    bench.window.help.menu.addMenu(drinks)
    drinks.addAction("Espresso").setCheckable(True)
    palette.line.setText("espresso")
    assert rows(palette) == ["Drinks: Espresso"]
    drinks.clear()
    bench.qtbot.keyClick(palette.line, KEY.Key_Return)
    assert palette.isVisible()
    assert palette.grab().width() > 0  # paints it
    palette.line.setText("espress")
    assert rows(palette) == []


def test_nothing_found_is_said(palette: CommandPalette) -> None:
    palette.line.setText("espresso")
    assert rows(palette) == []
    assert palette.nothing.isVisible()
    assert "espresso" in palette.nothing.text()
    palette.line.setText("mirror")
    assert not palette.nothing.isVisible()


def test_letters_go_to_the_search_and_not_to_their_actions(
    bench: Bench, palette: CommandPalette
) -> None:
    before = {name: action.isChecked() for name, action in bench.window.actions_by_id.items()}
    bench.qtbot.keyClicks(palette.line, "bla xs")
    assert palette.line.text() == "bla xs"
    assert bench.engine.calls == []
    after = {name: action.isChecked() for name, action in bench.window.actions_by_id.items()}
    assert before == after


def test_words_of_the_explanation_are_found_too(palette: CommandPalette) -> None:
    palette.line.setText("fine-tune")
    assert rows(palette) == ["Teach it your face…"]
    palette.line.setText("no such thing")
    assert rows(palette) == []


def test_arrows_choose_another_row(bench: Bench, palette: CommandPalette) -> None:
    palette.line.setText("open")
    first, second = rows(palette)[:2]
    for key in (KEY.Key_Down, KEY.Key_Up, KEY.Key_Up):
        bench.qtbot.keyClick(palette.line, key)
    assert palette.results.currentRow() == palette.results.count() - 1
    bench.qtbot.keyClick(palette.line, KEY.Key_Down)
    bench.qtbot.keyClick(palette.line, KEY.Key_Down)
    assert palette.results.currentItem().text() == second != first


def test_esc_and_a_second_key_close_it(bench: Bench, palette: CommandPalette) -> None:
    bench.qtbot.keyClick(palette.line, KEY.Key_Escape)
    assert not palette.isVisible()
    bench.qtbot.keyClick(bench.window, KEY.Key_Space)  # the window has its keys again
    assert bench.window.actions_by_id["freeze"].isChecked()
    for is_visible in (True, False):
        bench.qtbot.keyClick(bench.window, KEY.Key_K, CONTROL)
        assert palette.isVisible() is is_visible


def test_an_action_that_is_not_available_says_why_and_does_nothing(
    bench: Bench, palette: CommandPalette
) -> None:
    palette.line.setText("mark")
    item = palette.results.item(0)
    assert item.text() == "Mark"
    assert item.toolTip() == "Nothing is being recorded (R)"
    bench.qtbot.keyClick(palette.line, KEY.Key_Return)
    assert palette.isVisible()
    assert ("mark", None) not in bench.engine.calls


def test_every_disabled_action_has_a_reason(bench: Bench) -> None:
    bench.show(analysis(face()))
    found = search(bench.window._commands(), "")
    problems = {command.record.id: command.problem for command, _ in found if command.problem}
    assert {"mark", "end_comparison"} <= problems.keys()
    assert "Not available now" not in problems.values()
    names = [command.record.id for command, _ in found]
    assert names[-len(problems) :] == list(problems)  # after the others


def test_other_pages_are_offered_and_live_actions_explained(bench: Bench) -> None:
    bench.window.add_page("Train", QWidget())
    bench.window.show_page("Train")
    bench.window.command_palette.toggle()
    palette = bench.window.command_palette
    palette.line.setText("snapshot")
    assert palette.results.item(0).toolTip() == "Only on the Live page"
    palette.line.setText("live")
    assert rows(palette)[0] == "Live"
    bench.qtbot.keyClick(palette.line, KEY.Key_Return)
    assert bench.window.live_page.isVisible()

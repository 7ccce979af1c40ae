"""The menu of languages for the words that an audience reads."""

from collections.abc import Callable

from PySide6.QtGui import QActionGroup, QFont, QFontMetrics
from PySide6.QtWidgets import QMenu, QWidget

from ferapp.ui.text.class_words import LANGUAGES, Language

_TIP = "The language of the words on the stage."


class LanguageMenu(QMenu):
    """A language whose glyphs no font has is disabled, and says why."""

    def __init__(
        self,
        parent: QWidget,
        chosen: str,
        choose: Callable[[str], object],
        languages: dict[str, Language] = LANGUAGES,
    ) -> None:
        super().__init__("Language of the stage", parent)
        self.setToolTipsVisible(True)
        self.menuAction().setToolTip(_TIP)
        group = QActionGroup(self)
        for code, language in languages.items():
            action = self.addAction(language.name)
            action.setCheckable(True)
            action.setChecked(code == chosen)
            action.setToolTip(f"{language.english_name}. {_TIP}")
            action.triggered.connect(lambda _=False, code=code: choose(code))
            group.addAction(action)
            if not has_glyphs(self.font(), language.text()):
                action.setEnabled(False)
                action.setText(f"{language.english_name} (no font)")
                action.setToolTip(
                    f"No font on this computer has the letters of {language.english_name}. "
                    "Install one, such as Noto Sans, and restart ferapp."
                )


def has_glyphs(font: QFont, text: str) -> bool:
    """Whether `font`, or one that Qt takes in its place, can write all of `text`."""
    metrics = QFontMetrics(font)
    return all(metrics.inFontUcs4(ord(letter)) for letter in set(text) if not letter.isspace())

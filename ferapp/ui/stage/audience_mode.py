"""What the modes for an audience share: an action, keys of their own, a screen, a language."""

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.actions import ModeKey
from ferapp.ui.shell.mode_keys import ModeKeys
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.stage.audience_screen import AudienceScreen
from ferapp.ui.text.class_words import LANGUAGES, Language


class AudienceMode(QObject):
    """On with the action called `name`; owns the keys of `table` while it is on."""

    def __init__(
        self,
        window: QMainWindow,
        live_page: LivePage,
        actions: dict[str, QAction],
        store: SettingsStore,
        name: str,
        table: Sequence[ModeKey],
    ) -> None:
        super().__init__(window)
        self._window, self._live_page, self._store = window, live_page, store
        self._actions, self._action = actions, actions[name]
        self._screen = AudienceScreen(window, actions["fullscreen"])
        self._screen.lost.connect(self._lose_screen)
        self._keys = ModeKeys(window, table, self._owns_keys, self._press)
        self._action.toggled.connect(self._switch)

    @property
    def is_on(self) -> bool:
        raise NotImplementedError

    def _language(self) -> Language:
        """The one that the audience reads."""
        return LANGUAGES[self._store.now.stage_language]

    def _owns_keys(self) -> bool:
        """On other pages, such as Inspect, keys mean what they always mean there."""
        return self.is_on and self._live_page.isVisible()

    def _switch(self, on: bool) -> None:
        if on == self.is_on:
            return
        if on:
            self._enter()
        else:
            self._leave()

    def _enter(self) -> None:
        raise NotImplementedError

    def _leave(self) -> None:
        raise NotImplementedError

    def _press(self, name: str, key: str) -> None:
        """A key of the table: the id of its record, and the key as Qt writes it."""
        raise NotImplementedError

    def _lose_screen(self, name: str) -> None:
        """The audience's screen was unplugged."""
        raise NotImplementedError

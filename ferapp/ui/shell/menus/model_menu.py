"""The menus of models and of devices."""

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from ferapp.live.status import LiveStatus, ModelInfo, ModelStatus
from ferapp.ui.duel.sides import served_method
from ferapp.ui.shell.menus.source_menu import literal
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import source_text, wording
from ferapp.vision.overlay_methods import OVERLAY_METHODS, method_groups
from trainer.card import ModelCard

_GROUPS = (("bundled", "Bundled"), ("run", "From runs"), ("file", "Opened files"))


class ModelMenu(QMenu):
    """Lists the models with their accuracy and their time per face on the current device.

    `compare` gets a model or a method, as `LiveEngine.compare_with`; `method` is the chosen one.
    """

    def __init__(
        self,
        open_model: QAction,
        load: Callable[[str], None],
        about: Callable[[], None],
        compare: Callable[[str, str], None],
        method: Callable[[], str],
        end_comparison: QAction,
        teach: QAction,
        parent: QWidget,
    ) -> None:
        super().__init__("Model", parent)
        self.setToolTipsVisible(True)
        self._compare, self._method, self._end_comparison = compare, method, end_comparison
        self._others = QMenu("Compare with", self)
        self._others.setToolTipsVisible(True)
        self._others.menuAction().setToolTip(
            "Explain the same face twice: by another model, or by another attribution method."
        )
        self._open_model, self._load = open_model, load
        self._about = QAction("About this model…", self)
        self._about.setToolTip(
            "Data, training, measured quality, licence, intended use and limits."
        )
        self._about.triggered.connect(about)
        self._status = LiveStatus()
        self._models: dict[QAction, ModelInfo] = {}
        self._fixed = (self._others.menuAction(), self._open_model, teach, self._about)
        self.aboutToShow.connect(self._fill)
        self.aboutToShow.connect(self._mark)
        self._others.aboutToShow.connect(self._fill_others)
        self._fill()
        self._fill_others()

    def show_status(self, status: LiveStatus) -> None:
        before, self._status = self._status, status
        if self.isVisible():  # nothing moves under the pointer; it is filled when it opens again
            return
        if (status.models, status.model.device) != (before.models, before.model.device):
            self._fill()
        if (status.models, status.model) != (before.models, before.model):
            self._fill_others()
        self._about.setEnabled(status.model.card is not None)
        self._mark()

    def _fill(self) -> None:
        for action in self.actions():
            self.removeAction(action)
            if action not in self._fixed:
                action.deleteLater()
        self._models = {}
        for group, title in _GROUPS:
            models = [model for model in self._status.models if model.group == group]
            if models:
                self.addAction(title).setEnabled(False)
                for model in models:
                    self._add(model)
                self.addSeparator()
        for action in self._fixed:
            self.addAction(action)

    def _fill_others(self) -> None:
        """Every other model by the same method, and this model by every other method."""
        menu, running = self._others, self._status.model
        menu.clear()
        self._add_title("Another model", "It explains the same face with the same method.")
        for model in self._status.models:
            if model.card is not None and not model.problem and model.spec != running.spec:
                action = menu.addAction(self._line_of(model, model.card))
                action.setToolTip(model.card.summary)
                action.triggered.connect(lambda _=False, spec=model.spec: self._compare(spec, ""))
        if running.methods:
            menu.addSeparator()
            self._add_title("This model, explained with", "The same answer, explained twice.")
            self._add_methods(running)
        menu.addSeparator()
        menu.addAction(self._end_comparison)

    def _add_methods(self, running: ModelStatus) -> None:
        """Those that give the same map as another one have a heading that says so."""
        shown = served_method(running, self._method())
        for group in method_groups(running.methods):
            names = [name for name in group.methods if name in running.methods and name != shown]
            if names and group.heading:
                self._add_title(group.heading, group.why)
            for name in names:
                method = OVERLAY_METHODS[name]
                action = self._others.addAction(
                    f"{method.title}\t{method.description.splitlines()[0]}"
                )
                action.setToolTip(method.description)
                action.triggered.connect(lambda _=False, name=name: self._compare("", name))

    def _add_title(self, text: str, tip: str) -> None:
        title = self._others.addAction(text)
        title.setToolTip(tip)
        title.setEnabled(False)

    def _add(self, model: ModelInfo) -> None:
        card = model.card
        name = literal(model.name)
        if card is None or model.problem:
            action = self.addAction(f"{name}\tcannot be used")
            action.setToolTip(model.problem or "The file could not be read.")
            action.setEnabled(False)
            return
        action = self.addAction(self._line_of(model, card))
        action.setCheckable(True)
        action.setToolTip(card.summary)
        action.triggered.connect(lambda _=False, spec=model.spec: self._choose(spec))
        self._models[action] = model

    def _line_of(self, model: ModelInfo, card: ModelCard) -> str:
        """Its name, what it is for, its accuracy and its time on the current device."""
        ms = model.ms.get(self._status.model.device)
        facts = [source_text.accuracy(card), wording.milliseconds(ms) if ms else ""]
        title = "   ".join(literal(text) for text in (model.name, card.about) if text)
        return "\t".join([title, "  ·  ".join(fact for fact in facts if fact)])

    def _choose(self, spec: str) -> None:
        self._load(spec)
        self._mark()

    def _mark(self) -> None:
        for action, model in self._models.items():
            action.setChecked(model.spec == self._status.model.spec)


class DeviceMenu(QMenu):
    """The devices; the current one is checked."""

    def __init__(self, store: SettingsStore, use: Callable[[str], None], parent: QWidget) -> None:
        super().__init__("Device", parent)
        self.setToolTipsVisible(True)
        self._store, self._use = store, use
        self._status = LiveStatus()
        self._actions: dict[str, QAction] = {}
        self._line = self.addSeparator()
        self._auto = self.addAction("Fastest available")
        self._auto.setCheckable(True)
        self._auto.setToolTip("At each start: a GPU if there is one, else the CPU.")
        self._auto.triggered.connect(lambda: self._choose("auto"))
        self._mark()

    def show_status(self, status: LiveStatus) -> None:
        self._status = status
        if [device.name for device in status.devices] != list(self._actions):
            self._fill()
        for device in status.devices:  # the free memory changes while the menu is open
            text = f"{literal(device.title)}\t{source_text.memory(device)}"
            if self._actions[device.name].text() != text:
                self._actions[device.name].setText(text)
        self._mark()

    def _fill(self) -> None:
        for action in self._actions.values():
            self.removeAction(action)
            action.deleteLater()
        self._actions = {}
        for device in self._status.devices:
            action = QAction(self)
            action.setCheckable(True)
            action.setToolTip(f"Run the model on this device ({device.name}).")
            action.triggered.connect(lambda _=False, name=device.name: self._choose(name))
            self.insertAction(self._line, action)
            self._actions[device.name] = action

    def _choose(self, device: str) -> None:
        self._store.change(device=device)
        self._use(device)
        self._mark()

    def _mark(self) -> None:
        for name, action in self._actions.items():
            action.setChecked(name == self._status.model.device)
        self._auto.setChecked(self._store.now.device == "auto")

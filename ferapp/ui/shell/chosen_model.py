"""Remembers the model and the device that a person chose."""

from collections.abc import Callable

from ferapp.live.status import LiveEngine, LiveStatus, ModelState
from ferapp.ui.shell.settings import RECENT, SettingsStore


class ChosenModel:
    """Loads models; `notify` shows a sentence to the person."""

    def __init__(
        self, engine: LiveEngine, store: SettingsStore, notify: Callable[[str], None]
    ) -> None:
        self._engine, self._store, self._notify = engine, store, notify
        self._is_requested = False  # by the person, and not running yet

    def load(self, model: str) -> None:
        self._is_requested = True
        self._engine.load_model(model)

    def forget(self) -> None:
        """Do not remember a model that is still loading."""
        self._is_requested = False

    def follow(self, status: LiveStatus) -> None:
        self._remember(status)
        self._replace_lost_device(status)

    def _remember(self, status: LiveStatus) -> None:
        """A chosen model is remembered once it runs, so that a damaged file never is."""
        if not self._is_requested or status.model.state is ModelState.LOADING:
            return
        self._is_requested = False
        if status.model.state is not ModelState.READY:
            return
        self._store.change(model=status.model.spec)
        listed = any(m.spec == status.model.spec and m.group != "file" for m in status.models)
        if not listed:
            others = (path for path in self._store.now.recent_models if path != status.model.spec)
            self._store.change(recent_models=(status.model.spec, *others)[:RECENT])

    def _replace_lost_device(self, status: LiveStatus) -> None:
        """If the remembered device is gone, run the model on the fastest one."""
        remembered = self._store.now.device
        names = [device.name for device in status.devices]
        failed = status.model.state is ModelState.FAILED and not status.model.spec
        if failed and names and remembered not in ("auto", *names):
            self._store.change(device="auto")
            self._engine.use_device("auto")
            self._notify(
                f"{remembered} is not available. The model runs on the fastest device instead."
            )

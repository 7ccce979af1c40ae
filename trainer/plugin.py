"""A user's Python file that registers models: run only when a command names it."""

import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from trainer.errors import FerError, UsageError
from trainer.model_index import registered_names

_loaded: list[Path] = []


def loaded_plugins() -> tuple[Path, ...]:
    """The plug-ins of this process, for its child processes."""
    return tuple(_loaded)


def load_plugin(file: Path, announce: Callable[[Path], None] = lambda _: None) -> tuple[str, ...]:
    """Run the code in `file`, once, and return the names of the models that it registers.

    `announce(file)` is called just before it runs. Raises UsageError for what is no Python file,
    and FerError where its code fails.
    """
    path = file.expanduser().absolute()
    if path in _loaded:
        return ()
    if path.suffix != ".py" or not path.is_file():
        raise UsageError(f"--plugin {file}: there is no such Python file", "Name a FILE.py.")
    announce(file)
    before = registered_names()
    module_name = f"ferapp_plugin_{len(_loaded)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # as dataclasses and pickles in it expect
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        if isinstance(error, FerError):
            raise FerError(f"--plugin {file}: {error.args[0]}", error.hint) from error
        raise FerError(f"--plugin {file}: {_told(error, path)}", "Mend the file.") from error
    names = tuple(name for name in registered_names() if name not in before)
    if not names:
        raise FerError(
            f"--plugin {file}: it ran, but registered no model",
            'It must call ferapp.register("name", module, card).',
        )
    _loaded.append(path)
    return names


def _told(error: BaseException, path: Path) -> str:
    """`line 12 raised ValueError: …`, by the last line of the plug-in itself."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"line {error.lineno} is no Python ({error.msg})"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path
    ]  # fmt: skip
    where = f"line {lines[-1]}" if lines else "its code"
    text = " ".join(str(error).split())[:300]
    return f"{where} raised {type(error).__name__}{f': {text}' if text else ''}"

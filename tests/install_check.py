"""The wheel in a fresh environment, outside the checkout: does the window open and explain a face?

    uv run python tests/install_check.py

Builds the wheel, installs it with all it needs, and runs it in an empty folder with nothing of the
checkout on its path. With uv's cache filled this takes about a minute; without, as long as loading
6 GB. Exit code 1 with the reason where something fails.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
WINDOW_SCRIPT = CHECKOUT / "tests" / "support" / "app" / "explained_window.py"
LIMIT_S = 900
WHERE = "import ferapp, trainer; print(ferapp.__file__); print(trainer.__file__)"


def run(*command: str | Path, folder: Path) -> str:
    """Standard output. The environment has neither this Python's path nor a screen."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "DATA", "STATE")}
    environment["QT_QPA_PLATFORM"] = "offscreen"
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}"[-4000:])
    return done.stdout


def expect(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(message)


def check_installation(folder: Path) -> None:
    uv = os.environ.get("UV") or shutil.which("uv") or sys.exit("There is no uv on the path.")
    environment, work = folder / "environment", folder / "work"
    work.mkdir()
    run(uv, "build", "--quiet", "--wheel", "--out-dir", folder, CHECKOUT, folder=work)
    (wheel,) = folder.glob("*.whl")
    run(uv, "venv", "--quiet", "--python", sys.executable, environment, folder=work)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    run(uv, "pip", "install", "--quiet", "--python", python, wheel, folder=work)

    version = run(scripts / "ferapp", "--version", folder=work).strip()
    expect(version == f"ferapp {wheel.name.split('-')[1]}", f"--version prints {version!r}")
    for module in run(python, "-I", "-c", WHERE, folder=work).split():
        expect(Path(module).is_relative_to(environment), f"{module} is not the installed one")

    script = shutil.copy(WINDOW_SCRIPT, work)
    picture = work / "window.png"
    shown = run(python, "-I", script, picture, folder=work)
    expect("platform offscreen" in shown, f"the window reports {shown!r}")
    expect("landmark colour True" in shown, f"no landmark was painted: {shown!r}")
    expect(picture.stat().st_size > 50_000, "the picture of the window is empty")
    print(f"{wheel.name} installs; its window opens and explains a face.")


def main() -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        check_installation(Path(name).resolve())
    print(f"install check passed in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()

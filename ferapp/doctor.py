"""What `ferapp doctor` looks at: versions, conflicts, devices, cameras, models, assets.

Each check is one record. The checks of versions and conflicts are functions of what they are
given; `examine` collects what this computer has. Versions come from the packages' metadata,
because importing all of them takes long and may be what fails.
"""

import hashlib
import importlib
import os
import platform
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trainer.errors import FerError
from trainer.files import asset

if TYPE_CHECKING:
    from ferapp.sources.camera_info import CameraInfo

State = Literal["ok", "warning", "broken"]

PACKAGES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "torch",
    "torchvision",
    "mediapipe",
    "numpy",
    "safetensors",
    "pydantic",
    "typer",
    "rich",
    "torchmetrics",
    "platformdirs",
    "filelock",
    "matplotlib",
    "captum",
    "psutil",
)
OPENCV = (  # every one of them installs the folder cv2/
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
ENUMERATOR = "cv2-enumerate-cameras"
LANDMARKER = "face_landmarker.task"
LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
DEFAULT_MODEL = "default"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and how to mend it unless the state is ok."""

    name: str
    state: State
    found: str
    mend: str = ""


def examine() -> list[Check]:
    """All checks of this computer. Takes as long as importing torch; opens no camera."""
    # before cv2 is imported, which sets this variable itself
    plugin_path = os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH")
    versions = installed((*PACKAGES, *OPENCV, ENUMERATOR))
    cv2_error = _import_error("cv2")
    torch_error = _import_error("torch")
    checks = [
        check_python(sys.version_info[:2], platform.python_version()),
        *(check_package(name, versions.get(name)) for name in PACKAGES),
        check_pyside(versions.get("PySide6-Essentials", ""), sys.version_info[:2]),
        check_qt_plugins(plugin_path),
        check_opencv({name: versions[name] for name in OPENCV if name in versions}, cv2_error),
        check_mediapipe(versions.get("mediapipe", "")),
        check_camera_list(ENUMERATOR in versions),
    ]
    if not cv2_error:
        from ferapp.sources.camera_list import list_cameras

        checks.append(check_cameras(list_cameras()))
    if torch_error:
        checks.append(
            Check(
                "torch import",
                "broken",
                torch_error,
                "Install the pair anew: pip install --force-reinstall torch torchvision",
            )
        )
    else:
        checks.append(check_torch_pair(*_torch_builds(), _torchvision_error()))
        checks += _devices()
        checks += _models()
    checks += check_assets(asset(LANDMARKER), asset("demo/demo.mp4"))
    return checks


def is_broken(checks: Sequence[Check]) -> bool:
    return any(check.state == "broken" for check in checks)


def as_text(checks: Sequence[Check]) -> str:
    """A line for each check, its mending below it, and a sum at the end."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<7}  {check.name:<{width}}  {check.found}")
        if check.mend:
            lines.append(" " * (7 + 2 + width + 2) + f"→ {check.mend}")
    count = Counter(check.state for check in checks)
    if count["broken"]:
        lines.append(f"\nBroken: {count['broken']}. Warnings: {count['warning']}.")
    else:
        lines.append(f"\nEverything needed works. Warnings: {count['warning']}.")
    return "\n".join(lines)


def as_dict(checks: Sequence[Check]) -> dict[str, Any]:
    return {"ok": not is_broken(checks), "checks": [asdict(check) for check in checks]}


def installed(names: Sequence[str]) -> dict[str, str]:
    """Version of each package that is there."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def check_python(version: tuple[int, ...], text: str) -> Check:
    if (3, 11) <= version < (3, 13):
        return Check("python", "ok", text)
    return Check("python", "warning", text, "Python 3.11 and 3.12 are tested: use one of them.")


def check_package(name: str, version: str | None) -> Check:
    if version is None:
        return Check(name, "broken", "not installed", f"Install it: pip install {name}")
    return Check(name, "ok", version)


def check_pyside(version: str, python: tuple[int, ...]) -> Check:
    """PySide6 6.12.0 gives away a reference of None with every call that returns nothing."""
    if version == "6.12.0" and python < (3, 12):
        return Check(
            "PySide6 and Python",
            "broken",
            "PySide6 6.12.0 crashes on Python before 3.12, within seconds of painting",
            "Install another version: pip install 'PySide6-Essentials<6.12'. Or use Python 3.12.",
        )
    return Check("PySide6 and Python", "ok", "no known conflict")


def check_qt_plugins(path: str | None) -> Check:
    """OpenCV has Qt 5 plugins; a shell that points Qt there ends other Qt programs at start."""
    name = "Qt plugins"
    if path is None:
        return Check(name, "ok", "QT_QPA_PLATFORM_PLUGIN_PATH is not set")
    found = f"QT_QPA_PLATFORM_PLUGIN_PATH is {path}"
    if "cv2" in re.split(r"[/\\]", path):
        found += ", which is OpenCV's Qt 5"
    return Check(name, "warning", found, "The window ignores it. Remove it from your environment.")


def check_opencv(versions: Mapping[str, str], import_error: str) -> Check:
    """`versions` of the installed packages that own the folder cv2/."""
    owners = ", ".join(f"{name} {version}" for name, version in versions.items())
    if not versions:
        return Check("opencv", "broken", "not installed", "Install it: pip install opencv-python")
    version = max(versions.values(), key=lambda text: [int(n) for n in re.findall(r"\d+", text)])
    pins = " ".join(f"{name}=={version}" for name in versions)
    again = f"pip install --force-reinstall --no-deps {pins}"
    if import_error:
        return Check(
            "opencv",
            "broken",
            f"cv2 cannot be imported ({import_error}); installed: {owners}",
            f"Removing one of its packages removes cv2 for all. Install them anew: {again}",
        )
    if len(set(versions.values())) > 1:
        return Check(
            "opencv",
            "broken",
            f"the folder cv2/ is a mixture of different versions: {owners}",
            f"Install one version: {again}",
        )
    return Check("opencv", "ok", owners)


def check_torch_pair(torch: str, torchvision: str, load_error: str) -> Check:
    """Versions with their build (`+cpu`, `+cu130`), and how torchvision's operators failed."""
    found = f"torch {torch}, torchvision {torchvision}"
    mend = (
        "Install both from one place: pip install --force-reinstall torch torchvision; "
        "for CPU only, add --index-url https://download.pytorch.org/whl/cpu"
    )
    name = "torch and torchvision"
    if load_error:
        reason = "do not fit, importing torchvision fails"
        return Check(name, "broken", f"{found} {reason} ({load_error})", mend)
    majors = {_cuda_major(version) for version in (torch, torchvision)} - {None}
    if len(majors) > 1:
        return Check(name, "broken", f"{found} are built for different CUDA versions", mend)
    return Check(name, "ok", found)


def _cuda_major(version: str) -> str | None:
    """13 of `2.11.0+cu130`; None of other builds."""
    found = re.search(r"\+cu(\d+)\d$", version)
    return found[1] if found else None


def check_mediapipe(version: str) -> Check:
    """0.10.33 corrupts memory; from 0.10.35 on its library tells its maker how it is used."""
    name, mend = "MediaPipe", "pip install 'mediapipe>=0.10.30,<0.10.33'"
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    if numbers == [0, 10, 33]:
        return Check(name, "broken", f"mediapipe {version} crashes the window", mend)
    if numbers > [0, 10, 33]:
        why = f"mediapipe {version} tells its maker how it is used; pictures stay here"
        return Check(name, "warning", why, mend)
    return Check(name, "ok", "it opens no connection")


def check_camera_list(can_list: bool) -> Check:
    if can_list:
        return Check(ENUMERATOR, "ok", "cameras are listed by name")
    return Check(
        ENUMERATOR,
        "warning",
        "not installed: cameras have only numbers",
        f"Install it: pip install {ENUMERATOR}",
    )


def check_cameras(cameras: Sequence["CameraInfo"]) -> Check:
    """Listed, not opened: that takes seconds and switches on their lights."""
    if not cameras:
        return Check(
            "cameras",
            "warning",
            "none was found",
            "Connect one and allow its use in the system's settings. "
            "Videos and the demo clip work without.",
        )
    found = "; ".join(f"{camera.index}: {camera.name}" for camera in cameras)
    denied = [
        camera.path
        for camera in cameras
        if camera.path.startswith("/dev/") and not os.access(camera.path, os.R_OK | os.W_OK)
    ]
    if denied:
        return Check(
            "cameras",
            "warning",
            f"{found}; you may not open {', '.join(denied)}",
            "Join the group that owns it, usually: sudo usermod -aG video $USER. Log in again.",
        )
    return Check("cameras", "ok", found)


def check_assets(landmarker: Path, demo: Path) -> list[Check]:
    """The landmark model by its digest; the demo clip by being there."""
    again = "Install the app again, or fetch the file again in a checkout."
    if not landmarker.is_file():
        first = Check("landmark model", "broken", f"{landmarker} is missing", again)
    elif hashlib.sha256(landmarker.read_bytes()).hexdigest() != LANDMARKER_SHA256:
        first = Check(
            "landmark model", "broken", f"{landmarker} is damaged (its sha256 differs)", again
        )
    else:
        first = Check("landmark model", "ok", f"{landmarker.name}, sha256 fits")
    if demo.is_file():
        return [first, Check("demo clip", "ok", demo.name)]
    return [first, Check("demo clip", "warning", f"{demo} is missing", again)]


def check_model(path: Path) -> Check:
    """Whether a model file loads; what its card says."""
    from trainer.models.model_file import load_model

    name = f"model {path.stem}"
    state: State = "broken" if path.stem == DEFAULT_MODEL else "warning"
    try:
        _, card = load_model(path)
    except FerError as error:
        return Check(name, state, str(error.args[0]), "Install the app again to get the file.")
    accuracy = card.metrics.get("accuracy")
    measured = f", accuracy {accuracy:.2%}" if isinstance(accuracy, float) else ""
    classes = ", ".join(card.classes)
    what = card.about or card.objective
    return Check(name, "ok", f"{what}: {card.architecture}{measured}; {classes}")


def _models() -> Iterator[Check]:
    from trainer.model_index import SUFFIX, bundled_models

    names = bundled_models()
    for name in names:
        yield check_model(asset("models") / f"{name}{SUFFIX}")
    if DEFAULT_MODEL not in names:
        yield Check(
            f"model {DEFAULT_MODEL}",
            "broken",
            f"{asset('models')} has no {DEFAULT_MODEL}{SUFFIX}, the model that the app opens with",
            "Install the app again, or name your own model: ferapp --model FILE",
        )


def _devices() -> Iterator[Check]:
    import torch

    from trainer.device import cpu_has_bf16

    bf16 = "bf16" if cpu_has_bf16() else "no bf16"
    capability = torch.backends.cpu.get_cpu_capability()
    threads = torch.get_num_threads()
    found = f"{os.cpu_count()} cores, torch uses {threads}; {capability}, {bf16}"
    yield Check("cpu", "ok", found)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if caught and not available:  # a device whose driver is too old, for example
        yield Check(
            "cuda", "warning", _first_line(str(caught[0].message)), "Update the graphics driver."
        )
    elif not available:
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        yield Check("cuda", "ok", f"no device (torch is {built})")
    for index in range(torch.cuda.device_count() if available else 0):
        yield _cuda_device(index)
    if sys.platform == "darwin":
        usable = torch.backends.mps.is_available()
        yield Check("mps", "ok", "available" if usable else "not available on this computer")


def _cuda_device(index: int) -> Check:
    import torch

    name = f"cuda:{index}"
    title = torch.cuda.get_device_name(index)
    try:
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError as error:
        return Check(
            name,
            "warning",
            f"{title} cannot be used ({_first_line(str(error))})",
            "Close other programs that use it, or choose --device cpu.",
        )
    return Check(name, "ok", f"{title}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")


def _torch_builds() -> tuple[str, str]:
    """Versions of torch and torchvision with their builds, without importing torchvision.

    Its metadata may lack the build, which its version.py has.
    """
    import torch

    version = installed(["torchvision"]).get("torchvision", "missing")
    folder = _package_folder("torchvision")
    if folder and (folder / "version.py").is_file():
        text = (folder / "version.py").read_text(encoding="utf-8")
        found = re.search(r"__version__ = ['\"]([^'\"]+)", text)
        version = found[1] if found else version
    return str(torch.__version__), version


def _torchvision_error() -> str:
    """Why torchvision's operators cannot be loaded into this torch, or "".

    Without them importing torchvision ends with "operator torchvision::nms does not exist". Only
    they are loaded, because importing all of torchvision takes as long again as torch.
    """
    import torch

    folder = _package_folder("torchvision")
    if folder is None:
        return "torchvision is missing"
    load: Any = torch.ops.load_library
    try:
        for library in folder.glob("_C*"):
            if library.suffix in (".so", ".pyd"):
                load(str(library))
    except (OSError, RuntimeError, ImportError) as error:
        return _first_line(str(error))
    return "" if hasattr(torch.ops.torchvision, "nms") else "it has no operators"


def _package_folder(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _import_error(module: str) -> str:
    """Why `module` cannot be imported, or ""."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a package that is half there can raise anything
        return _first_line(f"{type(error).__name__}: {error}")
    return ""


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]

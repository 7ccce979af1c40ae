"""Whether the installed packages are complete and fit together.

Versions come from the packages' metadata: importing all of them takes long and may be what fails.
The checks are functions of what they are given; `installed_versions`, `import_error`,
`video_library`, `torch_builds` and `torchvision_error` look at this computer.
"""

import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

State = Literal["ok", "warning", "broken"]

PACKAGES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "pympi-ling",
    "torch",
    "torchvision",
    "mediapipe",
    "numpy",
    "safetensors",
    "pydantic",
    "typer",
    "rich",
    "scikit-learn",
    "scipy",
    "pandas",
    "joblib",
    "platformdirs",
    "filelock",
    "matplotlib",
    "pillow",
    "captum",
    "psutil",
    "av",
)
OPENCV = (  # every one of them installs the folder cv2/
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
# FFmpeg's names of what reads each; its own "av1" works on graphics cards only
VIDEO_DECODERS = {
    "H.264": ("h264",),
    "HEVC": ("hevc",),
    "AV1": ("libdav1d", "libaom-av1"),
    "VP9": ("vp9", "libvpx-vp9"),
}
VIDEO_ENCODER = "libx264"
ENUMERATOR = "cv2-enumerate-cameras"
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: the finding, and the remedy unless the state is ok."""

    name: str
    state: State
    finding: str
    remedy: str = ""


def installed_versions(names: Sequence[str]) -> dict[str, str]:
    """Version of each package that is installed."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def check_python(version: tuple[int, ...], text: str) -> Check:
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return Check("python", "ok", text)
    return Check(
        "python", "warning", text, "ferapp is tested on Python 3.11 to 3.13: use one of them."
    )


def check_package(name: str, version: str | None) -> Check:
    if version is None:
        return Check(name, "broken", "not installed", f"Install it: pip install {name}")
    return Check(name, "ok", version)


def check_pyside(version: str, python: tuple[int, ...]) -> Check:
    """PySide6 6.12.0 drops a reference to None with every call that returns nothing."""
    if version == "6.12.0" and python < (3, 12):
        return Check(
            "PySide6 and Python",
            "broken",
            "PySide6 6.12.0 crashes on Python before 3.12, within seconds of painting",
            "Install another version: pip install 'PySide6-Essentials<6.12'. "
            "Or use Python 3.12 or later.",
        )
    return Check("PySide6 and Python", "ok", "no known conflict")


def check_qt_plugins(path: str | None) -> Check:
    """`path` is $QT_QPA_PLATFORM_PLUGIN_PATH: pointed at OpenCV's Qt 5, it crashes Qt programs."""
    name = "Qt plugins"
    if path is None:
        return Check(name, "ok", "QT_QPA_PLATFORM_PLUGIN_PATH is not set")
    finding = f"QT_QPA_PLATFORM_PLUGIN_PATH is {path}"
    if "cv2" in re.split(r"[/\\]", path):
        finding += ", which is OpenCV's Qt 5"
    return Check(
        name, "warning", finding, "The window ignores it. Remove it from your environment."
    )


def check_opencv(versions: Mapping[str, str], error: str) -> Check:
    """`versions` of the installed packages that own the folder cv2/; `error` of importing it."""
    owners = ", ".join(f"{name} {version}" for name, version in versions.items())
    if not versions:
        return Check("opencv", "broken", "not installed", "Install it: pip install opencv-python")
    version = max(versions.values(), key=lambda text: [int(n) for n in re.findall(r"\d+", text)])
    pins = " ".join(f"{name}=={version}" for name in versions)
    reinstall = f"pip install --force-reinstall --no-deps {pins}"
    if error:
        return Check(
            "opencv",
            "broken",
            f"cv2 cannot be imported ({error}); installed: {owners}",
            f"Uninstalling one of its packages removes cv2 for all. Reinstall them: {reinstall}",
        )
    if len(set(versions.values())) > 1:
        return Check(
            "opencv",
            "broken",
            f"the folder cv2/ is a mixture of different versions: {owners}",
            f"Install one version: {reinstall}",
        )
    return Check("opencv", "ok", owners)


@dataclass(frozen=True, slots=True)
class VideoLibrary:
    """PyAV and the FFmpeg it brings: versions by library, and names of codecs."""

    pyav: str
    ffmpeg: str
    libraries: Mapping[str, str]
    decoders: frozenset[str]
    encoders: frozenset[str]


def check_video(found: VideoLibrary | None, error: str) -> Check:
    """`found` is None where PyAV cannot be imported, because of `error`."""
    name = "video files"
    reinstall = "pip install --force-reinstall --only-binary av av"
    if found is None:
        return Check(
            name, "broken", f"PyAV cannot be imported ({error})", f"Reinstall it: {reinstall}"
        )
    reads = [codec for codec, names in VIDEO_DECODERS.items() if found.decoders & {*names}]
    lacks = [codec for codec in VIDEO_DECODERS if codec not in reads]
    writes = VIDEO_ENCODER in found.encoders
    libraries = ", ".join(f"{library} {version}" for library, version in found.libraries.items())
    finding = (
        f"PyAV {found.pyav} with FFmpeg {found.ffmpeg} ({libraries}); "
        f"reads {', '.join(reads) or 'none of the usual codecs'}"
        f"{', not ' + ', '.join(lacks) if lacks else ''}; "
        + (f"writes H.264 ({VIDEO_ENCODER})" if writes else f"lacks {VIDEO_ENCODER}")
    )
    remedy = f"PyAV's own packages have all of them: {reinstall}"
    if "H.264" in lacks:
        return Check(name, "broken", f"{finding}: most videos cannot be read", remedy)
    if not writes:
        return Check(
            name,
            "warning",
            f"{finding}: recordings with a video and analyze --video are refused",
            remedy,
        )
    return Check(name, "warning" if lacks else "ok", finding, remedy if lacks else "")


def check_torch_pair(torch: str, torchvision: str, error: str) -> Check:
    """Versions with their build (`+cpu`, `+cu130`); `error` of loading torchvision's operators."""
    name, finding = "torch and torchvision", f"torch {torch}, torchvision {torchvision}"
    remedy = (
        "Install both from one place: pip install --force-reinstall torch torchvision; "
        "for CPU only, add --index-url https://download.pytorch.org/whl/cpu"
    )
    if error:
        reason = "do not fit together: torchvision cannot be imported"
        return Check(name, "broken", f"{finding} {reason} ({error})", remedy)
    majors = {_cuda_major(version) for version in (torch, torchvision)} - {None}
    if len(majors) > 1:
        return Check(name, "broken", f"{finding} are built for different CUDA versions", remedy)
    return Check(name, "ok", finding)


def _cuda_major(version: str) -> str | None:
    """13 of `2.11.0+cu130`; None of other builds."""
    match = re.search(r"\+cu(\d+)\d$", version)
    return match[1] if match else None


def check_mediapipe(version: str) -> Check:
    """0.10.33 corrupts memory; from 0.10.35 on its library reports its use to its maker."""
    name, remedy = "MediaPipe", "pip install 'mediapipe>=0.10.30,<0.10.33'"
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    if numbers == [0, 10, 33]:
        return Check(name, "broken", f"mediapipe {version} crashes the window", remedy)
    if numbers > [0, 10, 33]:
        finding = f"mediapipe {version} reports its use to its maker; pictures stay here"
        return Check(name, "warning", finding, remedy)
    return Check(name, "ok", "it opens no connection")


def check_camera_enumerator(is_installed: bool) -> Check:
    if is_installed:
        return Check(ENUMERATOR, "ok", "cameras are listed by name")
    return Check(
        ENUMERATOR,
        "warning",
        "not installed: cameras have only numbers",
        f"Install it: pip install {ENUMERATOR}",
    )


def import_error(module: str) -> str:
    """Why `module` cannot be imported, or ""."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a half-installed package can raise anything
        return first_line(f"{type(error).__name__}: {error}")
    return ""


def video_library() -> VideoLibrary:
    """What PyAV has here."""
    import av

    def have(names: Iterable[str], mode: Literal["r", "w"]) -> frozenset[str]:
        return frozenset(name for name in names if _has_codec(name, mode))

    versions = {
        library: ".".join(map(str, version)) for library, version in av.library_versions.items()
    }
    decoders = (name for names in VIDEO_DECODERS.values() for name in names)
    return VideoLibrary(
        av.__version__,
        av.ffmpeg_version_info,
        versions,
        have(decoders, "r"),
        have([VIDEO_ENCODER], "w"),
    )


def _has_codec(name: str, mode: Literal["r", "w"]) -> bool:
    import av

    try:
        av.Codec(name, mode)
    except ValueError:  # UnknownCodecError
        return False
    return True


def torch_builds() -> tuple[str, str]:
    """Versions of torch and torchvision with their builds, without importing torchvision.

    Its metadata may lack the build, which its version.py has.
    """
    import torch

    version = installed_versions(["torchvision"]).get("torchvision", "missing")
    folder = _package_folder("torchvision")
    if folder and (folder / "version.py").is_file():
        text = (folder / "version.py").read_text(encoding="utf-8")
        match = re.search(r"__version__ = ['\"]([^'\"]+)", text)
        version = match[1] if match else version
    return str(torch.__version__), version


def torchvision_error() -> str:
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
        return first_line(str(error))
    return "" if hasattr(torch.ops.torchvision, "nms") else "it has no operators"


def _package_folder(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]

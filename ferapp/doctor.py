"""`ferapp doctor`: packages, devices, cameras, models, assets, and how to repair them."""

import hashlib
import os
import platform
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferapp.package_checks import (
    ENUMERATOR,
    OPENCV,
    PACKAGES,
    Check,
    State,
    check_camera_enumerator,
    check_mediapipe,
    check_opencv,
    check_package,
    check_pyside,
    check_python,
    check_qt_plugins,
    check_torch_pair,
    check_video,
    first_line,
    import_error,
    installed_versions,
    torch_builds,
    torchvision_error,
    video_library,
)
from trainer.errors import FerError
from trainer.files import asset

if TYPE_CHECKING:
    from ferapp.sources.camera_info import CameraInfo

LANDMARKER = "face_landmarker.task"
LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
DEFAULT_MODEL = "default"


def run_checks() -> list[Check]:
    """All checks of this computer. Takes as long as importing torch; opens no camera."""
    # before cv2 is imported, which sets this variable itself
    plugin_path = os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH")
    versions = installed_versions((*PACKAGES, *OPENCV, ENUMERATOR))
    python = sys.version_info[:2]
    cv2_error, av_error = import_error("cv2"), import_error("av")
    checks = [
        check_python(python, platform.python_version()),
        *(check_package(name, versions.get(name)) for name in PACKAGES),
        check_pyside(versions.get("PySide6-Essentials", ""), python),
        check_qt_plugins(plugin_path),
        check_opencv({name: versions[name] for name in OPENCV if name in versions}, cv2_error),
        check_video(None if av_error else video_library(), av_error),
        check_mediapipe(versions.get("mediapipe", "")),
        check_camera_enumerator(ENUMERATOR in versions),
    ]
    if not cv2_error:
        from ferapp.sources.camera_list import list_cameras

        checks.append(check_cameras(list_cameras()))
    checks += _torch_checks()
    checks += check_assets(asset(LANDMARKER), asset("demo/demo.mp4"))
    return checks


def is_broken(checks: Sequence[Check]) -> bool:
    return any(check.state == "broken" for check in checks)


def as_text(checks: Sequence[Check]) -> str:
    """A line for each check, its remedy below it, and the totals at the end."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<7}  {check.name:<{width}}  {check.finding}")
        if check.remedy:
            lines.append(" " * (7 + 2 + width + 2) + f"→ {check.remedy}")
    count = Counter(check.state for check in checks)
    if count["broken"]:
        lines.append(f"\nBroken: {count['broken']}. Warnings: {count['warning']}.")
    else:
        lines.append(f"\nEverything needed works. Warnings: {count['warning']}.")
    return "\n".join(lines)


def as_dict(checks: Sequence[Check]) -> dict[str, Any]:
    return {
        "ok": not is_broken(checks),
        "checks": [
            {
                "name": check.name,
                "state": check.state,
                "found": check.finding,
                "mend": check.remedy,
            }
            for check in checks
        ],
    }


def check_cameras(cameras: Sequence["CameraInfo"]) -> Check:
    """Listed, not opened: opening takes seconds and switches on their lights."""
    if not cameras:
        return Check(
            "cameras",
            "warning",
            "none found",
            "Connect one and allow its use in the system's settings. "
            "Videos and the demo clip work without.",
        )
    finding = "; ".join(f"{camera.index}: {camera.name}" for camera in cameras)
    denied = [
        camera.path
        for camera in cameras
        if camera.path.startswith("/dev/") and not os.access(camera.path, os.R_OK | os.W_OK)
    ]
    if denied:
        return Check(
            "cameras",
            "warning",
            f"{finding}; you may not open {', '.join(denied)}",
            "Join the group that owns it, usually: sudo usermod -aG video $USER. Log in again.",
        )
    return Check("cameras", "ok", finding)


def check_assets(landmarker: Path, demo: Path) -> list[Check]:
    """The landmark model by its digest; the demo clip by its presence."""
    remedy = "Reinstall the app, or restore the file in a checkout."
    name = "landmark model"
    if not landmarker.is_file():
        landmarks = Check(name, "broken", f"{landmarker} is missing", remedy)
    elif hashlib.sha256(landmarker.read_bytes()).hexdigest() != LANDMARKER_SHA256:
        finding = f"{landmarker} is damaged (its sha256 differs)"
        landmarks = Check(name, "broken", finding, remedy)
    else:
        landmarks = Check(name, "ok", f"{landmarker.name}, sha256 fits")
    if demo.is_file():
        return [landmarks, Check("demo clip", "ok", demo.name)]
    return [landmarks, Check("demo clip", "warning", f"{demo} is missing", remedy)]


def check_model(path: Path) -> Check:
    """Whether a model file loads, and what its card says."""
    from trainer.models.model_file import load_model

    name = f"model {path.stem}"
    try:
        _, card = load_model(path)
    except FerError as error:
        state: State = "broken" if path.stem == DEFAULT_MODEL else "warning"
        return Check(name, state, str(error.args[0]), "Reinstall the app to restore the file.")
    accuracy = card.metrics.get("accuracy")
    measured = f", accuracy {accuracy:.2%}" if isinstance(accuracy, float) else ""
    classes = ", ".join(card.classes)
    purpose = card.about or card.objective
    return Check(name, "ok", f"{purpose}: {card.architecture}{measured}; {classes}")


def _torch_checks() -> Iterator[Check]:
    """torch itself, and what needs it: devices and models."""
    error = import_error("torch")
    if error:
        yield Check(
            "torch import",
            "broken",
            error,
            "Reinstall the pair: pip install --force-reinstall torch torchvision",
        )
        return
    yield check_torch_pair(*torch_builds(), torchvision_error())
    yield from _device_checks()
    yield from _model_checks()


def _model_checks() -> Iterator[Check]:
    from trainer.model_index import MODEL_SUFFIX, bundled_models

    names = bundled_models()
    for name in names:
        yield check_model(asset("models") / f"{name}{MODEL_SUFFIX}")
    if DEFAULT_MODEL not in names:
        yield Check(
            f"model {DEFAULT_MODEL}",
            "broken",
            f"{asset('models')} has no {DEFAULT_MODEL}{MODEL_SUFFIX}, which the app opens with",
            "Reinstall the app, or name your own model: ferapp --model FILE",
        )


def _device_checks() -> Iterator[Check]:
    import torch

    from trainer.device import cpu_has_bf16

    bf16 = "bf16" if cpu_has_bf16() else "no bf16"
    capability = torch.backends.cpu.get_cpu_capability()
    threads = torch.get_num_threads()
    yield Check("cpu", "ok", f"{os.cpu_count()} cores, torch uses {threads}; {capability}, {bf16}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if caught and not available:  # a device whose driver is too old, for example
        message = first_line(str(caught[0].message))
        yield Check("cuda", "warning", message, "Update the graphics driver.")
    elif not available:
        build = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        yield Check("cuda", "ok", f"no device (torch is {build})")
    for index in range(torch.cuda.device_count() if available else 0):
        yield _check_cuda_device(index)
    if sys.platform == "darwin":
        usable = torch.backends.mps.is_available()
        yield Check("mps", "ok", "available" if usable else "not available on this computer")


def _check_cuda_device(index: int) -> Check:
    import torch

    name = f"cuda:{index}"
    title = torch.cuda.get_device_name(index)
    try:
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError as error:
        return Check(
            name,
            "warning",
            f"{title} cannot be used ({first_line(str(error))})",
            "Close other programs that use it, or choose --device cpu.",
        )
    return Check(name, "ok", f"{title}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")

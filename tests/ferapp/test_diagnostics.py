"""The file to send with a report: what is in it, and what is not."""

import getpass
import json
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from platformdirs import user_config_path, user_log_path

from ferapp.diagnostics import Anonymous, check_bundle, write_bundle
from ferapp.fault_log import fault_file
from ferapp.package_checks import Check
from tests.support.command import Command
from trainer.errors import UsageError

PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"ftyp", b"GIF8", b"BM6")
CHECKS = [Check("model", "ok", "/home/Jo.Doe/models/mine.safetensors")]


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Someone called jodoe at the computer desk7, who has used the app; returns the home."""
    home = tmp_path / "people" / "jodoe"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "jodoe")
    monkeypatch.setattr(platform, "node", lambda: "desk7.example.org")
    settings = user_config_path("ferapp", appauthor=False) / "settings.json"
    settings.parent.mkdir(parents=True)
    values = {"recordings": f"{home}/Videos", "recent_models": [f"{home}/m.safetensors"]}
    settings.write_text(json.dumps(values))
    log = user_log_path("ferapp", appauthor=False)
    log.mkdir(parents=True)
    (log / "ferapp.log").write_text(
        f"Start on desk7: {home}/faces, user jodoe\n"
        "Playing rtsp://jodoe:s3cret@10.0.0.9/live?token=t0ken\n"
    )
    (log / "ferapp.log.1").write_text(f"earlier: file://{home}\n")
    (log / "shot.png").write_bytes(PICTURES[0] + b"pixels")
    fault_file().write_text(f'Fatal Python error: Aborted\n  File "{home}/x.py", line 1\n')
    return home


def test_nothing_in_it_names_the_person(person: Path, tmp_path: Path) -> None:
    file = tmp_path / "d.zip"
    checks = [Check("model", "ok", f"{person}/mine.safetensors of jodoe")]
    names = write_bundle(file, checks)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert list(members) == names
    assert names == [
        *("contents.txt", "doctor.txt", "doctor.json", "versions.json", "settings.json"),
        *("ferapp.log", "ferapp.log.1", "fault.txt"),
    ]
    for name, content in members.items():
        text = content.decode()  # a picture would not be text
        for private in (str(person), "jodoe", "desk7", "s3cret", "t0ken"):
            assert private not in text, name
        assert not any(head in content for head in PICTURES), name
    assert "~/mine.safetensors of USER" in members["doctor.txt"].decode()
    assert "Start on HOST: ~/faces, user USER" in members["ferapp.log"].decode()
    assert json.loads(members["settings.json"])["recordings"] == "~/Videos"
    assert 'File "~/x.py"' in members["fault.txt"].decode()
    assert json.loads(members["doctor.json"])["ok"] is True
    assert json.loads(members["versions.json"])["python"] == platform.python_version()
    for name in names[1:]:
        assert f"{name}: " in members["contents.txt"].decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ann/x and /home/ann", "~/x and ~"),
        ("/home/anna and /home/ann-old", "/home/anna and /home/USER-old"),
        (r"C:\Users\ann\x", r"~\x"),
        (r'{"at": "C:\\Users\\ann\\x"}', r'{"at": "~\\x"}'),
        ("file:///home/j%C3%BCrgen/x", "file://~/x"),
        (r"/home/j\u00fcrgen/x", "~/x"),
        ("cannot, Ann, ann_x, planning", "cannot, USER, USER_x, planning"),
        ("ann@box: box.lan", "USER@HOST: HOST"),
    ],
)
def test_forms_of_names(text: str, expected: str) -> None:
    anonymous = Anonymous(
        ["/home/ann", r"C:\Users\ann", "/home/jürgen"], ["ann"], ["box", "box.lan"]
    )
    assert anonymous(text) == expected


def test_it_is_written_whole_or_not_at_all(
    person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "d.zip"
    write_bundle(file, CHECKS)
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"d\.zip: the diagnostics cannot be written \(No space"):
        write_bundle(file, CHECKS)
    assert file.read_bytes() == before
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*.tmp"))


def test_other_files_are_not_replaced(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.docx"
    with zipfile.ZipFile(thesis, "w") as archive:
        archive.writestr("document.xml", "years of work")
    for file, message in (
        (thesis, "is not a file of diagnostics"),
        (tmp_path, "this is a folder"),
        (tmp_path / "gone" / "d.zip", "there is no folder"),
    ):
        with pytest.raises(UsageError, match=message):
            check_bundle(file)


def test_doctor_writes_it_and_says_what_is_in_it(command: Command, tmp_path: Path) -> None:
    done = command("ferapp", "doctor", "--bundle", "d.zip", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    with zipfile.ZipFile(tmp_path / "d.zip") as archive:
        assert archive.namelist() == result["bundle"]["members"]
        everything = b"\n".join(map(archive.read, archive.namelist())).decode()
    assert "Wrote d.zip: contents.txt, doctor.txt" in done.stderr
    assert "There is no picture in it" in done.stderr
    homes = [os.path.expanduser("~")] if os.path.expanduser("~") != "/" else []
    for private in (*homes, f"/{getpass.getuser()}/"):
        assert private not in everything


def test_a_crash_in_native_code_is_described(tmp_path: Path) -> None:
    script = (
        "import faulthandler\n"
        "from ferapp.fault_log import faults_logged\n"
        "def deepest():\n"
        "    faulthandler._sigsegv()\n"
        "with faults_logged():\n"
        "    deepest()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=120)
    assert done.returncode < 0
    assert "Segmentation fault" in fault_file().read_text()
    assert "in deepest" in fault_file().read_text()

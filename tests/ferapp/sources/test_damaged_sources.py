"""Damaged files of every kind are opened, or refused in words; `benchmarks/fuzz.py` opens more."""

from pathlib import Path

import pytest

from tests.support.damaged_files import SoundFile, open_damaged, write_sound_files

SEEDS = range(1000, 1042)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[SoundFile]:
    return write_sound_files(tmp_path_factory.mktemp("sound"))


def test_undamaged_they_all_open(sound: list[SoundFile], tmp_path: Path) -> None:
    for number, file in enumerate(sound):
        file.open(file.path, tmp_path / str(number))


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_they_open_or_the_reason_is_told(
    sound: list[SoundFile], tmp_path: Path, seed: int
) -> None:
    told = open_damaged(sound[seed % len(sound)], seed, tmp_path)
    assert told.strip()
    told.encode()
    assert "Traceback" not in told

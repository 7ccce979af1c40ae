"""Codings in every format: what is read, what comes back, and what is refused, in a sentence."""

import csv
from pathlib import Path

import pytest
from pympi import Eaf

from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coding_file import (
    FORMATS,
    coding_csv,
    import_coding,
    read_coding,
    store_coder,
    write_coding,
)
from trainer.errors import DataError, FerError, UsageError

CLIP = Path("clip.mp4")
CODING = (
    CodedInterval(0.0, 2.5, "happy", "Anna"),
    CodedInterval(1.0, 2.0, "AU12", "Anna"),
    CodedInterval(1.5, 3.0, "AU6", "Anna"),
    CodedInterval(2.5, 4.2, "neutral", "Anna"),
    CodedInterval(3.25, 3.25, "AU45", "Anna"),
    CodedInterval(0.4, 4.0, "sad", "Jörg; the 2nd"),
)


def written(tmp_path: Path, text: str, name: str = "coding.csv", encoding: str = "utf-8") -> Path:
    file = tmp_path / name
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.title)
def test_every_format_gives_back_what_was_written(form, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / f"made{form.suffix}"
    write_coding(file, CODING, CLIP, form)
    assert sorted(read_coding(file).intervals) == sorted(CODING)


def test_elan_reads_a_tier_for_each_coder_and_track_beside_the_clip(tmp_path: Path) -> None:
    file = tmp_path / "made.eaf"
    write_coding(file, CODING, tmp_path / "my clip.mp4", FORMATS[1])
    eaf = Eaf(str(file))
    annotators = {eaf.get_parameters_for_tier(t)["ANNOTATOR"] for t in eaf.get_tier_names()}
    assert annotators == {"Anna", "Jörg; the 2nd"}
    assert eaf.get_annotation_data_for_tier("Anna: AU12") == [(1000, 2000, "AU12")]
    assert eaf.get_linked_files()[0]["RELATIVE_MEDIA_URL"] == "./my clip.mp4"


def test_an_elan_file_of_others(tmp_path: Path) -> None:
    eaf = Eaf()
    for tier, start, text in (
        ("Emotion", 0, "Happiness"),
        ("Emotion", 1000, " surprised "),
        ("AU12", 500, "C"),  # an intensity
        ("speech", 0, "well, hello"),
    ):
        if tier not in eaf.get_tier_names():
            eaf.add_tier(tier, ann="Ben" if tier != "speech" else None)
        eaf.add_annotation(tier, start, start + 900, text)
    file = tmp_path / "others.eaf"
    eaf.to_file(str(file))
    coding = read_coding(file)
    assert [(i.code, i.start_s, i.end_s) for i in coding.intervals] == [
        ("happy", 0.0, 0.9),
        ("AU12", 0.5, 1.4),
        ("surprise", 1.0, 1.9),
    ]
    assert coding.coders == ("Ben",)
    assert coding.notes == ("Tier “speech” is left out: it has no known code.",)


def test_tabular_events_as_boris_8_writes_them(tmp_path: Path) -> None:
    head = (
        "Observation id,Observation date,Description,Observation duration,Observation type,Source,"
        "Time offset (s),Media duration (s),FPS,Subject,Behavior,Behavioral category,Modifier #1,"
        "Behavior type,Time,Media file name,Image index,Image file path,Comment"
    )
    start = "anna,2026-01-02 10:00:00,,30.0,Media file(s),player #1:clip.mp4,0.0,30.0,25.000,"
    rows = (
        "No focal subject,Smile,,,START,1.000,clip.mp4,25,NA,",
        "No focal subject,AU 12,,,POINT,1.500,clip.mp4,38,NA,",
        "No focal subject,Smile,,,STOP,2.000,clip.mp4,50,NA,",
    )
    text = "\r\n".join([head, *(start + row for row in rows)]).replace("Smile", "Joy")
    intervals = read_coding(written(tmp_path, text)).intervals
    assert intervals == (
        CodedInterval(1.0, 2.0, "happy", "anna"),
        CodedInterval(1.5, 1.5, "AU12", "anna"),
    )


def test_tabular_events_of_older_boris_below_its_notes(tmp_path: Path) -> None:
    text = (
        "Observation id,ben\n\nMedia file(s)\nPlayer #1,clip.mp4\n\n"
        "Time,Media file path,Total length,FPS,"
        "Subject,Behavior,Behavioral category,Comment,Status\n"
        "0.5,clip.mp4,30,25,,sad,,,START\n3.5,clip.mp4,30,25,,sad,,,STOP\n"
    )
    assert read_coding(written(tmp_path, text)).intervals == (
        CodedInterval(0.5, 3.5, "sad", "ben"),
    )


def test_aggregated_events_of_two_subjects_are_kept_apart(tmp_path: Path) -> None:
    text = (
        "Observation id,Subject,Behavior,Behavior type,Start (s),Stop (s),Duration (s)\n"
        "obs,mother,fearful,STATE,0.0,2.0,2.0\nobs,child,angry,STATE,1.0,4.0,3.0\n"
        "obs,child,AU4,POINT,1.5,1.5,NA\n"
    )
    intervals = read_coding(written(tmp_path, text)).intervals
    assert {(i.coder, i.code, i.is_point) for i in intervals} == {
        ("obs: mother", "fear", False),
        ("obs: child", "angry", False),
        ("obs: child", "AU4", True),
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_spreadsheets_table(encoding: str, tmp_path: Path) -> None:
    text = "Start_s;End_s;Code;Coder\n0,5;1,25;Überraschung\n".replace(
        "Überraschung", "surprised;Zoë"
    )
    file = written(tmp_path, text, encoding=encoding)
    assert read_coding(file).intervals == (CodedInterval(0.5, 1.25, "surprise", "Zoë"),)


HEAD = "start_s,end_s,code,coder\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}3,1,happy,a", "line 2: the end (1 s) is before the start (3 s)"),
        (f"{HEAD}0,2,happy,a\n1,3,sad,a", "two intervals of a overlap: happy from 0 to 2 s"),
        (f"{HEAD}0,2,AU12,a\n1,3,AU12,a", "two intervals of a overlap"),
        (f"{HEAD}0,2,hapy,a", "“hapy” is no known code\nDid you mean happy?"),
        (f"{HEAD}0,2,AU99,a", "“AU99” is no known code"),
        (f"{HEAD}soon,2,happy,a", "“soon” is no time in seconds"),
        (f"{HEAD}-1,2,happy,a", "“-1” is no time in seconds from 0"),
        (f"{HEAD}0,nan,happy,a", "“nan” is no time"),
        (
            "name,age\nAnna,3\n",
            "this is no coding and no table of faces. It begins with: name, age.",
        ),
        ("", "It is empty."),
        ("Time,Behavior,Behavior type\n1,happy,STOP\n", "“happy” stops, but it did not start"),
        ("Time,Behavior,Behavior type\n1,happy,START\n", "“happy” starts, but it never stops"),
        ("Time,Behavior,Behavior type\n1,happy,GO\n", "the type of event is “GO”"),
    ],
)
def test_a_wrong_table_is_refused_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_coding(written(tmp_path, text))
    assert said in str(error.value)
    assert "coding.csv" in str(error.value)


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    latin = written(tmp_path, f"{HEAD}0,1,happy,Jörg", "latin.csv", "latin-1")
    wrong = written(tmp_path, "<ANNOTATION_DOCUMENT>", "wrong.eaf")
    with pytest.raises(DataError, match="no text in UTF-8"):
        read_coding(latin)
    with pytest.raises(DataError, match="no ELAN file"):
        read_coding(wrong)
    for missing in (tmp_path / "gone.csv", tmp_path / "gone.eaf", tmp_path):
        with pytest.raises(UsageError):
            read_coding(missing)


def test_storing_a_coder_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "clip.coding.csv"
    store_coder(file, "Anna", CODING[:2])
    store_coder(file, "Ben", [CodedInterval(0, 1, "sad", "Ben")])
    store_coder(file, "Anna", CODING[:1])
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["start_s", "end_s", "code", "coder"],
        ["0.000", "2.500", "happy", "Anna"],
        ["0.000", "1.000", "sad", "Ben"],
    ]


def test_a_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    file = written(tmp_path, f"{HEAD}0,2,hapy,a")
    with pytest.raises(FerError):
        store_coder(file, "Anna", CODING)
    assert "hapy" in file.read_text()


def test_an_import_never_replaces_a_coder(tmp_path: Path) -> None:
    file, other = tmp_path / "clip.coding.csv", tmp_path / "other.csv"
    store_coder(file, "Anna", CODING[:1])
    other.write_text(coding_csv([CodedInterval(7, 8, "fear", "Anna")]), encoding="utf-8")
    assert import_coding(file, other) == "Imported Anna 2."
    assert {(i.coder, i.code) for i in read_coding(file).intervals} == {
        ("Anna", "happy"),
        ("Anna 2", "fear"),
    }

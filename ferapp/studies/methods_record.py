"""How a study or a table was measured: a paragraph for the paper, references, the exact record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferapp.studies.methods_references import References
from ferapp.studies.study_record import StudyProgress, StudyRecord, read_study
from ferapp.studies.study_tables import finished_sources, read_source_table
from ferapp.studies.summary_table import EPISODE_FRAMES, EPISODE_S
from ferapp.vision import quality
from ferapp.vision.face_table import DOUBTS
from trainer.card import ModelCard
from trainer.document import markdown_table
from trainer.errors import ModelFileError
from trainer.files import write_text
from trainer.labels import EXPRESSIONS
from trainer.model_index import file_sha256, find_model, read_card
from trainer.other_card import ELSEWHERE
from trainer.prior import BALANCED, TRAINED

METHODS_FILE = "methods.md"


@dataclass(frozen=True, slots=True)
class Counts:
    """`faces` are tracked faces, `face_frames` their frames, `doubtful` those with a doubt."""

    sources: int = 0
    failed: int = 0
    waiting: int = 0
    frames: int = 0
    faces: int = 0
    face_frames: int = 0
    doubtful: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is known of how tables were made; `counts` is None for a single one."""

    app: str
    model: str
    model_sha256: str
    prior: str | Mapping[str, float]
    every: int
    faces: int
    small_faces: str
    rotate: int
    transforms: Mapping[str, Any] = field(default_factory=dict)
    card: ModelCard | None = None  # None where the model file is not on this machine any more
    mediapipe: str = ""
    counts: Counts | None = None


def write_methods(out: Path) -> Path:
    """Write `methods.md` of the study in `out`; returns its path.

    Raises UsageError where a file of the study cannot be read, OSError where it cannot be written.
    """
    record = read_study(out)
    settings = record.settings
    counts = _counts(out, record)
    measured = Measurement(
        record.app,
        settings.model,
        settings.model_sha256,
        settings.prior,
        settings.every,
        settings.faces,
        settings.small_faces,
        settings.rotate,
        {
            "rate_hz": settings.rate_hz,
            "start_at": settings.start_at,
            "baseline": settings.baseline,
            "smooth_s": settings.smooth_s,
        },
        _card(settings.model, settings.model_sha256),
        record.machine.mediapipe,
        counts,
    )
    text = _document(measured, _study_rows(record, counts))
    write_text(out / METHODS_FILE, text)
    return out / METHODS_FILE


def methods_text(note: Mapping[str, Any]) -> str:
    """The same for a single table, from the note beside it."""
    measured = Measurement(
        note["app"],
        note["model"],
        note["model_sha256"],
        note["prior"],
        note["every"],
        note["faces"],
        note["small_faces"],
        note["rotate"],
        note.get("transforms", {}),
        _card(note["model"], note["model_sha256"]),
    )
    rows = [["Source", note["source"]], ["Begun", note["begun"]]]
    rows += [["Finished", note.get("finished") or "not finished"]]
    rows += [["Note", text] for text in note.get("notes", [])]
    return _document(measured, rows)


def _document(measured: Measurement, rows: list[list[str]]) -> str:
    references = References()
    paragraph = _paragraph(measured, references)
    record = [*rows, *_model_rows(measured), *_setting_rows(measured)]
    return (
        "\n\n".join(
            [
                "# Methods",
                paragraph,
                "## References",
                references.text(),
                "## Exact record",
                markdown_table(["What", "Value"], record),
            ]
        )
        + "\n"
    )


def _paragraph(measured: Measurement, cite: References) -> str:
    """Past tense, for the paper."""
    sentences = [
        *_material(measured),
        *_detection(measured, cite),
        *_classification(measured, cite),
        *_transformed(measured.transforms),
        *_doubts(measured),
    ]
    return " ".join(sentences)


def _material(measured: Measurement) -> list[str]:
    counts = measured.counts
    begin = f"Apparent facial expressions were measured with {measured.app}"
    frames = "every frame" if measured.every == 1 else f"one frame in {measured.every}"
    if counts is None:
        return [f"{begin}, in {frames} of the source."]
    rate = measured.transforms.get("rate_hz")
    amount = f"{_number(counts.frames, 'frame')} analysed, {frames}"
    if rate:  # the tables no longer have the frames themselves
        amount = f"{frames} analysed, {_number(counts.frames, 'moment')} at {rate:g} Hz kept"
    sentences = [f"{begin} in {_number(counts.sources, 'source')} ({amount})."]
    if counts.failed:
        were = "was" if counts.failed == 1 else "were"
        sentences.append(
            f"{_number(counts.failed, 'further source')} could not be analysed and {were} left out."
        )
    return sentences


def _detection(measured: Measurement, cite: References) -> list[str]:
    # loads OpenCV, which the window does without until it needs it
    from trainer.faces.landmarker import MIN_CONFIDENCE
    from trainer.faces.second_look import ACCEPTED, CANDIDATE

    version = f" (MediaPipe {measured.mediapipe})" if measured.mediapipe else ""
    most = "one face and its landmarks"
    if measured.faces > 1:
        most = f"up to {measured.faces} faces and their landmarks"
    sentences = [
        f"In each frame, {most} were located by the MediaPipe "
        f"FaceLandmarker{version} {cite('mediapipe', 'facemesh')} with a confidence threshold of "
        f"{MIN_CONFIDENCE:g}, and followed from frame to frame."
    ]
    if measured.small_faces == "auto":
        sentences.append(
            "Small and turned faces were searched for in tiles of the frame as well, with the face "
            f"detector {cite('blazeface')} at a threshold of {CANDIDATE:g}, and accepted where "
            f"their upright crop scored at least {ACCEPTED:g}."
        )
    return sentences


def _classification(measured: Measurement, cite: References) -> list[str]:
    card = measured.card
    classes = card.classes if card is not None else EXPRESSIONS
    names = f"{', '.join(classes[:-1])} and {classes[-1]}"
    cut_out = "aligned to a template by a similarity transform of its landmarks"
    if card is not None and card.preprocessing.template == "box":
        padding = card.preprocessing.padding
        cut_out = "cut out by the upright square around its landmarks"
        cut_out += f", with {100 * padding:.3g} % more on each side,"
    network = "convolutional network" if card is None or card.objective != ELSEWHERE else "network"
    sentences = [
        f'Each face was {cut_out} and classified as {names} by the {network} "{measured.model}" '
        f"(SHA-256 {measured.model_sha256[:12]})."
    ]
    if card is not None:
        sentences += _training(card, cite)
    sentences.append(_prior(measured.prior))
    if measured.prior != TRAINED:
        sentences[-1] += f" {cite('prior')}."
    sentences.append(
        "The label of a face is the class of the highest probability in that frame alone."
    )
    return sentences


def _training(card: ModelCard, cite: References) -> list[str]:
    sentences = []
    name = str(card.data.get("name", "data of its own"))
    samples = card.data.get("train_samples")
    size = f", on {samples:,} pictures" if isinstance(samples, int) else ""
    if "fer2013" in name.lower():
        data = f"FER2013 {cite('fer2013')}"  # first: numbers follow the text
        votes = (
            f" and on votes of annotators {cite('ferplus')}" if "FERPlus" in card.licence else ""
        )
        others = " and further photographs" if "photographs" in name else ""
        sentences.append(f"It was trained on {data}{others}{votes}{size}.")
    else:
        sentences.append(f"It was trained on {name}{size}.")
    if "PAL" in card.objective:
        sentences.append(f"Its objective included the privileged attribution loss {cite('pal')}.")
    accuracy, mean = (card.metrics.get(key) for key in ("accuracy", "mean_class_accuracy"))
    if isinstance(accuracy, float) and isinstance(mean, float):
        sentences.append(
            f"Its accuracy on the {card.metrics.get('split', 'held out')} split of its data was "
            f"{100 * accuracy:.1f} % (mean over the classes {100 * mean:.1f} %)."
        )
    if card.temperature != 1:
        sentences.append(
            f"Its probabilities are calibrated by a temperature of {card.temperature:.3f} "
            f"{cite('calibration')}."
        )
    return sentences


def _prior(prior: str | Mapping[str, float]) -> str:
    if prior == TRAINED:
        return "Probabilities assume the class shares of the training data."
    if prior == BALANCED:
        return "Probabilities were adjusted to equal shares of all classes"
    shares = prior if isinstance(prior, Mapping) else {}
    given = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    return f"Probabilities were adjusted to these shares of the classes: {given}"


def _transformed(transforms: Mapping[str, Any]) -> list[str]:
    sentences = []
    smooth, rate = transforms.get("smooth_s"), transforms.get("rate_hz")
    if smooth:
        sentences.append(f"Values were smoothed by a moving average over {smooth:g} s.")
    else:
        sentences.append("Values were not smoothed.")
    if rate:
        sentences.append(f"They were resampled to {rate:g} Hz.")
    if transforms.get("baseline"):
        sentences.append(
            "Differences from the mean over a neutral interval (seconds "
            f"{transforms['baseline']}) are given beside the values."
        )
    return sentences


def _doubts(measured: Measurement) -> list[str]:
    limits = (
        f"narrower than {quality.SMALL:g} px, turned away by more than {quality.TURNED:g}°, darker "
        f"than {quality.DARK:g} of 255, blurred (sharpness below {quality.BLURRED:g} of that "
        f"typical of FER2013), or with more than {100 * quality.CUT_OFF:g} % of its landmarks "
        f"outside the frame, or whose highest probability was below {quality.UNSURE:g}"
    )
    sentences = [f"A face was marked as in doubt where it was {limits}."]
    counts = measured.counts
    if counts is not None and counts.face_frames:
        share = 100 * counts.doubtful / counts.face_frames
        sentences.append(
            f"This holds for {share:.1f} % of the {counts.face_frames:,} measurements of "
            f"{_number(counts.faces, 'face')}."
        )
    if counts is not None:
        sentences.append(
            f"An episode of an expression is a run of at least {EPISODE_FRAMES} frames with its "
            f"label that lasts at least {EPISODE_S:g} s."
        )
    return sentences


def _study_rows(record: StudyRecord, counts: Counts) -> list[list[str]]:
    machine = record.machine
    described = f"{machine.system}, {machine.processor}, {machine.cores} cores"
    rows = {
        "Command": f"`{record.command}`",
        "Begun": record.begun,
        "Finished": record.finished or "not finished",
        "Commit": record.commit or "not known (installed as a package)",
        "Machine": described,
        "Versions": f"Python {machine.python}, torch {machine.torch}, MediaPipe "
        f"{machine.mediapipe}",
        "Device": f"{machine.device}; {_number(record.jobs, 'process', 'processes')} of "
        f"{_number(record.threads, 'thread')}",
        "Manifest": record.manifest or "none",
        "Sources": f"{counts.sources} analysed, {counts.failed} failed, {counts.waiting} not yet "
        "analysed",
        "Moments" if record.settings.rate_hz else "Frames": f"{counts.frames} in the "
        f"tables, {counts.dropped} frames not readable",
        "Faces": f"{counts.faces}, in {counts.face_frames} rows",
        "Doubts": f"{counts.doubtful} of {counts.face_frames} rows",
    }
    return [[name, value] for name, value in rows.items()]


def _model_rows(measured: Measurement) -> list[list[str]]:
    rows = [["App", measured.app], ["Model", measured.model]]
    rows.append(["Model file", f"SHA-256 {measured.model_sha256}"])
    card = measured.card
    if card is None:
        return [*rows, ["Model card", "not known: the model file is not here any more"]]
    facts = {
        "Architecture": card.architecture,
        "Input": card.preprocessing.text,
        "Trained on": ", ".join(f"{key} {value}" for key, value in card.data.items()),
        "Objective": card.objective,
        "Measured": ", ".join(f"{key} {_figure(value)}" for key, value in card.metrics.items()),
        "Temperature": f"{card.temperature:.4f}",
        "Class shares in training": _shares(card.prior),
        "Limits": card.limits,
        "Licence": card.licence,
    }
    return [*rows, *([name, value] for name, value in facts.items())]


def _setting_rows(measured: Measurement) -> list[list[str]]:
    from trainer.faces.landmarker import MIN_CONFIDENCE
    from trainer.faces.second_look import ACCEPTED, CANDIDATE

    prior = measured.prior if isinstance(measured.prior, str) else _shares(measured.prior)
    rows = {
        "Class shares assumed": prior,
        "Frames analysed": f"one in {measured.every}" if measured.every > 1 else "all",
        "Faces in a frame": f"at most {measured.faces}",
        "Landmarker's thresholds": f"detection, presence and tracking {MIN_CONFIDENCE:g}",
        "Small and turned faces": f"{measured.small_faces}; detector {CANDIDATE:g}, upright crop "
        f"{ACCEPTED:g}",
        "Rotation": f"{measured.rotate}° clockwise",
        "Smoothing": f"{measured.transforms.get('smooth_s') or 0:g} s"
        if measured.transforms.get("smooth_s")
        else "none",
        "Resampling": f"{measured.transforms['rate_hz']:g} Hz"
        if measured.transforms.get("rate_hz")
        else "none",
        "Baseline": measured.transforms.get("baseline") or "none",
        "Start of the clock": measured.transforms.get("start_at") or "none",
        **{f"Doubt: {kind}": reason for kind, reason in DOUBTS.items()},
    }
    return [[name, value] for name, value in rows.items()]


def _counts(out: Path, record: StudyRecord) -> Counts:
    progress = StudyProgress.read(out)
    sources = finished_sources(out, record, progress)
    failed = sum(progress.of(source.name).state == "failed" for source in record.sources)
    frames = faces = rows = doubtful = dropped = 0
    for source in sources:
        table = read_source_table(out, source)
        frames += len(table.times)
        faces += int(table.faces["face_id"].nunique())
        rows += len(table.faces)
        doubtful += int(table.faces["doubts"].notna().sum())
        dropped += table.skipped
    waiting = len(record.sources) - len(sources) - failed
    return Counts(len(sources), failed, waiting, frames, faces, rows, doubtful, dropped)


def _card(model: str, sha256: str) -> ModelCard | None:
    """The card of the model, where its file is still the one that was used."""
    try:
        file = find_model(model)
        return read_card(file) if file_sha256(file) == sha256 else None
    except (ModelFileError, OSError):
        return None


def _shares(prior: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in prior.items()) or "not known"


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _number(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many or f'{one}s'}"

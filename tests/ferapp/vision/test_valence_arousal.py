"""Valence and arousal of models that have learned them, from the network to the table."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ferapp.sources.base import Frame
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.single_source import analyze_source
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.face_table import table_rows
from ferapp.vision.pipeline import Analyzer
from tests.support.app.analyze_parts import HEADER, QUALITY, meanings_of, rows_of
from trainer.card import ModelCard
from trainer.data.crops import to_input
from trainer.faces.landmarker import FaceLandmarker
from trainer.models import create
from trainer.models.model_file import load_model, save_model


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a head for valence and arousal; its weights are random."""
    torch.manual_seed(0)
    model = create("dacl", valence_arousal=True, input_size=44, backbone="compact", compact=True)
    torch.nn.init.normal_(model.affect.weight)
    file = tmp_path_factory.mktemp("affect") / "learned.safetensors"
    card = ModelCard(
        name="learned",
        architecture="dacl",
        arguments={"backbone": "compact", "compact": True},
        attribution_layer=model.attribution_layer,
        valence_arousal=True,
    )
    save_model(file, model.state_dict(), card)
    return file


def test_they_come_with_every_method(learned: Path) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    classifier = Classifier(learned, "cpu")
    network, card = load_model(learned)
    with torch.inference_mode():
        x = to_input(torch.from_numpy(crops), card.preprocessing)
        expected = network.affect(network.embed(x)).numpy()
    assert np.ptp(expected) > 0.1
    plain = classifier.classify(crops, attribution=False)
    assert plain.valence_arousal == pytest.approx(expected, abs=1e-3)
    assert plain.attention.shape[1] > 0
    for method in classifier.methods:
        result = classifier.classify(crops, attribution=True, method=method)
        assert result.valence_arousal == pytest.approx(expected, abs=1e-3), method


def test_models_without_have_none() -> None:
    classifier = Classifier("default", "cpu")
    crops = np.zeros((2, classifier.crop_size, classifier.crop_size), np.uint8)
    result = classifier.classify(crops, attribution=True)
    assert result.valence_arousal.shape == (2, 0)
    assert result.attention.shape == (2, 0)


def test_they_are_smoothed_like_the_probabilities(learned: Path, demo_frame: np.ndarray) -> None:
    classifier, options = Classifier(learned, "cpu"), AnalysisOptions(smoothing_s=1.0)
    frames = [demo_frame, np.ascontiguousarray(np.clip(demo_frame * 0.4, 0, 255).astype(np.uint8))]
    with FaceLandmarker(video=True) as landmarker:
        analyzer = Analyzer(landmarker)
        first, second = (
            analyzer.analyze(Frame(image, n, n * 0.5, 0.0), classifier, options, paint=False)
            for n, image in enumerate(frames)
        )
    before, after = (analysis.faces[0].prediction for analysis in (first, second))
    share = 1 - np.exp(-0.5)
    for old, new, smoothed in (
        (before.probabilities, after.probabilities, after.smoothed),
        (before.affect.values, after.affect.values, after.affect.smoothed),
    ):
        assert smoothed == pytest.approx(old + share * (new - old), abs=1e-5)
    assert first.model.valence_arousal
    (row,) = table_rows(second)
    assert row[-8:-6] == [f"{value:.4f}" for value in after.affect.values]


def test_the_table_of_analyze_has_them_before_the_quality(learned: Path, tmp_path: Path) -> None:
    file = tmp_path / "demo.csv"
    analyze_source("demo", file, AnalysisSettings(model=str(learned), max_frames=3, every=20))
    assert file.read_text().splitlines()[0] == HEADER + ",valence,arousal" + QUALITY
    with_faces = [row for row in rows_of(file) if row["face_id"]]
    assert with_faces
    assert all(-1 < float(row["arousal"]) < 1 for row in with_faces)
    assert "pleasant" in meanings_of(file)["valence"]

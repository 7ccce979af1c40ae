"""Networks for clips in the app: what they remember of each face, and when they forget."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.clip_memory import STEP_S, ClipMemory
from ferapp.vision.hidden_areas import NOTHING_HIDDEN
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.tracking import MEMORY_S
from trainer.card import FrameModel
from trainer.data.crops import to_input
from trainer.faces.landmarker import FaceLandmarker
from trainer.model_index import file_sha256, find_model, read_card
from trainer.models import create
from trainer.models.model_file import load_model, save_model


@pytest.fixture(scope="module", params=["clip_gru", "clip_mean"])
def clips(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network for clips with random weights."""
    file = find_model("default")
    card = read_card(file)
    frame = {"architecture": card.architecture, "classes": 7, "arguments": card.arguments}
    torch.manual_seed(0)
    side = card.preprocessing.input_size
    model = create(request.param, input_size=side, frame=frame)
    for parameter in model.classifier.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    own = card.model_copy(
        update={
            "architecture": request.param,
            "arguments": {"frame": frame},
            "attribution_layer": model.attribution_layer,
            "frame_model": FrameModel(name="default", sha256=file_sha256(file)),
        }
    )
    out = tmp_path_factory.mktemp("clips") / "clips.safetensors"
    save_model(out, model.state_dict(), own)
    return out


def test_faces_read_one_by_one_are_read_as_a_clip(clips: Path) -> None:
    classifier = Classifier(clips, "cpu")
    network, card = load_model(clips)
    size = classifier.crop_size
    pictures = np.random.default_rng(0).integers(0, 256, (5, 2, size, size), np.uint8)
    memory = np.zeros((2, classifier.memory_size), np.float32)
    for step, crops in enumerate(pictures):
        attribution = step % 2 == 0
        result = classifier.classify(crops, attribution=attribution, memory=memory)
        memory = result.memory
    with torch.inference_mode():
        whole = torch.stack(
            [
                network.frame.embed(to_input(torch.from_numpy(crops), card.preprocessing))
                for crops in pictures
            ],
            dim=1,
        )
        expected = torch.softmax(network(whole) / card.temperature, dim=1).numpy()
    assert result.probabilities == pytest.approx(expected, abs=2e-3)


def test_a_face_is_remembered_until_its_segment_ends(clips: Path, demo_frame: np.ndarray) -> None:
    classifier, options = Classifier(clips, "cpu"), AnalysisOptions(smoothing_s=0)
    shade = np.linspace(0.1, 1, demo_frame.shape[0])[:, None, None]  # dark brows, bright mouth
    dark = np.ascontiguousarray((demo_frame * shade).astype(np.uint8))
    scenes = [(demo_frame, 0, 1), (dark, 0.5, 1), (dark, 1.0, 2)]
    with FaceLandmarker(video=False) as landmarker:
        analyzer = Analyzer(landmarker)
        seen = [
            analyzer.analyze(Frame(image, n, time, 0.0, segment), classifier, options, paint=False)
            .faces[0]
            .prediction.probabilities
            for n, (image, time, segment) in enumerate(scenes)
        ]
        fresh = Analyzer(landmarker).analyze(
            Frame(dark, 0, 0.0, 0.0, 1), classifier, options, paint=False
        )
    assert seen[2] == pytest.approx(fresh.faces[0].prediction.probabilities, abs=1e-4)
    assert np.abs(seen[1] - seen[2]).max() > 1e-3  # the first picture still counts


def test_the_memory_moves_on_by_time_and_not_by_frames() -> None:
    memory, keys = ClipMemory(), [(0, NOTHING_HIDDEN), (1, NOTHING_HIDDEN)]
    memory.use_model(Path("a"))
    assert memory.before(keys, 3).tolist() == [[0, 0, 0]] * 2
    memory.remember(keys, np.full((2, 3), 1, np.float32), 0.0)
    memory.remember(keys, np.full((2, 3), 2, np.float32), STEP_S / 2)
    assert memory.before(keys, 3)[0].tolist() == [1, 1, 1]
    memory.remember(keys[:1], np.full((1, 3), 3, np.float32), STEP_S)
    assert memory.before(keys, 3).tolist() == [[3, 3, 3], [1, 1, 1]]
    memory.remember(keys[:1], np.full((1, 3), 4, np.float32), MEMORY_S + STEP_S)
    assert memory.before(keys, 3)[1].tolist() == [0, 0, 0]  # out of sight for too long
    memory.use_model(Path("b"))
    assert memory.before(keys, 3).tolist() == [[0, 0, 0]] * 2

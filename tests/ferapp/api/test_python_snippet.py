"""The lines of Python that the window offers: what they say, and that they run."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import ferapp
from ferapp.api.python_snippet import LIVE_FRAMES, python_snippet
from trainer.files import asset


def run(script: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(script, "snippet", "exec"), names)
    return names


def test_a_picture_is_explained_as_the_window_does(
    tmp_path: Path, demo_frame: np.ndarray, qapp: object
) -> None:
    file = tmp_path / 'it\'s a "face".png'
    Image.fromarray(demo_frame[..., ::-1].copy()).save(file)
    script = python_snippet(
        str(file), "compact", prior="balanced", method="layercam", target="sad", device="cpu"
    )
    names = run(script)
    assert "analyze" not in script
    assert names["image"] == str(file)
    (face,) = names["faces"]
    with ferapp.load("compact", device="cpu", prior="balanced") as fer:
        assert fer(file)[0].probabilities == face.probabilities
        expected = fer.draw(file, [face], method="layercam", target="sad")
    np.testing.assert_array_equal(np.asarray(names["picture"]), np.asarray(expected))


def test_a_video_gives_its_moment_and_a_table(
    qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    def analyze(source: str, **options: Any) -> pd.DataFrame:
        calls.append((source, options))
        return pd.DataFrame({"p_sad": [0.5]})

    monkeypatch.setattr(ferapp, "analyze", analyze, raising=False)  # a whole clip takes too long
    names = run(python_snippet("demo", method=None, prior={"happy": 2.0} | OTHERS, time_s=16))
    assert [face.label for face in names["faces"]] == ["happy"]
    assert calls == [("demo", {"prior": {"happy": 2.0} | OTHERS})]


OTHERS = dict.fromkeys(("angry", "disgust", "fear", "sad", "surprise", "neutral"), 0.5)


@pytest.mark.parametrize("source", ["camera:0", "camera", "rtsp://host/x"])
def test_what_does_not_end_is_limited(source: str) -> None:
    script = python_snippet(source, "runs/x/best.safetensors")
    ast.parse(script)
    assert "seek" not in script
    assert (
        f'analyze("{source}", model="runs/x/best.safetensors", max_frames={LIVE_FRAMES})' in script
    )


def test_what_is_the_default_is_not_said() -> None:
    script = python_snippet(str(asset("demo/demo.mp4")))
    assert 'ferapp.load("default")' in script
    assert "fer.draw(image, faces)" in script
    assert "seek(0)" in script

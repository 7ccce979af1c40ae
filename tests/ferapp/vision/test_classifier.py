"""Every live method through the real classifier, regions of the face, and DACL's weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ferapp.vision.classifier import Classifier
from ferapp.vision.face_regions import REGIONS, region_map, region_shares
from ferapp.vision.overlay_methods import (
    ACTION_UNITS,
    OVERLAY_METHODS,
    is_one_sided,
    method_groups,
)
from trainer.attribution import attribute
from trainer.attribution.core import LAYER_METHODS, RECTIFIED
from trainer.attribution.on_demand import occlusion_maps
from trainer.card import ModelCard
from trainer.data.crops import to_input
from trainer.faces import au_heatmap
from trainer.faces.align import ANCHORS, TEMPLATE
from trainer.labels import EXPRESSIONS
from trainer.models import create
from trainer.models.model_file import load_model, save_model

SHARES = dict(zip(EXPRESSIONS, (0.1, 0.02, 0.08, 0.4, 0.1, 0.1, 0.2), strict=True))


def saved(tmp_path: Path, name: str, **options: object) -> Path:
    torch.manual_seed(0)
    model = create(name, input_size=44, **options)
    file = tmp_path / f"{name}.safetensors"
    save_model(
        file,
        model.state_dict(),
        ModelCard(
            name=name,
            architecture=name,
            arguments=options,
            attribution_layer=model.attribution_layer,
            prior=SHARES,
            temperature=1.5,
        ),
    )
    return file


@pytest.fixture
def crops() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)


def points() -> NDArray[np.float32]:
    """(2, 68, 2) landmarks of a face that fills the crop; only the anchors are exact."""
    t = np.linspace(np.pi, 0, 17)
    face = np.zeros((68, 2), np.float32)
    face[:17] = np.column_stack([23.5 + 19 * np.cos(t), 20 + 24 * np.sin(t)])
    face[17:22] = np.column_stack([np.linspace(8, 20, 5), np.full(5, 13)])
    face[22:27] = np.column_stack([np.linspace(27, 39, 5), np.full(5, 13)])
    for first, x in ((36, 14.8), (42, 32.2)):
        angle = np.linspace(np.pi, -np.pi, 6, endpoint=False)
        face[first : first + 6] = np.column_stack([x + 3.7 * np.cos(angle), 18 - np.sin(angle)])
    mouth = np.linspace(np.pi, -np.pi, 12, endpoint=False)
    face[48:60] = np.column_stack([23.5 + 7.3 * np.cos(mouth), 36.6 - 2.5 * np.sin(mouth)])
    face[60:68] = (23.5, 36.6)
    face[32], face[34] = (22, 30.5), (25, 30.5)
    face[ANCHORS] = TEMPLATE
    return np.stack([face, face])


ATTENTION = {name for name, method in OVERLAY_METHODS.items() if method.group == "attention"}
HEADS = {name for name in ATTENTION if name.startswith("attention_head")}


@pytest.mark.parametrize(("name", "options", "missing"), [
    ("compact", {}, {"class_map", "grad", *ATTENTION}),
    ("wildcat", {}, {"cam", *ATTENTION}),
    ("dan", {"size": "small"}, {"class_map", "cam", *(ATTENTION - HEADS)}),
    ("dan", {"size": "small", "heads": 3},
     {"class_map", "cam", *(ATTENTION - HEADS), "attention_head_4"}),
    ("poster_lite", {"widths": [8, 16]},
     {"class_map", "cam", *(ATTENTION - {"landmark_attention"})}),
])  # fmt: skip
def test_a_model_offers_the_methods_that_it_supports(
    name: str,
    options: dict[str, object],
    missing: set[str],
    tmp_path: Path,
    crops: NDArray[np.uint8],
) -> None:
    file = saved(tmp_path, name, **options)
    classifier = Classifier(file, "cpu")
    assert set(OVERLAY_METHODS) - set(classifier.methods) == {"rise", *missing}  # too slow live
    network, card = load_model(file)
    x = to_input(torch.from_numpy(crops), card.preprocessing)
    for method in classifier.methods:
        result = classifier.classify(
            crops, attribution=True, method=method, target=4, points=points()
        )
        assert result.method == method
        column = result.mapped[0].tolist().index(4)
        ours = result.maps[:, column]
        if method == ACTION_UNITS:
            expected = au_heatmap(torch.from_numpy(points()) - 2 + 15, 74, EXPRESSIONS[4])
        elif method.startswith("pixels_"):
            expected = attribute(network.eval(), x, method.removeprefix("pixels_"), 4, "input")
        elif method == "occlusion":
            classes = torch.full((len(x),), 4)
            expected = occlusion_maps(network.eval(), x, classes, overlapping=False)
        else:
            expected = attribute(network.eval(), x, method, 4)
        tolerance = 1e-3 * float(expected.abs().max()) + 1e-6
        if method == "gradcam_pp":  # quotients of small numbers: the folded network rounds them
            tolerance *= 20
        np.testing.assert_allclose(ours, expected.numpy(), atol=tolerance)


@pytest.mark.parametrize("method", ["grad_x_input", "gradcam", "pixels_grad", ACTION_UNITS, None])
def test_probabilities_and_the_predicted_class_follow_the_prior(
    method: str | None, tmp_path: Path, crops: NDArray[np.uint8]
) -> None:
    """softmax((logits − log p_train + log p_target) / T), whatever map comes with it."""
    file = saved(tmp_path, "compact")
    network, card = load_model(file)
    with torch.no_grad():
        logits = network(to_input(torch.from_numpy(crops), card.preprocessing)).numpy()
    targets = {
        "trained": SHARES,
        "balanced": dict.fromkeys(EXPRESSIONS, 1 / 7),
        "given": dict.fromkeys(EXPRESSIONS, 0.001) | {"disgust": 0.994},
    }
    for name, target in targets.items():
        classifier = Classifier(file, "cpu", target if name == "given" else name)
        result = classifier.classify(
            crops,
            attribution=method is not None,
            method=method or "grad_x_input",
            points=points(),
        )
        ratio = [target[label] / SHARES[label] for label in EXPRESSIONS]
        powers = np.exp((logits + np.log(ratio)) / 1.5)
        expected = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(result.probabilities, expected, atol=1e-5)
        if result.mapped.shape[1] == 1:
            assert result.mapped[:, 0].tolist() == expected.argmax(axis=1).tolist()
    assert result.probabilities.argmax(axis=1).tolist() == [1, 1]  # the last audience is disgusted


def test_the_prior_changes_from_one_call_to_the_next(
    tmp_path: Path, crops: NDArray[np.uint8]
) -> None:
    file = saved(tmp_path, "compact")
    classifier, balanced = Classifier(file, "cpu"), Classifier(file, "cpu", "balanced")
    trained = classifier.classify(crops, attribution=False).probabilities
    result = classifier.classify(crops, attribution=True, prior="balanced")
    expected = balanced.classify(crops, attribution=True)
    np.testing.assert_array_equal(result.probabilities, expected.probabilities)
    np.testing.assert_array_equal(result.maps, expected.maps)
    assert np.abs(result.probabilities - trained).max() > 0.05
    again = classifier.classify(crops, attribution=False, prior="trained").probabilities
    np.testing.assert_array_equal(again, trained)
    assert str(classifier.prior_for("balanced")) == "balanced"


def test_an_old_model_without_class_shares_stays_as_trained(
    tmp_path: Path, crops: NDArray[np.uint8]
) -> None:
    file = saved(tmp_path, "compact")
    network, card = load_model(file)
    save_model(file, network.state_dict(), card.model_copy(update={"prior": {}}))
    classifier = Classifier(file, "cpu")
    plain, asked = (
        classifier.classify(crops, attribution=False, prior=prior).probabilities
        for prior in ("trained", "balanced")
    )
    np.testing.assert_array_equal(plain, asked)
    assert str(classifier.prior_for("balanced")) == "trained"


def peak_one(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    return maps / np.abs(maps).max(axis=(-2, -1), keepdims=True)


def test_methods_in_a_group_of_the_menu_give_the_same_map(demo_frame: NDArray[np.uint8]) -> None:
    """Of the bundled default, which ends in average pooling and one linear layer."""
    classifier = Classifier("default", "cpu")
    side = classifier.crop_size
    rows = [demo_frame[y : y + 220, x : x + 220].mean(axis=2) for x, y in ((180, 60), (260, 100))]
    step = np.linspace(0, 219, side).astype(int)
    crops = np.stack([row[np.ix_(step, step)] for row in rows]).astype(np.uint8)
    assert classifier._network.linear_head is not None
    maps = {
        name: np.concatenate(
            [
                classifier.classify(crops, attribution=True, method=name, target=k).maps[
                    :, k if name == "grad_x_input" else 0
                ]
                for k in range(7)
            ]
        )
        for name in ("grad_x_input", "cam", "gradcam", "gradcam_pp", "layercam")
    }
    headings = {g.heading: g.methods for g in method_groups(classifier.methods)}
    assert headings["— Same map as Grad × Input"] == ("cam", "gradcam")
    assert headings["— Nearly the same as LayerCAM"] == ("gradcam_pp",)
    same = peak_one(maps["grad_x_input"])
    np.testing.assert_allclose(peak_one(maps["cam"]), same, atol=1e-4)
    positive = (maps["grad_x_input"] > 0).all(axis=(1, 2))  # for these, Grad-CAM rectifies nothing
    assert positive.any()
    np.testing.assert_allclose(peak_one(maps["gradcam"])[positive], same[positive], atol=1e-4)
    mostly_for = maps["grad_x_input"].max(axis=(1, 2)) > -3 * maps["grad_x_input"].min(axis=(1, 2))
    assert mostly_for.sum() > positive.sum()
    for ours, signed in zip(maps["gradcam"][mostly_for], same[mostly_for], strict=True):
        assert np.corrcoef(ours.ravel(), np.maximum(signed, 0).ravel())[0, 1] > 0.98
    layercam, plus = peak_one(maps["layercam"]), peak_one(maps["gradcam_pp"])
    np.testing.assert_allclose(plus, layercam, atol=0.01)
    assert np.abs(layercam - same).max() > 0.05  # which is why these two stand apart
    for name in (*OVERLAY_METHODS,):
        if name in maps and is_one_sided(name):
            assert maps[name].min() >= 0


def test_rectified_methods_are_those_of_the_trainer() -> None:
    assert {name for name in LAYER_METHODS if name in OVERLAY_METHODS and is_one_sided(name)} == {
        *RECTIFIED
    }


def test_action_units_are_not_cut_at_the_chin(tmp_path: Path, crops: NDArray[np.uint8]) -> None:
    classifier = Classifier(saved(tmp_path, "compact"), "cpu")
    low = points()
    low[:, 8, 1] = 50  # an open mouth: the chin is below the crop of 48 px
    maps = classifier.classify(crops, attribution=True, method=ACTION_UNITS, points=low).maps
    beyond = (maps.shape[-1] - 44) // 2
    sad = maps[0, EXPRESSIONS.index("sad")]
    assert beyond == 15
    assert sad[beyond + 44 :].max() > 0.5  # the chin raiser reaches below the crop
    for edge in (sad[0], sad[-1], sad[:, 0], sad[:, -1]):
        assert not edge.any()


def test_the_map_of_the_predicted_class_explains_the_networks_own_score(
    tmp_path: Path, crops: NDArray[np.uint8]
) -> None:
    file, audience = saved(tmp_path, "compact"), dict.fromkeys(EXPRESSIONS, 0.001)
    classifier = Classifier(file, "cpu", audience | {"disgust": 0.994})
    plain = Classifier(file, "cpu").classify(crops, attribution=True, method="gradcam", target=1)
    shifted = classifier.classify(crops, attribution=True, method="gradcam")
    np.testing.assert_allclose(shifted.maps, plain.maps, atol=1e-6)


def test_unavailable_methods_fall_back_to_the_default(
    tmp_path: Path, crops: NDArray[np.uint8]
) -> None:
    classifier = Classifier(saved(tmp_path, "compact"), "cpu")
    assert classifier.classify(crops, attribution=True, method="class_map").method == "grad_x_input"
    assert classifier.classify(crops, attribution=True, method="nonsense").method == "grad_x_input"


def test_neutral_has_no_action_units(tmp_path: Path, crops: NDArray[np.uint8]) -> None:
    classifier = Classifier(saved(tmp_path, "compact"), "cpu")
    result = classifier.classify(crops, attribution=True, method=ACTION_UNITS, points=points())
    around = round(0.35 * 44)  # px on each side: the units of the chin lie outside the crop
    assert result.maps.shape == (2, 7, 44 + 2 * around, 44 + 2 * around)
    shown = result.maps.max(axis=(2, 3))
    assert (shown[:, EXPRESSIONS.index("neutral")] == 0).all()
    assert (np.delete(shown, EXPRESSIONS.index("neutral"), axis=1) == 1).all()


@pytest.mark.parametrize("method", ["grad_x_input", "gradcam", None])
def test_feature_attention_is_returned_with_the_classification(
    method: str | None, tmp_path: Path, crops: NDArray[np.uint8]
) -> None:
    file = saved(tmp_path, "dacl", backbone="compact", compact=True)
    result = Classifier(file, "cpu").classify(
        crops, attribution=method is not None, method=method or "grad_x_input"
    )
    network, card = load_model(file)
    network.eval()
    with torch.no_grad():
        x = to_input(torch.from_numpy(crops), card.preprocessing)
        expected = network.attend(network.trunk(x))  # type: ignore[operator]
    assert expected is not None
    np.testing.assert_allclose(result.attention, expected.numpy(), atol=1e-3)
    plain = Classifier(saved(tmp_path, "compact"), "cpu").classify(crops, attribution=True)
    assert plain.attention.shape == (2, 0)


def test_one_face_is_explained_by_the_map_that_is_shown_live(
    tmp_path: Path, crops: NDArray[np.uint8]
) -> None:
    classifier = Classifier(saved(tmp_path, "compact"), "cpu")
    for method in classifier.methods:
        live = classifier.classify(
            crops, attribution=True, method=method, target=4, points=points()
        )
        shown = live.maps[1, live.mapped[1].tolist().index(4)]
        alone = classifier.explain(crops[1], method, 4, points()[1])
        if method == "occlusion":  # live, its patches lie side by side: it takes a quarter
            continue
        assert alone.dtype == np.float32
        np.testing.assert_allclose(alone, shown, atol=1e-4, err_msg=method)


def test_each_region_contains_its_part_of_the_face() -> None:
    regions = region_map(points()[0], 48)
    at = {"eyes": (15, 18), "brows": (14, 13), "nose": (23, 27), "mouth": (23, 37)}
    for name, (x, y) in at.items():
        assert REGIONS[regions[y, x]] == name
    assert REGIONS[regions[28, 12]] == "elsewhere"  # the cheek
    assert REGIONS[regions[4, 23]] == "elsewhere"  # the forehead
    assert REGIONS[regions[46, 2]] == "outside"
    assert set(np.unique(regions)) == set(range(len(REGIONS)))


def test_region_shares_count_only_positive_attribution() -> None:
    regions = np.zeros((4, 4), np.uint8)
    regions[2:], regions[3, 3] = REGIONS.index("mouth"), REGIONS.index("outside")
    map_ = np.zeros((4, 4), np.float32)
    map_[0, 0], map_[2, 1], map_[3, 3], map_[1, 1] = 1.0, 2.0, 1.0, -9.0
    shares = dict(zip(REGIONS, region_shares(map_, regions).tolist(), strict=True))
    assert shares == {
        "brows": 0.25, "eyes": 0, "nose": 0, "mouth": 0.5, "elsewhere": 0, "outside": 0.25,
    }  # fmt: skip
    assert not region_shares(-np.abs(map_), regions).any()

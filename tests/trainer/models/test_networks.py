"""Every registered network, and the published properties of some."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.support.trainer.small_networks import SIDE, SMALL, build
from trainer.card import ModelCard, Preprocessing
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import ModelFileError, UsageError
from trainer.losses.objective import Objective
from trainer.models import create, names
from trainer.models.import_weights import import_weights, read_weights
from trainer.models.model_file import load_model, save_model
from trainer.models.networks.dacl import FeatureAttention
from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.networks.transfer import MultiAttentionDropping, MultiHeadSelfAttention
from trainer.models.shapes_only import shapes_only


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_every_published_network_is_registered() -> None:
    assert set(names()) >= {  # and those of other tests
        "acol",
        "alexnet",
        "apvit",
        "cnn_transformer",
        "compact",
        "dacl",
        "dan",
        "face_resnet",
        "poster_lite",
        "prm",
        "resnet18",
        "resnet50",
        "self_attention_resnet18",
        "transfer",
        "transfer_comparison",
        "ts_cam",
        "vgg",
        "vgg16",
        "wildcat",
    }


@pytest.mark.parametrize("name", names())
def test_every_network_classifies_and_survives_its_file(name: str, tmp_path: Path) -> None:
    model = build(name, **({"attention": False} if name == "dacl" else {})).eval()
    x = torch.randn(2, 1, SIDE, SIDE)
    with torch.no_grad():
        embedding = model.embed(x)
        logits = model(x)
    assert embedding.shape == (2, model.embedding_size)
    assert logits.shape == (2, 7)
    assert torch.isfinite(logits).all()
    assert model.attribution_layer in dict(model.named_modules())

    options = {**SMALL.get(name, {}), **({"attention": False} if name == "dacl" else {})}
    card = ModelCard(
        name=name, architecture=name, arguments=options, attribution_layer=model.attribution_layer
    )
    sizes = Preprocessing(crop_size=SIDE, input_size=SIDE)
    file = tmp_path / "net.safetensors"
    save_model(file, model.state_dict(), card.model_copy(update={"preprocessing": sizes}))
    again, _ = load_model(file)
    with torch.no_grad():
        torch.testing.assert_close(again(x), logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", names())
def test_the_gradient_reaches_every_parameter(name: str) -> None:
    model = build(name)
    model.train()
    targets = torch.eye(7)[torch.tensor([0, 1, 2, 3])]
    objective = Objective(ObjectiveConfig(**model.default_objective), model, targets)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    trained = {key: value for key, value in model.named_parameters() if value.requires_grad}
    reached = dict.fromkeys(trained, False)
    shape = (4, 3, model.frame.embedding_size) if model.reads_clips else (4, 1, SIDE, SIDE)
    draw = torch.Generator().manual_seed(0)
    for _ in range(20):
        x = torch.randn(shape, generator=draw)
        outcome = objective(model, Batch(x, torch.full((4, 68, 2), torch.nan), targets))
        assert torch.isfinite(outcome.loss)
        optimizer.zero_grad()
        outcome.loss.backward()
        for key, value in trained.items():
            reached[key] = reached[key] or (value.grad is not None and bool(value.grad.any()))
        if all(reached.values()):
            return
        optimizer.step()
        objective.after_step()
    pytest.fail(f"no gradient for {[key for key, done in reached.items() if not done]}")


def test_parameter_counts_of_the_papers() -> None:
    with shapes_only():
        assert parameters(FeatureAttention(512, 7)) == 91_862_208
        dacl = create("dacl", in_channels=3, attention=False)
        assert parameters(dacl) == 11_180_103
        assert parameters(create("transfer")) == pytest.approx(5e6, rel=0.1)
        assert parameters(create("transfer_comparison")) == pytest.approx(231.6e6, rel=0.005)


def test_the_vgg_of_the_table_and_that_of_the_text() -> None:
    with shapes_only():
        for options, width in (({}, 1024), ({"hidden": 4096}, 4096)):
            model = create("vgg", **options)
            widths = [m.out_features for m in model.modules() if isinstance(m, nn.Linear)]
            assert widths == [width, width, 7]
            convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
            assert [m.out_channels for m in convolutions] == [64] * 2 + [128] * 2 + [256] * 2 + [
                512
            ] * 2


def test_report_003_flattens_the_attended_map() -> None:
    with shapes_only():
        model = create("self_attention_resnet18")
        assert model.classifier.in_features == 512 * 7 * 7
    model = build("self_attention_resnet18").eval()
    x = torch.randn(2, 1, SIDE, SIDE)
    with torch.no_grad():
        attended = model.attention(model.trunk(x))
        torch.testing.assert_close(model.embed(x), attended.flatten(1))
    assert model.linear_head is None  # the embedding is not the mean over space


class TestReport003TransFer:
    def test_two_local_cnns_give_twice_the_tokens(self) -> None:
        with shapes_only():
            model = create("transfer_comparison")
            convolutions = [m for m in model.local.modules() if isinstance(m, nn.Conv2d)]
            assert [(m.in_channels, m.out_channels, m.kernel_size) for m in convolutions] == [
                (512, 2048, (3, 3))
            ] * 2
            blocks = list(model.encoder.blocks)
            assert len(blocks) == 8
            assert {block.mlp[0].out_features for block in blocks} == {2048}
            maps = model._joined_maps(torch.zeros(2, 1, 224, 224))
            assert maps.shape == (2, 2048, 14, 7)
            assert model.encoder.tokens(maps).shape == (2, 1 + 2 * 49, 2048)

    def test_each_half_of_the_tokens_is_one_cnns_map(self) -> None:
        model = build("transfer_comparison").eval()
        x = torch.randn(2, 1, SIDE, SIDE)
        with torch.no_grad():
            joined, features = model._joined_maps(x), model.stem(x)
            for half, local in zip(joined.chunk(2, dim=2), model.local, strict=True):
                torch.testing.assert_close(half, local(features))
            rollout = model.attention_maps(x)["rollout"]
        assert rollout.shape == (2, 2, 2)
        assert torch.isfinite(rollout).all()

    def test_training_drops_elements_or_a_whole_map(self) -> None:
        torch.manual_seed(0)
        maps = torch.rand(200, 2, 8, 3, 3) + 0.1
        elements = build("transfer_comparison").drop_maps.train()(maps)
        assert float((elements == 0).float().mean()) == pytest.approx(0.6, abs=0.02)
        assert not (elements == 0).flatten(2).all(dim=2).any()
        whole = build("transfer_comparison", dropping="map").drop_maps.train()(maps)
        zero = (whole == 0).flatten(2)
        assert torch.equal(zero.all(dim=2), zero.any(dim=2))
        assert float(zero.any(dim=2).any(dim=1).float().mean()) == pytest.approx(0.6, abs=0.1)

    def test_an_unknown_way_of_dropping_is_refused(self) -> None:
        with pytest.raises(UsageError, match="'some' is not element or map"):
            build("transfer_comparison", dropping="some")


def test_large_maps_are_28_px_at_224() -> None:
    for large, side in ((False, 7), (True, 28)):
        with shapes_only():
            trunk = ResNetTrunk(50, 3, large_maps=large)
            assert trunk(torch.zeros(2, 3, 224, 224)).shape == (2, 2048, side, side)


def test_no_network_works_in_place() -> None:
    for name in names():
        for module in build(name).modules():
            assert not getattr(module, "inplace", False), (name, module)


def test_the_attention_of_dacl_starts_without_biases() -> None:
    for options in ({}, {"compact": True}, {"backbone": "compact"}):
        attention = build("dacl", **options).attention
        linear = [m for m in attention.modules() if isinstance(m, nn.Linear)]
        assert len(linear) == 4
        for layer in linear:
            assert not layer.bias.any()
            expected = (2 / layer.in_features) ** 0.5  # Kaiming-normal
            assert float(layer.weight.detach().std()) == pytest.approx(expected, rel=0.15)


def test_attention_of_dacl_lies_between_zero_and_one() -> None:
    for options in ({}, {"compact": True}, {"backbone": "compact"}):
        model = build("dacl", **options).eval()
        with torch.no_grad():
            features = model.trunk(torch.randn(3, 1, SIDE, SIDE))
            weights = model.attend(features)
        assert weights is not None
        assert weights.shape == (3, model.embedding_size)
        assert (weights > 0).all()
        assert (weights < 1).all()


class TestDropping:
    def test_one_whole_map_of_some_samples(self) -> None:
        torch.manual_seed(0)
        drop = MultiAttentionDropping(0.6)
        maps = torch.rand(4000, 4, 3, 3) + 0.1
        out = drop(maps)
        zero = (out == 0).flatten(2).all(dim=2)  # (B, 4)
        assert torch.equal(out[~zero], maps[~zero])  # not rescaled
        assert int(zero.sum(dim=1).max()) == 1
        assert float(zero.any(dim=1).float().mean()) == pytest.approx(0.6, abs=0.03)
        shares = zero.float().sum(dim=0) / zero.sum()
        assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.03)
        drop.eval()
        assert torch.equal(drop(maps), maps)

    def test_a_head_is_dropped_before_the_projection(self) -> None:
        torch.manual_seed(0)
        attention = MultiHeadSelfAttention(8, 2, p=1.0)
        nn.init.eye_(attention.out.weight)
        nn.init.zeros_(attention.out.bias)
        inputs: list[Tensor] = []
        attention.out.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        attention(torch.randn(50, 5, 8))
        heads = (inputs[0] == 0).reshape(50, 5, 2, 4).all(dim=3).all(dim=1)
        assert (heads.sum(dim=1) == 1).all()  # one head of each sample, at all its tokens
        assert heads.any(dim=0).all()  # not always the same one


class TestForeignWeights:
    def test_torchvisions_names_and_grey_input(self, tmp_path: Path) -> None:
        from torchvision.models import resnet18

        theirs = resnet18(weights=None)
        torch.save({"state_dict": theirs.state_dict()}, tmp_path / "r18.pth")
        model = create("resnet18", input_size=SIDE)
        report = import_weights(model, read_weights(tmp_path / "r18.pth"))
        assert set(report.missing) == {"classifier.weight", "classifier.bias"}
        assert {text.split(":")[0] for text in report.skipped} == {"fc.weight", "fc.bias"}
        grey = torch.rand(1, 1, SIDE, SIDE)
        model.eval()
        theirs.eval()
        with torch.no_grad():
            torch.testing.assert_close(
                model.trunk.conv1(grey), theirs.conv1(grey.repeat(1, 3, 1, 1)), atol=1e-5, rtol=1e-4
            )

    def test_pickled_code_is_refused(self, tmp_path: Path) -> None:
        import os
        import pickle

        class Evil:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.system, ("true",)

        (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil(), protocol=2))
        with pytest.raises(ModelFileError, match="the weights cannot be read"):
            read_weights(tmp_path / "evil.pth")

    def test_what_does_not_fit_at_all(self) -> None:
        with pytest.raises(UsageError, match="none of the weights fits"):
            import_weights(create("compact"), {"a.b": torch.zeros(3)})


def test_dacl_starts_from_a_compact_net() -> None:
    """Trunk and classifier answer as the compact net; only the attention is new."""
    widths = [8, 16, 24]
    plain = create("compact", widths=widths, input_size=32).eval()
    options = {"backbone": "compact", "compact": True, "widths": widths, "context": [32, 16]}
    model = create("dacl", input_size=32, **options).eval()
    report = import_weights(model, plain.state_dict())
    assert not report.skipped
    assert {name.split(".")[0] for name in report.missing} == {"attention"}
    x = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(x), plain(x))
    weights = model.attend(model.trunk(x))
    assert weights is not None
    assert weights.shape == (2, 24)

"""The built-in maps of WILDCAT, ACoL, PRM, TS-CAM and APViT, ADL and CutMix: their formulas."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from trainer.attribution import attribute
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch, cutmix
from trainer.errors import UsageError
from trainer.faces import au_heatmap
from trainer.losses.objective import Objective
from trainer.models import create
from trainer.models.excitation_backprop import excitation_backprop
from trainer.models.networks.apvit import ImprovedResidual, keep_most_attended
from trainer.models.networks.class_maps import min_max_scaled, peak_mask, pooled_extremes
from trainer.models.networks.resnet import AttentionDropout
from trainer.models.networks.transfer import attention_rollout

SIDE = 32


def net(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return create(name, input_size=SIDE, **options).eval()


def test_wildcat_scores_by_the_highest_and_lowest_positions() -> None:
    maps = torch.arange(10.0).reshape(1, 1, 2, 5)
    score = pooled_extremes(maps, top=0.2, bottom=0.3, alpha=0.5)
    assert float(score) == pytest.approx((9 + 8) / 2 + 0.5 * (0 + 1 + 2) / 3)


def test_the_map_of_wildcat_is_the_mean_of_its_modalities() -> None:
    model = net("wildcat", modalities=3)
    x = torch.randn(2, 1, SIDE, SIDE)
    features = model.trunk(x)
    every = torch.stack(
        [
            torch.stack([model.maps(features)[:, k * 3 + m] for m in range(3)]).mean(0)
            for k in range(7)
        ],
        dim=1,
    )
    torch.testing.assert_close(model.class_maps(features), every)
    classes = torch.tensor([6, 2])
    expected = torch.stack([every[0, 6], every[1, 2]])
    torch.testing.assert_close(model.class_map(x, classes), expected)
    torch.testing.assert_close(model(x), pooled_extremes(every, 0.2, 0.2, 0.7))
    shown = F.interpolate(expected[:, None], (SIDE, SIDE), mode="bilinear")[:, 0]
    torch.testing.assert_close(attribute(model, x, "class_map", classes), shown)


def test_peaks_are_the_maxima_of_their_windows() -> None:
    map_ = torch.zeros(1, 1, 5, 5)
    map_[0, 0, 1, 1], map_[0, 0, 1, 2], map_[0, 0, 4, 4] = 3.0, 2.0, 1.0
    mask = peak_mask(map_)[0, 0]
    assert mask[1, 1]
    assert mask[4, 4]
    assert not mask[1, 2]
    assert not mask[0, 0]  # beside the first peak


def test_prm_scores_by_the_mean_of_the_peaks() -> None:
    model = net("prm")
    x = torch.randn(2, 1, SIDE, SIDE)
    maps = model.maps(model.trunk(x))
    for b in range(2):
        for k in range(7):
            own = maps[b, k][peak_mask(maps)[b, k]]
            torch.testing.assert_close(model(x)[b, k], own.mean())


def test_prm_as_the_code_of_belharbi_has_it() -> None:
    """The mean of all windows' maxima, and the convolution's own map."""
    model = net("prm", form="maps")
    x, classes = torch.randn(2, 1, SIDE, SIDE), torch.tensor([3, 0])
    maps = model.maps(model.trunk(x))
    windows = maps.unfold(2, 3, 1).unfold(3, 3, 1)
    torch.testing.assert_close(model(x), windows.amax((4, 5)).mean((2, 3)))
    torch.testing.assert_close(model.class_map(x, classes), maps[[0, 1], classes])
    paper = net("prm")
    assert paper.class_map(x, classes).shape == x[:, 0].shape  # peaks reach the pixels
    with pytest.raises(UsageError, match="form 'peaks' is not paper or maps"):
        create("prm", form="peaks")


def test_a_halved_wildcat_scores_half() -> None:
    x = torch.randn(2, 1, SIDE, SIDE)
    torch.testing.assert_close(net("wildcat", halved=True)(x), net("wildcat")(x) / 2)


@pytest.mark.parametrize(("depth", "last"), [(18, 1), (50, 2)])
def test_attention_dropout_lies_behind_blocks_of_stages_3_and_4(depth: int, last: int) -> None:
    """After 3.0, 4.0 and 4.2 (of ResNet18: the last), as hooks see; weights keep their names."""
    torch.manual_seed(0)
    model = create(f"resnet{depth}", input_size=SIDE, large_maps=True, adl=True)
    plain = create(f"resnet{depth}", input_size=SIDE, large_maps=True)
    assert model.state_dict().keys() == plain.state_dict().keys()
    order: list[str] = []
    for name, module in model.trunk.named_modules():
        drops = isinstance(module, AttentionDropout)
        is_block = type(module).__name__ in ("BasicBlock", "Bottleneck")
        if drops or is_block:
            label = "drop" if drops else name.removeprefix("layer")
            module.register_forward_hook(lambda *_, label=label: order.append(label))
    model(torch.randn(2, 1, SIDE, SIDE))
    drops = [order[place - 1] for place, label in enumerate(order) if label == "drop"]
    assert drops == ["3.0", "4.0", f"4.{last}"]
    drop = next(m for m in model.modules() if isinstance(m, AttentionDropout))
    assert (drop.drop, drop.gamma) == (0.4, 0.1)


def test_excitation_backprop_splits_a_response_among_positive_inputs() -> None:
    """One layer, written out: x_u w⁺_u / Σ x w⁺ of the share at the output."""
    layer = nn.Conv2d(3, 1, 1, bias=False)
    layer.weight.data = torch.tensor([2.0, -1.0, 4.0])[None, :, None, None]
    x = torch.tensor([1.0, 5.0, 0.5])[None, :, None, None].requires_grad_()
    with excitation_backprop(layer):
        out = layer(x)
        (back,) = torch.autograd.grad(out, x, torch.tensor([[[[1.0]]]]))
    assert float(out.detach()) == pytest.approx(2 - 5 + 2)  # the value is the plain convolution's
    torch.testing.assert_close(back[0, :, 0, 0], torch.tensor([0.5, 0.0, 0.5]))
    assert "forward" not in vars(layer)


def test_excitation_backprop_preserves_the_sum_through_layers() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1))
    x = torch.rand(1, 1, 6, 6, requires_grad=True)
    with excitation_backprop(layers):
        out = layers(x)
        share = torch.zeros_like(out)
        share[0, 1, 2, 3] = 1.0
        (back,) = torch.autograd.grad(out, x, share)
    assert float(back.sum()) == pytest.approx(1, abs=1e-4)
    assert (back >= 0).all()
    reach = back[0, 0].nonzero()
    assert reach.amin(0).tolist() >= [0, 1]
    assert reach.amax(0).tolist() <= [4, 5]


def test_the_second_head_of_acol_sees_features_without_the_first_heads_region() -> None:
    model = net("acol", hidden=16, threshold=0.6)
    features = torch.rand(2, model.trunk.width, 4, 4)
    classes = torch.tensor([1, 5])
    first = torch.stack([model.first(features)[0, 1], model.first(features)[1, 5]])
    low, high = first.amin((1, 2), keepdim=True), first.amax((1, 2), keepdim=True)
    remaining = (first - low) / (high - low) <= 0.6
    assert 0 < int(remaining.sum()) < remaining.numel()
    expected = model.second(features * remaining[:, None])
    torch.testing.assert_close(model.complementary_maps(features, classes), expected)


def test_acol_sums_two_cross_entropies_and_shows_the_maximum_of_two_maps() -> None:
    model = net("acol", hidden=16)
    x, targets = torch.randn(2, 1, SIDE, SIDE), torch.eye(7)[[1, 5]]
    points = torch.full((2, 68, 2), torch.nan)
    config = ObjectiveConfig(label_smoothing=0, terms={"acol": 0.5})
    outcome = Objective(config, model, targets)(model, Batch(x, points, targets))
    features, classes = model.trunk(x), torch.tensor([1, 5])
    other = model.complementary_maps(features, classes)
    second = F.cross_entropy(other.mean((2, 3)), classes)
    torch.testing.assert_close(outcome.terms["loss_acol"], second.detach())
    torch.testing.assert_close(outcome.loss, F.cross_entropy(model(x), classes) + 0.5 * second)
    rows = torch.arange(2)
    expected = torch.maximum(
        min_max_scaled(model.first(features)[rows, classes]), min_max_scaled(other[rows, classes])
    )
    torch.testing.assert_close(model.class_map(x, classes), expected)
    plain = create("resnet18", input_size=SIDE)
    with pytest.raises(UsageError, match="only the network acol"):
        Objective(config, plain, targets)(plain, Batch(x, points, targets))


def test_attention_dropout_drops_or_emphasises_the_strongest_positions() -> None:
    features = torch.rand(2, 3, 4, 4)
    mean = features.mean(1, keepdim=True)
    dropped = features * (mean <= 0.9 * mean.amax((2, 3), keepdim=True))
    stressed = features * torch.sigmoid(mean)
    layer = AttentionDropout(drop=0.75, gamma=0.9)
    torch.manual_seed(0)
    drops = 0
    for _ in range(200):
        out = layer(features)
        if torch.equal(out, dropped):
            drops += 1
        else:
            torch.testing.assert_close(out, stressed)
    assert 120 < drops < 180  # 150 expected, three deviations are 18
    assert torch.equal(layer.eval()(features), features)


def test_ts_cam_is_the_semantic_map_times_the_class_tokens_attention() -> None:
    model = net("ts_cam", patch=8, width=24, depth=2, heads=3)
    x = torch.randn(2, 1, SIDE, SIDE)
    tokens = model.encoder.tokens(model.patches(x))
    attentions = []
    for block in model.encoder.blocks:
        query, key, _ = block.attention._split(block.norm1(tokens))
        weights = (query @ key.transpose(2, 3) / 8**0.5).softmax(-1)
        attentions.append(weights.mean(1)[:, 0, 1:].reshape(2, 4, 4))
        tokens = block(tokens)
    places = model.encoder.norm(tokens[:, 1:]).transpose(1, 2).reshape(2, 24, 4, 4)
    maps = model.maps(places)
    torch.testing.assert_close(model(x), maps.mean((2, 3)))
    expected = torch.stack([maps[0, 3], maps[1, 0]]) * torch.stack(attentions).mean(0)
    result = model.class_map(x, torch.tensor([3, 0]))
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)


def test_apvit_keeps_the_most_attended_tokens() -> None:
    tokens = torch.arange(12.0).reshape(1, 6, 2)  # a class token and five others
    selected = keep_most_attended(tokens, torch.tensor([[0.1, 0.5, 0.2, 0.9, 0.3]]), 3)
    assert torch.equal(selected, tokens[:, [0, 2, 4, 5]])
    options = {"blocks": [1, 1, 1], "width": 32, "depth": 4, "heads": 4}
    model = net("apvit", keep_patches=0.5, keep_tokens=0.5, **options)
    counts = []
    for block in model.blocks:
        block.register_forward_hook(lambda _m, _args, out: counts.append(out.shape[1]))
    model(torch.randn(1, 1, 64, 64))  # 8 × 8 places
    assert counts == [1 + 32, 1 + 32, 1 + 16, 1 + 8]  # blocks of the second half drop tokens


def test_a_pooling_block_drops_by_the_scores_before_the_softmax() -> None:
    """Written out: attention, then the tokens of largest summed scores, then the MLP."""
    model = net("apvit", blocks=[1, 1, 1], width=32, depth=2, heads=4, keep_tokens=0.5)
    block, x = model.blocks[1], torch.randn(2, 9, 32, generator=torch.Generator().manual_seed(1))
    query, key, value = block.qkv(block.norm1(x)).chunk(3, dim=2)

    def heads(t: torch.Tensor) -> torch.Tensor:
        return t.reshape(2, 9, 4, 8).transpose(1, 2)

    scores = heads(query) @ heads(key).transpose(2, 3) / 8**0.5
    attended = (scores.softmax(3) @ heads(value)).transpose(1, 2).reshape(2, 9, 32)
    after = x + block.out(attended)
    kept = scores[:, :, 0, 1:].sum(1).topk(4, dim=1).indices.sort(dim=1).values + 1
    rows = torch.stack([after[i, [0, *kept[i].tolist()]] for i in range(2)])
    torch.testing.assert_close(block(x), rows + block.mlp(block.norm2(rows)))


def test_the_stem_of_apvit_is_the_first_three_stages_of_ir50() -> None:
    model = create("apvit", in_channels=3)
    with torch.no_grad():
        assert model.eval().stem(torch.zeros(1, 3, 112, 112)).shape == (1, 256, 14, 14)
    units = [m for m in model.stem.modules() if isinstance(m, ImprovedResidual)]
    assert [unit.res_layer[3].out_channels for unit in units] == [64] * 3 + [128] * 4 + [256] * 14
    assert [unit.res_layer[3].stride[0] for unit in units] == [
        2 if place in (0, 3, 7) else 1 for place in range(21)
    ]
    kinds = [type(layer).__name__ for layer in units[0].res_layer]
    assert kinds == ["BatchNorm2d", "Conv2d", "PReLU", "Conv2d", "BatchNorm2d"]
    convolution = 9 * 64 * 64  # counted by hand: two norms, PReLU and two convolutions in a unit
    assert sum(p.numel() for p in units[0].parameters()) == 2 * convolution + 5 * 64
    block = 768 * 2304 + (768 * 768 + 768) + 2 * 768 * 2304 + 2304 + 768 + 4 * 768
    assert sum(p.numel() for p in model.blocks.parameters()) == 8 * block


def test_rollout_is_the_product_of_the_blocks() -> None:
    one, two = torch.rand(2, 1, 3, 3).softmax(-1)
    same = torch.eye(3)
    expected = ((two + same) / 2 @ ((one + same) / 2))[:, 0, 1:]
    torch.testing.assert_close(attention_rollout(torch.stack([one, two])), expected)


def test_attention_maps_of_transfer() -> None:
    model = net("transfer")
    x = torch.randn(2, 1, 64, 64)
    maps = model.attention_maps(x)
    local = model.local_attention_maps(model.stem(x))
    torch.testing.assert_close(maps["lanet"], local.amax(1))
    assert maps["rollout"].shape == (2, 4, 4)
    assert (maps["rollout"] > 0).all()
    assert net("compact").attention_maps(x) == {}


def test_cutmix_pastes_a_box_and_mixes_labels_by_its_area() -> None:
    x = torch.arange(4.0)[:, None, None, None].expand(4, 1, 20, 20).clone()
    points, targets = torch.rand(4, 68, 2), torch.eye(7)[:4]
    boxes = set()
    for seed in range(20):
        batch = cutmix(Batch(x, points, targets), 1.0, torch.Generator().manual_seed(seed))
        pasted = batch.pasted
        assert pasted is not None
        assert torch.equal(batch.landmarks, points)
        for i, other in enumerate(pasted.order.tolist()):
            assert (batch.x[i, 0][pasted.box] == other).all()
            assert (batch.x[i, 0][~pasted.box] == i).all()
        share = float(pasted.box.float().mean())
        torch.testing.assert_close(
            batch.targets, (1 - share) * targets + share * targets[pasted.order]
        )
        rows, columns = pasted.box.any(1), pasted.box.any(0)
        assert int(pasted.box.sum()) == int(rows.sum()) * int(columns.sum())  # a rectangle
        boxes.add(round(share, 2))
    assert len(boxes) > 10
    assert cutmix(Batch(x, points, targets), 0.0, torch.Generator()).pasted is None


def test_cutmix_pastes_action_units_with_the_box() -> None:
    torch.manual_seed(0)
    model = create("compact", input_size=SIDE, widths=[8, 16], blocks=[1, 1]).eval()
    x, points = torch.rand(2, 1, SIDE, SIDE), torch.rand(2, 68, 2) * SIDE
    targets = torch.eye(7)[[3, 6]]  # the second is neutral and has no units
    batches = (
        cutmix(Batch(x, points, targets), 1.0, torch.Generator().manual_seed(s)) for s in range(99)
    )
    batch = next(b for b in batches if b.pasted.order[0] == 1 and 200 < b.pasted.box.sum() < 800)
    config = ObjectiveConfig(au={"weight": 1})
    loss = Objective(config, model, targets)(model, batch).terms["loss_au"]
    happy = au_heatmap(points[:1], SIDE, "happy")[0]
    own, box = torch.zeros(2, SIDE, SIDE), batch.pasted.box
    own[0], own[1] = torch.where(box, 0.0, happy), torch.where(box, happy, 0.0)
    attention = model.stages(model.stem(batch.x)).mean(1)
    small = F.interpolate(own[:, None], attention.shape[-2:], mode="bilinear", antialias=True)
    expected = 1 - F.cosine_similarity(attention.flatten(1), small.flatten(1))
    torch.testing.assert_close(loss, expected.mean().detach())

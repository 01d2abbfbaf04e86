import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_microgen.errors import MemoryLimitError, ModelFileError
from napari_microgen.progress import finish
from napari_microgen.segment.unet_data import IGNORE
from napari_microgen.segment.unet_method import (
    Recipe,
    Segmenter,
    build_network,
    confusion,
    mean_jaccard,
    segmentation_loss,
)
from napari_microgen.segment.unet_watch import scores_of
from napari_microgen.train.budget import Budget


def batch(seed=0, count=4, side=32, classes=2):
    random = np.random.default_rng(seed)
    samples = []
    for _ in range(count):
        labels = (
            random.integers(0, classes, (side // 8, side // 8)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        )
        image = labels[None].astype(np.float32) + 0.1 * random.standard_normal((1, side, side), np.float32)
        samples.append((image, labels))
    return samples


def segmenter(recipe=None, steps=100, seed=0, classes=2):
    torch.manual_seed(seed)
    options = {"channels": 1, "classes": classes, "base": 8, "normalisation": "batch"}
    return Segmenter(build_network("unet-default", options), recipe or Recipe(), Budget(steps))


class TestLoss:
    def logits(self):
        return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))

    def labels(self):
        return torch.randint(0, 3, (2, 8, 8), generator=torch.Generator().manual_seed(1))

    def test_without_dice_and_gaps_it_is_the_cross_entropy(self):
        found = segmentation_loss(self.logits(), self.labels(), 0.0)
        assert found == pytest.approx(functional.cross_entropy(self.logits(), self.labels()).item(), rel=1e-6)

    @pytest.mark.parametrize("dice", [0.0, 1.0])
    def test_pixels_without_a_label_count_in_neither_term(self, dice):
        labels, logits = self.labels(), self.logits()
        labels[:, :3] = IGNORE
        changed = logits.clone()
        changed[:, :, :3] = 50 * torch.randn(2, 3, 3, 8)
        expected = segmentation_loss(logits[:, :, 3:], labels[:, 3:], dice)
        assert segmentation_loss(logits, labels, dice).item() == pytest.approx(expected.item(), rel=1e-5)
        assert segmentation_loss(changed, labels, dice).item() == pytest.approx(expected.item(), rel=1e-5)

    def test_the_right_answer_costs_nothing_and_the_wrong_one_dice_one(self):
        labels = self.labels()
        right = 200 * functional.one_hot(labels, 3).movedim(-1, 1).float()
        assert segmentation_loss(right, labels, 1.0).item() == pytest.approx(0, abs=1e-5)
        wrong = 200 * functional.one_hot((labels + 1) % 3, 3).movedim(-1, 1).float()
        extra = segmentation_loss(wrong, labels, 1.0) - segmentation_loss(wrong, labels, 0.0)
        assert extra.item() == pytest.approx(1, abs=0.05)

    def test_dice_is_twice_the_shared_over_the_sum(self):
        labels = torch.tensor([[[0, 0, 1, 1]]])
        chance = torch.tensor([0.9, 0.6, 0.3, 0.2])
        logits = torch.stack([chance.log(), (1 - chance).log()])[None, :, None]
        dice = []
        for p, g in ((chance, torch.tensor([1, 1, 0, 0.0])), (1 - chance, torch.tensor([0, 0, 1, 1.0]))):
            dice.append((2 * (p * g).sum() + 1) / (p.sum() + g.sum() + 1))
        found = segmentation_loss(logits, labels, 1.0) - segmentation_loss(logits, labels, 0.0)
        assert found.item() == pytest.approx(1 - torch.stack(dice).mean().item(), abs=1e-5)

    def test_no_label_at_all_costs_nothing_and_moves_nothing(self):
        logits = self.logits().requires_grad_()
        loss = segmentation_loss(logits, torch.full((2, 8, 8), IGNORE), 1.0)
        loss.backward()
        assert loss.item() == 0
        assert not logits.grad.any()


def test_it_learns():
    method = segmenter(steps=40)
    losses = []
    for step in range(40):
        losses.append(method.step(batch(step)))
        method.budget.update(step + 1)
    assert np.mean(losses[-5:]) < 0.4 * np.mean(losses[:3])


@pytest.mark.parametrize(
    "recipe", [Recipe(), Recipe(optimiser="rmsprop", average=0.0, schedule="constant", dice=0.0)]
)
def test_a_restored_method_goes_on_bit_for_bit(recipe):
    first = segmenter(recipe)
    for step in range(3):
        first.step(batch(step))
    finish(first.validate(lambda: iter(batch(9, 1))))
    kept = first.state()
    kept = type(kept)({name: a.copy() for name, a in kept.tensors.items()}, kept.numbers)
    second = segmenter(recipe, seed=5)
    second.restore(kept)
    for step in range(3, 6):
        assert first.step(batch(step)) == second.step(batch(step))
    assert finish(first.validate(lambda: iter(batch(9, 1)))) == finish(
        second.validate(lambda: iter(batch(9, 1)))
    )
    a, b = first.state(), second.state()
    assert all(np.array_equal(a.tensors[name], b.tensors[name]) for name in a.tensors)
    assert a.numbers == b.numbers


def test_the_best_validated_weights_are_kept():
    method = segmenter()
    judges = batch(9, 2)
    for step in range(25):
        method.step(batch(step))
    first = finish(method.validate(lambda: iter(judges)))
    good = {name: array.copy() for name, array in method.final().items()}
    for value in method.average.values.values():
        value.zero_()
    second = finish(method.validate(lambda: iter(judges)))
    assert second["validation_jaccard"] < first["validation_jaccard"]
    assert all(np.array_equal(method.final()[name], good[name]) for name in good)
    assert method.since_best == 1


def test_a_loss_that_is_not_finite_changes_nothing():
    method = segmenter()
    method.step(batch())
    before = method.state().tensors
    bad = [(image * np.nan, labels) for image, labels in batch()]
    assert not np.isfinite(method.step(bad))
    after = method.state().tensors
    trained = [name for name in before if "running" not in name and "num_batches" not in name]
    assert all(np.array_equal(before[name], after[name]) for name in trained)


class Tight:
    """A network on a machine where only so many samples fit."""

    def __init__(self, method, room, error):
        self.room, self.error, self.tried = room, error, []
        real = method.network.forward

        def forward(images):
            self.tried.append(len(images))
            result = real(images)
            if len(images) > self.room:
                raise self.error
            return result

        method.network.forward = forward


FULL = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("not enough memory: you tried to allocate 1 bytes."),
]


@pytest.mark.parametrize("error", FULL, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("room", [1, 2, 3, 4, 5])
def test_a_batch_that_does_not_fit_is_cut_and_gives_the_sum_of_its_parts(error, room):
    cut, reference = segmenter(), segmenter()
    Tight(cut, room, error)
    reference.pieces = {1: 4, 2: 2, 3: 2}.get(room, 1)
    for step in range(2):
        assert cut.step(batch(step)) == pytest.approx(reference.step(batch(step)), rel=1e-6)
    assert cut.pieces == reference.pieces
    a, b = cut.state().tensors, reference.state().tensors
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_if_not_even_one_sample_fits_it_is_said():
    method = segmenter()
    Tight(method, 0, MemoryError())
    with pytest.raises(MemoryLimitError, match=r"32 x 32 px.*smaller patches"):
        method.step(batch())


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    method = segmenter()
    with pytest.raises(RuntimeError, match="channels"):
        method.step([(np.zeros((2, 32, 32), np.float32), np.zeros((32, 32), np.uint8))])


def test_confusion_and_scores():
    truth = np.array([[0, 0, 0, 1, 1, IGNORE]], np.uint8)
    found = np.array([[0, 0, 1, 1, 1, 1]])
    pairs = confusion(truth, found, 3)
    assert pairs.tolist() == [[2, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert mean_jaccard(pairs) == pytest.approx((2 / 3 + 2 / 3) / 2)
    scores = scores_of(pairs, [1, 2, 7])
    assert scores["accuracy"] == pytest.approx(0.8)
    assert scores["classes"]["1"] == {
        "jaccard": pytest.approx(2 / 3),
        "precision": 1.0,
        "recall": pytest.approx(2 / 3),
    }
    assert scores["classes"]["7"] == {"jaccard": None, "precision": None, "recall": None}


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("unet-other", {}),
        ("unet-default", {"channels": 1}),
        ("unet-default", {"channels": 1, "classes": 2, "base": 100_000, "normalisation": "batch"}),
        ("unet-default", {"channels": True, "classes": 2, "base": 8, "normalisation": "batch"}),
        ("unet-default", {"channels": 1, "classes": 2, "base": 8, "normalisation": "eval"}),
        ("unet-paper-002", {"channels": 0, "classes": 2, "normalisation": "batch"}),
    ],
)
def test_networks_come_from_the_catalogue_within_limits(method, options):
    with pytest.raises(ModelFileError):
        build_network(method, options)

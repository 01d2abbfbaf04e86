"""The engine makes the same updates whatever the micro-batches, and says so when it cannot."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_microgen.errors import DivergedError, MemoryLimitError
from napari_microgen.train.batches import SeededBatches
from napari_microgen.train.checkpoints import Checkpoints
from napari_microgen.train.engine import Engine, Phase
from napari_microgen.train.log import read_log
from napari_microgen.train.loop import train
from napari_microgen.train.ranks import Ranks


class Pair:
    """Two small networks that are trained against each other, with an average of the first."""

    averaged = ("maker",)
    clip = 1.0

    def __init__(self, dropout=0.0):
        torch.manual_seed(0)
        self.networks = {
            "maker": nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 4)),
            "judge": nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)),
        }
        self.optimisers = {
            name: torch.optim.Adam(net.parameters(), 1e-2) for name, net in self.networks.items()
        }
        self.fail_above = None
        self.spoil_at = None
        self.count = 0

    def phases(self, batch, generator, device):
        values = torch.from_numpy(batch["values"])
        noise = torch.randn(values.shape, generator=generator)
        tensors = {"values": values, "noise": noise}
        return [Phase("judge", "judge", tensors, self.judged), Phase("maker", "maker", tensors, self.made)]

    def judged(self, tensors):
        self.require_room(tensors)
        with torch.no_grad():
            made = self.networks["maker"](tensors["noise"])
        judge = self.networks["judge"]
        return (judge(made) ** 2).mean() + ((judge(tensors["values"]) - 1) ** 2).mean()

    def made(self, tensors):
        self.count += 1
        loss = ((self.networks["judge"](self.networks["maker"](tensors["noise"])) - 1) ** 2).mean()
        return loss * float("nan") if self.spoil_at is not None and self.count > self.spoil_at else loss

    def require_room(self, tensors):
        if self.fail_above is not None and len(tensors["values"]) > self.fail_above:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    def rate(self, step):
        return 1.0

    def half_life(self, images):
        return 20.0


def values(number, random):
    return {"values": random.standard_normal((8, 4)).astype(np.float32)}


def engine(pair, pieces=1, **options):
    made = Engine(pair, Ranks("cpu"), seed=3, batch=8, **options)
    made.pieces = pieces
    return made


def stepped(made, steps=5):
    batches = SeededBatches(values, 0)
    losses = [made.step(next(batches)) for _ in range(steps)]
    return losses, {k: v.clone() for n in made.trainee.networks.values() for k, v in n.state_dict().items()}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("pieces", [2, 3, 8])
def test_micro_batches_give_the_same_updates(pieces):
    whole, parts = stepped(engine(Pair())), stepped(engine(Pair(), pieces))
    np.testing.assert_allclose(parts[0], whole[0], rtol=1e-5)
    for name, weight in whole[1].items():
        torch.testing.assert_close(parts[1][name], weight, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("room", "pieces"), [(4, 2), (3, 4), (1, 8)])
def test_a_batch_that_does_not_fit_is_halved_and_gives_the_same(room, pieces):
    pair = Pair()
    pair.fail_above = room
    cramped = engine(pair)
    found = stepped(cramped)
    assert cramped.pieces == pieces
    reference = stepped(engine(Pair(), pieces))
    np.testing.assert_array_equal(found[0], reference[0])


def test_not_even_one_sample_fits():
    pair = Pair()
    pair.fail_above = 0
    with pytest.raises(MemoryLimitError, match="Not even one image"):
        stepped(engine(pair))


def test_other_errors_pass_through():
    pair = Pair()
    pair.require_room = lambda tensors: (_ for _ in ()).throw(RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        stepped(engine(pair))


def test_only_the_trained_network_moves():
    made = engine(Pair())
    before = {n: [w.clone() for w in net.parameters()] for n, net in made.trainee.networks.items()}
    made.trainee.phases = lambda *a: Pair.phases(made.trainee, *a)[:1]
    made.step(values(0, np.random.default_rng(0)))
    moved = {
        n: any(not torch.equal(a, b) for a, b in zip(before[n], net.parameters(), strict=True))
        for n, net in made.trainee.networks.items()
    }
    assert moved == {"maker": False, "judge": True}
    assert all(w.requires_grad for net in made.trainee.networks.values() for w in net.parameters())


def test_nan_stops_with_the_last_good_checkpoint(tmp_path):
    pair = Pair()
    pair.spoil_at = 7
    with Checkpoints(tmp_path / "t", identity={}) as store, pytest.raises(DivergedError, match="step 8"):
        list(train(engine(pair), SeededBatches(values, 0), steps=20, checkpoints=store, every=3))
    with Checkpoints(tmp_path / "t", identity={}, resume=True) as store:
        assert store.steps() == [3, 6]


def test_the_state_brings_back_everything_with_dropout_too(tmp_path):
    def run(folder, steps, resume=False):
        made = engine(Pair(dropout=0.5))
        with Checkpoints(folder, identity={}, resume=resume) as store:
            list(train(made, SeededBatches(values, 0), steps=steps, checkpoints=store, every=4))
        return made

    whole = run(tmp_path / "whole", 12)
    run(tmp_path / "broken", 5)
    again = run(tmp_path / "broken", 12, resume=True)
    assert (tmp_path / "whole" / "log.jsonl").read_bytes() == (tmp_path / "broken" / "log.jsonl").read_bytes()
    for name, arrays in whole.final().items():
        for key, array in arrays.items():
            np.testing.assert_array_equal(again.final()[name][key], array)


def test_each_loss_has_its_curve(tmp_path):
    with Checkpoints(tmp_path / "t", identity={}) as store:
        ticks = list(train(engine(Pair()), SeededBatches(values, 0), steps=2, checkpoints=store))
    assert set(ticks[-1].values) == {"loss", "judge", "maker"}
    rows = read_log(tmp_path / "t" / "log.jsonl")
    assert rows[-1]["loss"] == pytest.approx(rows[-1]["judge"] + rows[-1]["maker"])


def test_the_average_forgets_half_in_its_half_life():
    made = engine(Pair())
    stepped(made, 1)
    weight = made.trainee.networks["maker"][0].weight
    first = made.averages["maker"].values["0.weight"].clone()
    torch.testing.assert_close(first, weight.detach())
    with torch.no_grad():
        weight += 1.0
    for _ in range(5):
        made.position += 1
        made._average()
    moved = made.averages["maker"].values["0.weight"] - first
    expected = 1 - 0.5 ** (5 * 8 / 20)
    torch.testing.assert_close(moved, torch.full_like(moved, expected))

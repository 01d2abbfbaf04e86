import numpy as np
import pytest
import torch
from torch import nn

from napari_microgen.errors import CheckpointError
from napari_microgen.train.muon import Muon
from napari_microgen.train.torch_state import (
    MovingAverage,
    load_weights,
    optimiser_state,
    restore_optimiser,
    weights,
)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))


def muon(parameters):
    matrices = [w for w in parameters if w.ndim > 1]
    return Muon(matrices, [w for w in parameters if w.ndim <= 1], rate=1e-2, other_rate=1e-2)


OPTIMISERS = {
    "adamw": lambda p: torch.optim.AdamW(p, 1e-2),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 1e-3, alpha=0.9),
    "momentum": lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9),
    "muon": lambda p: muon(list(p)),
}


def go(net, optimiser, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        loss = net(torch.randn(2, 1, 8, 8, generator=generator)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_restored_optimiser_goes_on_bit_for_bit(kind):
    first = network()
    optimiser = OPTIMISERS[kind](first.parameters())
    go(first, optimiser, 3, seed=1)
    kept, moments = weights(first), optimiser_state(optimiser)
    go(first, optimiser, 3, seed=2)

    second = network(seed=9)
    again = OPTIMISERS[kind](second.parameters())
    load_weights(second, kept)
    restore_optimiser(again, moments)
    go(second, again, 3, seed=2)
    for name, array in weights(first).items():
        assert np.array_equal(array, weights(second)[name]), name


def test_kept_weights_do_not_change_with_the_network():
    net = network()
    kept = weights(net)
    before = {name: array.copy() for name, array in kept.items()}
    go(net, torch.optim.SGD(net.parameters(), 0.1), 1, seed=0)
    assert all(np.array_equal(kept[name], before[name]) for name in kept)


def test_weights_of_another_network_are_refused():
    kept = weights(network())
    with pytest.raises(CheckpointError, match="names differ"):
        load_weights(nn.Conv2d(1, 4, 3), kept)
    wrong = kept | {"0.weight": kept["0.weight"][:2]}
    with pytest.raises(CheckpointError, match=r"0\.weight has shape \(2, 1, 3, 3\)"):
        load_weights(network(), wrong)
    with pytest.raises(CheckpointError, match="float64"):
        load_weights(network(), kept | {"0.bias": kept["0.bias"].astype(np.float64)})


def test_the_average_of_a_constant_is_the_constant_and_of_steps_their_mean():
    net = nn.Linear(1, 1, bias=False)
    average = MovingAverage(net, 0.9)
    start = net.weight.item()
    for _ in range(20):
        average.update(net)
    assert average.values["weight"].item() == pytest.approx(start)
    with torch.no_grad():
        net.weight.fill_(start + 1)
    for _ in range(200):
        average.update(net)
    assert average.values["weight"].item() == pytest.approx(start + 1, abs=1e-3)


def test_no_average_is_the_network_itself_and_counters_are_copied():
    net = network()
    average = MovingAverage(net, 0.0)
    go(net, torch.optim.SGD(net.parameters(), 0.1), 2, seed=0)
    average.update(net)
    for name, tensor in net.state_dict().items():
        assert torch.equal(average.values[name], tensor), name


def test_an_average_goes_on_where_it_was():
    net = network()
    first = MovingAverage(net, 0.99)
    for _ in range(3):
        go(net, torch.optim.SGD(net.parameters(), 0.1), 1, seed=0)
        first.update(net)
    second = MovingAverage(network(seed=4), 0.99)
    second.restore(first.state())
    go(net, torch.optim.SGD(net.parameters(), 0.1), 1, seed=0)
    first.update(net), second.update(net)
    assert all(torch.equal(first.values[name], second.values[name]) for name in first.values)

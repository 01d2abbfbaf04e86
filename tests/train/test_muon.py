import copy

import pytest
import torch
from torch import nn

from napari_microgen.generate.networks.condition_embedding import ConditionedDenoiser
from napari_microgen.train.muon import SIZE, Muon, orthogonalised


def drawn(rows, columns, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 7), (32, 288), (128, 96), (384, 128)])
def test_all_singular_values_become_about_one(shape):
    found = torch.linalg.svdvals(orthogonalised(drawn(*shape)))
    if shape[0] != shape[1]:  # a square matrix of noise has singular values near 0
        assert found.min() > 0.6
    assert found.max() < 1.25


def test_directions_are_kept():
    left, _ = torch.linalg.qr(drawn(6, 6, 1))
    right, _ = torch.linalg.qr(drawn(9, 9, 2))
    values = torch.tensor([5.0, 3.0, 2.0, 1.0, 0.7, 0.5])
    matrix = left @ torch.diag(values) @ right[:6]
    inside = left.T @ orthogonalised(matrix) @ right[:6].T
    assert (inside - torch.diag(inside.diagonal())).abs().max() < 1e-4
    assert 0.6 < inside.diagonal().min() <= inside.diagonal().max() < 1.25


def test_scale_does_not_matter_and_the_transpose_follows():
    matrix = drawn(8, 20)
    torch.testing.assert_close(orthogonalised(1e-6 * matrix), orthogonalised(matrix), atol=1e-4, rtol=0)
    torch.testing.assert_close(orthogonalised(matrix.T), orthogonalised(matrix).T)


def test_a_matrix_of_zeros_stays_one():
    assert torch.equal(orthogonalised(torch.zeros(3, 5)), torch.zeros(3, 5))


def test_a_step_of_a_matrix_has_the_promised_size():
    weight = nn.Parameter(torch.zeros(24, 60))
    optimiser = Muon([weight], [], rate=0.01, other_rate=0.0, decay=0.0)
    weight.grad = drawn(24, 60)
    optimiser.step()
    assert weight.detach().square().mean().sqrt() == pytest.approx(SIZE * 0.01, rel=0.2)
    assert (weight * weight.grad).sum() < 0  # downhill


def test_other_weights_are_learned_as_by_adam():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 1))
    peer = copy.deepcopy(net)
    ours = Muon([], net.parameters(), rate=1.0, other_rate=1e-2)
    theirs = torch.optim.AdamW(peer.parameters(), 1e-2, betas=(0.9, 0.99), weight_decay=0.0)
    for step in range(20):
        given = drawn(5, 3, step)
        for network, optimiser in ((net, ours), (peer, theirs)):
            optimiser.zero_grad()
            (network(given) - given.sum(1, keepdim=True)).square().mean().backward()
            optimiser.step()
    for mine, other in zip(net.parameters(), peer.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-5)


def test_rare_directions_are_learned_far_sooner_than_by_adam():
    """A linear map whose inputs differ in strength by 100, mixed so that no weight has one of its own."""
    turned, _ = torch.linalg.qr(drawn(16, 16, 3))
    strength = torch.logspace(0, -2, 16)
    truth = drawn(8, 16, 4)

    def error(make):
        net = nn.Linear(16, 8, bias=False)
        with torch.no_grad():
            net.weight.zero_()
        optimiser = make(net)
        generator = torch.Generator().manual_seed(5)
        for _ in range(300):
            given = torch.randn(64, 16, generator=generator) * strength @ turned
            optimiser.zero_grad()
            ((net(given) - given @ truth.T) ** 2).mean().backward()
            optimiser.step()
        weakest = ((net.weight.detach() - truth) @ turned.T)[:, 12:]
        return float(weakest.square().mean() / (truth @ turned.T)[:, 12:].square().mean())

    muon = error(lambda net: Muon(net.parameters(), [], rate=0.05, other_rate=0.0, decay=0.0))
    adam = min(
        error(lambda net, rate=rate: torch.optim.Adam(net.parameters(), rate, betas=(0.9, 0.99)))
        for rate in (0.003, 0.01, 0.03, 0.1)
    )
    print(muon, adam)
    assert muon < 0.5 * adam


def test_a_loss_may_be_given_and_weights_without_gradient_stay():
    weight, idle = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(3))
    optimiser = Muon([weight], [idle], rate=0.01, other_rate=0.01)

    def closure():
        loss = weight.square().sum()
        loss.backward()
        return loss.item()

    assert optimiser.step(closure) == pytest.approx(4.0)
    assert torch.equal(idle, torch.ones(3))
    assert not torch.equal(weight, torch.ones(2, 2))


def test_every_weight_of_the_denoiser_is_hidden_or_other():
    net = ConditionedDenoiser("tiny", 3)
    hidden, others = net.hidden_and_other_weights()
    assert {id(w) for w in hidden} | {id(w) for w in others} == {id(w) for w in net.parameters()}
    assert len(hidden) + len(others) == len(list(net.parameters()))
    assert all(w.ndim > 1 for w in hidden)
    outer = {id(net.unet.first.weight), id(net.unet.last.weight)}
    assert not outer & {id(w) for w in hidden}

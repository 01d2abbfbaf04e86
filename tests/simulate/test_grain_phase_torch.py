"""The phase field by torch against the compiled one: the same equations, other rounding."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from napari_microgen.errors import ParameterError, TooManyPhasesError
from napari_microgen.progress import finish
from napari_microgen.simulate import grain_phase_torch
from napari_microgen.simulate.grain_growth import Stage, grow, resume
from napari_microgen.simulate.grain_phase_field import PhaseField, phase_field
from napari_microgen.simulate.grain_phase_torch import TorchPhaseField
from napari_microgen.simulate.grain_start import voronoi_start

MODELS = ["pairs-and-triples", "plain"]
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")),
]


def start(shape=(61, 50), grains=16, seed=3):
    return finish(voronoi_start(shape, grains, seed))


def run(field, steps):
    with ThreadPoolExecutor(1) as pool:
        for _ in range(steps):
            for _ in field.step(pool):
                pass
    return field


def spread(field):
    """Share of every grain in every cell, shape (grains, R, C)."""
    state = field.state()
    filled = np.cumprod(state["ids"] != field.none, axis=0).astype(bool)
    shares = np.zeros((field.grains, *state["ids"].shape[1:]), np.float32)
    for k in range(len(filled)):
        y, x = np.nonzero(filled[k])
        shares[state["ids"][k, y, x], y, x] = state["shares"][k, y, x]
    return shares


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("model", MODELS)
def test_both_have_the_same_state_but_for_rounding(model, device):
    compiled, other = PhaseField(start(), model=model), TorchPhaseField(start(), model=model, device=device)
    for _ in range(2):
        run(compiled, 40)
        run(other, 40)
        np.testing.assert_allclose(spread(other), spread(compiled), atol=1e-5)
        np.testing.assert_allclose(other.areas(), compiled.areas(), atol=1e-3)
        np.testing.assert_array_equal(other.labels(), compiled.labels())
        np.testing.assert_array_equal(other.seen(), compiled.seen())
        np.testing.assert_array_equal(other.sizes(), compiled.sizes())


def test_small_parts_change_nothing_but_rounding(monkeypatch):
    whole = spread(run(TorchPhaseField(start(), device="cpu"), 5))
    monkeypatch.setitem(grain_phase_torch._CELLS, "cpu", 100)
    parts = spread(run(TorchPhaseField(start(), device="cpu"), 5))
    np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_grains_grow_alike():
    """The same number of grains at the same times, and the same mean areas at a stage."""
    ends = [
        [tick for tick in grow(field, (7.0,)) if isinstance(tick, Stage)][-1]
        for field in (PhaseField(start((80, 80), 50)), TorchPhaseField(start((80, 80), 50), device="cpu"))
    ]
    assert ends[0].history == ends[1].history
    assert np.mean(ends[0].labels != ends[1].labels) < 1e-3


def by_torch(labels):
    return TorchPhaseField(labels, device="cpu")


@pytest.mark.parametrize("kinds", [(PhaseField, by_torch), (by_torch, PhaseField)], ids=["to", "from"])
def test_each_goes_on_from_the_state_of_the_other(kinds):
    first, second = (kind(start()) for kind in kinds)
    run(first, 30)
    second.restore({name: array.copy() for name, array in first.state().items()}, first.steps_done)
    run(first, 30)
    run(second, 30)
    assert second.steps_done == 60
    np.testing.assert_allclose(spread(second), spread(first), atol=1e-5)


def test_a_step_that_is_broken_off_leaves_the_state_before_it(monkeypatch):
    monkeypatch.setitem(grain_phase_torch._CELLS, "cpu", 100)
    monkeypatch.setattr(grain_phase_torch, "_TICK", 0.0)
    field = run(TorchPhaseField(start(), device="cpu"), 3)
    before = {name: array.copy() for name, array in field.state().items()}
    with ThreadPoolExecutor(1) as pool:
        steps = field.step(pool)
        next(steps)
        assert not field.whole
        steps.close()
    assert field.steps_done == 3
    for name, array in field.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_stopped_run_goes_on_to_the_same_bytes(tmp_path):
    def new():
        return TorchPhaseField(start((80, 80), 50), device="cpu")

    whole = [tick for tick in grow(new(), (7.0,)) if isinstance(tick, Stage)][-1]
    place = tmp_path / "checkpoint"
    steps = grow(new(), (7.0,), checkpoint=place, every=0.0)
    while not place.exists():
        next(steps)
    steps.close()
    field = new()
    done, history = resume(field, place)
    rest = [tick for tick in grow(field, (7.0,), done=done, history=history) if isinstance(tick, Stage)]
    np.testing.assert_array_equal(rest[-1].labels, whole.labels)
    assert rest[-1].history == whole.history


def test_a_cell_without_room_is_refused():
    field = TorchPhaseField(start((60, 60), 60, 0), places=3, device="cpu")
    with pytest.raises(TooManyPhasesError, match="more than 3 grains"):
        run(field, 20)
    assert not field.whole


def test_the_device_decides():
    assert type(phase_field(start(), device="cpu")) is PhaseField
    if torch.cuda.is_available():
        assert type(phase_field(start())) is TorchPhaseField
    else:
        assert type(phase_field(start())) is PhaseField
        with pytest.raises(ParameterError, match="cuda"):
            phase_field(start(), device="cuda")

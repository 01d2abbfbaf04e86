import numpy as np
import pytest

from napari_microgen.errors import CheckpointError, ParameterError
from napari_microgen.progress import Progress, finish
from napari_microgen.simulate.grain_growth import Stage, grow, mean_radius, picture, require_stages, resume
from napari_microgen.simulate.grain_phase_field import PhaseField
from napari_microgen.simulate.grain_potts import Potts
from napari_microgen.simulate.grain_start import voronoi_start

STAGES = (6.0, 7.5)


def start(method, seed=0):
    labels = finish(voronoi_start((90, 90), 90, seed))
    return PhaseField(labels) if method == "phase-field" else Potts(labels, seed=5)


def stages(steps):
    return [tick for tick in steps if isinstance(tick, Stage)]


@pytest.mark.parametrize("method", ["phase-field", "potts"])
def test_stages_come_when_the_mean_radius_is_reached(method):
    first, second = stages(grow(start(method), STAGES))
    for stage, wanted in ((first, STAGES[0]), (second, STAGES[1])):
        assert wanted * 0.96 <= mean_radius(np.bincount(stage.labels.ravel())) <= wanted * 1.05
    assert (first.number, second.number) == (1, 2)
    counts = [left for _, left, _ in second.history]
    assert counts == sorted(counts, reverse=True)
    assert [stage for _, _, stage in second.history if stage] == [1, 2]


@pytest.mark.parametrize("method", ["phase-field", "potts"])
def test_a_stopped_run_goes_on_bit_for_bit(method, tmp_path):
    whole = stages(grow(start(method), STAGES))[-1]
    place = tmp_path / "checkpoint"
    steps = grow(start(method), STAGES, checkpoint=place)
    for tick in steps:
        if isinstance(tick, Progress) and tick.values["mean_radius"] > 6.3:
            break
    steps.close()
    grains = start(method)
    done, history = resume(grains, place)
    assert done == 1
    assert grains.steps_done > 0
    rest = stages(grow(grains, STAGES, done=done, history=history))
    assert [stage.number for stage in rest] == [2]
    np.testing.assert_array_equal(rest[0].labels, whole.labels)
    assert rest[0].history == whole.history


def test_a_run_stopped_within_a_step_ends_the_step_and_keeps_it(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_microgen.simulate.grain_potts._ROWS", 30)
    whole = stages(grow(start("potts"), STAGES))[-1]
    grains, place = start("potts"), tmp_path / "checkpoint"
    steps = grow(grains, STAGES, checkpoint=place)
    while grains.whole or grains.steps_done < 4:
        next(steps)
    steps.close()
    again = start("potts")
    done, history = resume(again, place)
    assert again.steps_done == grains.steps_done == 5
    rest = stages(grow(again, STAGES, done=done, history=history))
    np.testing.assert_array_equal(rest[-1].labels, whole.labels)
    assert rest[-1].history == whole.history


def test_checkpoints_are_written_on_the_way(tmp_path):
    steps = grow(start("potts"), STAGES, checkpoint=tmp_path / "checkpoint", every=0.0)
    while not (tmp_path / "checkpoint").exists():
        next(steps)
    assert resume(start("potts"), tmp_path / "checkpoint")[0] == 0


def test_what_cannot_be_resumed_is_named(tmp_path):
    place = tmp_path / "checkpoint"
    with pytest.raises(CheckpointError, match="nothing to resume"):
        resume(start("potts"), place)
    steps = grow(start("potts"), STAGES, checkpoint=place, every=0.0)
    while not place.exists():
        next(steps)
    steps.close()
    with pytest.raises(CheckpointError, match=r"nothing to resume|is one of potts"):
        resume(start("phase-field"), place)
    other = Potts(finish(voronoi_start((40, 40), 20, 0)))
    with pytest.raises(CheckpointError, match="Repeat the parameters"):
        resume(other, place)
    (place / "card.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read"):
        resume(start("potts"), place)


@pytest.mark.parametrize("wanted", [(), (3.0, 2.0), (0.0,), (float("nan"),), (5.0, 5.0)])
def test_stages_must_rise(wanted):
    with pytest.raises(ParameterError, match="stages"):
        require_stages(wanted, (500, 500))


def test_stages_must_leave_grains():
    with pytest.raises(ParameterError, match="larger domain"):
        require_stages((30.0,), (100, 100))


def test_growth_can_be_watched():
    pictures = [
        tick.preview
        for tick in grow(start("potts"), STAGES)
        if isinstance(tick, Progress) and tick.preview is not None
    ]
    assert pictures
    assert all(one.dtype == np.uint8 and one.shape == (90, 90) for one in pictures)
    large = picture(np.arange(600 * 400).reshape(600, 400))
    assert large.shape == (200, 134)

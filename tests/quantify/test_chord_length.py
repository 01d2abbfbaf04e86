"""Runs, chords and lineal paths of stripes, balls and random fields."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_microgen.progress import finish
from napari_microgen.quantify.chord_length import chord_lengths, measure
from napari_microgen.quantify.run_lengths import run_lengths


def runs_by_hand(line):
    """Lengths of the runs of a line, and whether each touches an end."""
    found, start = [], None
    for place, value in enumerate([*line, False]):
        if value and start is None:
            start = place
        elif not value and start is not None:
            found.append((place - start, start == 0 or place == len(line)))
            start = None
    return found


@given(
    st.one_of(
        arrays(bool, st.tuples(*3 * [st.integers(1, 6)])), arrays(bool, st.tuples(*2 * [st.integers(1, 8)]))
    )
)
def test_runs_are_those_found_by_hand(phase):
    for axis, runs in enumerate(run_lengths(phase)):
        lines = np.moveaxis(phase, axis, -1).reshape(-1, phase.shape[axis])
        found = [run for line in lines for run in runs_by_hand(line)]
        for cut, counts in ((False, runs.whole), (True, runs.cut)):
            lengths = [length for length, touches in found if touches == cut]
            assert counts.tolist() == np.bincount(lengths, minlength=phase.shape[axis] + 1).tolist()
        assert runs.lines == len(lines)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
def test_mean_chord_of_a_ball_is_4_r_over_3(ball, spacing):
    for value in chord_lengths(ball(24, spacing), spacing):
        assert value == pytest.approx(4 * 24 / 3, rel=0.02)


def test_random_field_obeys_cauchys_formula(level_cut):
    """The mean chord is four times the volume over the surface, once chords are seen without bias."""
    fields = [level_cut((96, 96, 96), 4.0, -0.3, seed=seed) for seed in range(4)]
    exact = np.mean([4 * f.phase.mean() / f.surface for f in fields])
    found = [
        f.details["stationary_mean"] for field in fields for f in finish(measure(field.phase, (1.0,) * 3))[1:]
    ]
    assert np.mean(found) == pytest.approx(exact, rel=0.03)
    dropped = [f.value for field in fields for f in finish(measure(field.phase, (1.0,) * 3))[1:]]
    assert np.mean(dropped) < np.mean(found)


def test_axes_keep_their_order_and_unit():
    phase = np.zeros((20, 30), bool)
    phase[5:9] = True
    phase[:, 0] = phase[:, -1] = False
    mean, row, column = finish(measure(phase, (0.5, 0.25)))
    assert (row.value, column.value, mean.value) == (2.0, 7.0, 4.5)
    assert row.details["distribution"]["count"] == [0, 0, 0, 28]


def test_distribution_holds_every_chord(level_cut):
    for feature in finish(measure(level_cut((150, 150), 4.0).phase, (1.0, 1.0)))[1:]:
        assert sum(feature.details["distribution"]["count"]) == feature.details["chords"]


def test_degenerate_volumes_are_named(degenerate, degenerate_image):
    for phase in (degenerate, degenerate_image):
        for feature in finish(measure(phase, (1.0,) * phase.ndim)) + finish(measure(phase, None)):
            assert feature.value is not None or feature.reason

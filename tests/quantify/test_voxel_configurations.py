"""Counts of configurations against plain slicing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.quantify.lattice_directions import lattice_directions
from napari_microgen.quantify.voxel_configurations import count_configurations

CUBE = tuple((z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1))
CONFIGURATIONS = (
    ((0, 0, 0),),
    *(((0, 0, 0), step) for step in lattice_directions(3, 2)),
    ((0, 0, 0), (0, 1, -1), (1, 0, 0), (1, 1, -1)),
    CUBE,
)


def counted_by_slicing(phase, configuration):
    offsets = np.array(configuration) - np.min(configuration, axis=0)
    lengths = np.array(phase.shape) - offsets.max(axis=0)
    if lengths.min() <= 0:
        return 0, 0, 0
    views = [
        phase[tuple(slice(o, o + n) for o, n in zip(offset, lengths, strict=True))] for offset in offsets
    ]
    return int(np.all(views, axis=0).sum()), int((~np.any(views, axis=0)).sum()), int(lengths.prod())


volumes = st.builds(
    lambda shape, share, seed: np.random.default_rng(seed).random(shape) < share,
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 2, 7, 63, 64, 65, 130])),
    st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]),
    st.integers(0, 99),
)


@given(volumes)
def test_counts_are_those_of_slicing(phase):
    counts = count_configurations(phase, CONFIGURATIONS)
    for index, configuration in enumerate(CONFIGURATIONS):
        found = counts.inside[index], counts.outside[index], counts.places[index]
        assert found == counted_by_slicing(phase, configuration)


@given(volumes, st.integers(0, 6))
def test_chunks_add_up_to_the_whole(phase, cut):
    cut = min(cut, len(phase))
    overlap = 2
    lead = min(cut, overlap)
    first = count_configurations(phase[:cut], CONFIGURATIONS) if cut else None
    second = count_configurations(phase[cut - lead :], CONFIGURATIONS, lead=lead)
    both = second if first is None else first + second
    whole = count_configurations(phase, CONFIGURATIONS)
    for name in ("inside", "outside", "places"):
        assert np.array_equal(getattr(both, name), getattr(whole, name))


def test_the_complement_swaps_inside_and_outside():
    phase = np.random.default_rng(3).random((9, 8, 70)) < 0.4
    one, other = count_configurations(phase, CONFIGURATIONS), count_configurations(~phase, CONFIGURATIONS)
    assert np.array_equal(one.inside, other.outside)
    assert np.array_equal(one.mixed, other.mixed)

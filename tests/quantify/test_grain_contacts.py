import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_microgen.quantify.grain_contacts import grain_contacts, triple_points

MAPS = arrays(np.int32, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 5))


def by_hand(labels, periodic, background):
    """Count every pair of neighbouring pixels one by one."""
    found = {}
    rows, columns = labels.shape
    for y in range(rows):
        for x in range(columns):
            for down, across in ((0, 1), (1, 0)):
                up, left = y + down, x + across
                if (rows if down else columns) < 2 or (not periodic and (up >= rows or left >= columns)):
                    continue
                a, b = int(labels[y, x]), int(labels[up % rows, left % columns])
                if a != b and background not in (a, b):
                    found[min(a, b), max(a, b)] = found.get((min(a, b), max(a, b)), 0) + 1
    return found


@given(MAPS, st.booleans(), st.sampled_from([0, None]))
def test_every_pair_is_counted(labels, periodic, background):
    pairs, lengths = grain_contacts(labels, periodic=periodic, background=background)
    ours = {(int(a), int(b)): int(n) for (a, b), n in zip(pairs, lengths, strict=True) if n}
    assert ours == by_hand(labels, periodic, background)


@given(MAPS, st.booleans())
def test_numbers_do_not_matter(labels, periodic):
    names = np.array([907, 3, 55, 40_000, 8, 77])
    pairs, lengths = grain_contacts(labels, periodic=periodic, background=None)
    renamed, again = grain_contacts(names[labels], periodic=periodic, background=None)
    expected = sorted((*sorted(names[pair].tolist()), int(n)) for pair, n in zip(pairs, lengths, strict=True))
    assert sorted((*pair.tolist(), int(n)) for pair, n in zip(renamed, again, strict=True)) == expected


def test_bricks_have_six_neighbours_and_two_triple_points_each():
    rows, columns = np.mgrid[:40, :60]
    row = rows // 10
    bricks = row * 3 + ((columns + 10 * (row % 2)) % 60) // 20
    pairs, _ = grain_contacts(bricks, periodic=True, background=None)
    assert (np.bincount(pairs.ravel()) == 6).all()
    places, grains = triple_points(bricks, periodic=True, background=None)
    assert len(places) == 24
    assert (grains == 3).all()


@pytest.mark.parametrize("periodic", [True, False])
def test_quadruple_points(periodic):
    board = np.add.outer(2 * (np.arange(8) // 4), np.arange(8) // 4)
    places, grains = triple_points(board, periodic=periodic, background=None)
    assert (grains == 4).all()
    assert len(places) == (4 if periodic else 1)
    if not periodic:
        assert places.tolist() == [[3.5, 3.5]]


def test_at_a_corner_of_four_the_sharper_two_are_neighbours():
    """Above and below reach between left and right like wedges."""
    rows, columns = np.mgrid[:12, :12] - 5.5
    wedge = np.abs(columns) < 0.6 * np.abs(rows)
    labels = np.where(wedge, np.where(rows < 0, 1, 2), np.where(columns < 0, 3, 4))
    labels[5:7, 5:7] = [[1, 4], [3, 2]]
    pairs, lengths = grain_contacts(labels)
    assert [1, 2] in pairs.tolist()
    assert [3, 4] not in pairs.tolist()
    assert lengths[pairs.tolist().index([1, 2])] == 0
    turned = grain_contacts(labels.T)[0].tolist()
    assert turned == pairs.tolist()

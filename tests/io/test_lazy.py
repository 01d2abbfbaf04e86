"""Planes on disk behave as the array they stand for, and only those asked for are read."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.errors import MemoryLimitError
from napari_microgen.io.lazy import LazyPlanes, settle

DATA = np.arange(2 * 3 * 4 * 5, dtype=np.int16).reshape(2, 3, 4, 5)


class Reader:
    """Reads planes of an array and remembers which."""

    def __init__(self, data):
        self.flat, self.asked = data.reshape(-1, *data.shape[-2:]), []

    def __call__(self, k):
        self.asked.append(k)
        return self.flat[k]


def lazy(data=DATA):
    return LazyPlanes(data.shape, data.dtype, Reader(data))


indices = st.one_of(st.integers(-2, 1), st.slices(4), st.just(slice(None)))


@given(st.lists(indices, min_size=0, max_size=4), st.booleans())
def test_indexing_equals_that_of_the_array(parts, with_ellipsis):
    key = tuple(parts) if not with_ellipsis or len(parts) == 4 else (..., *parts)
    assert np.array_equal(lazy()[key], DATA[key])
    assert lazy()[key].shape == DATA[key].shape


def test_only_what_is_asked_for_is_read():
    planes = lazy()
    assert np.array_equal(planes[1, 2, 1:3], DATA[1, 2, 1:3])
    assert planes.read_plane.asked == [5]
    assert planes[1, :0].shape == (0, 4, 5)
    assert planes.read_plane.asked == [5]


def test_a_changed_plane_is_changed_when_it_is_read():
    doubled = lazy().each(_double, (4,), np.float32)
    assert doubled.shape == (2, 3, 4)
    assert np.array_equal(np.asarray(doubled), DATA[..., 0] * 2)
    assert np.array_equal(pickle.loads(pickle.dumps(doubled))[1, 2], DATA[1, 2, :, 0] * 2)


def _double(plane, k):
    return (plane[:, 0] * 2).astype(np.float32)


def test_small_arrays_are_numpy_and_large_ones_dask(monkeypatch):
    assert isinstance(settle(lazy(), "a"), np.ndarray)
    assert settle(DATA, "a") is DATA
    monkeypatch.setattr("napari_microgen.io.lazy.LAZY_BYTES", 10)
    planes = lazy()
    array = settle(planes, "a")
    assert array.chunks == ((1, 1), (1, 1, 1), (4,), (5,))
    assert planes.read_plane.asked == []
    assert np.array_equal(array[1].compute(), DATA[1])
    assert sorted(planes.read_plane.asked) == [3, 4, 5]
    assert array.dtype == DATA.dtype


def test_a_plane_larger_than_memory_is_refused(monkeypatch):
    monkeypatch.setenv("MICROGEN_MEMORY", "20")
    with pytest.raises(MemoryLimitError, match="One plane of a"):
        settle(lazy(), "a")

"""Chunks of a volume give what the whole gives, wherever it is cut."""

from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest

from napari_microgen.errors import MemoryLimitError
from napari_microgen.progress import finish
from napari_microgen.quantify import local_thickness
from napari_microgen.quantify.catalogue import quantities
from napari_microgen.quantify.chunk import Chunk, bounds
from napari_microgen.quantify.local_thickness_in_chunks import local_thickness_in_chunks

SPACING = (1.3, 1.0, 0.9)
COUNTED = {q.module for q in quantities() if hasattr(q.load(), "count") and 3 in q.dimensions}
ROUNDED = {"smoothed_mesh"}
"""Sums of numbers of single precision, the same but for the last digits."""


def test_what_can_be_counted_in_chunks():
    wanted = """relative_density specific_surface_area curvature euler_number chord_length lineal_path
    two_point_correlation"""
    assert set(wanted.split()) == COUNTED


def cuts(planes, random):
    inner = np.sort(random.choice(np.arange(1, planes), random.integers(1, planes), replace=False))
    edges = [0, *inner.tolist(), planes]
    return list(pairwise(edges))


def in_chunks(module, phase, pieces):
    halo = module.halo(phase.shape, SPACING)
    found = [finish(module.count(Chunk.cut(phase, a, b, halo), SPACING)) for a, b in pieces]
    return module.features(reduce(add, found), phase.shape, SPACING)


def same(ours, whole):
    assert len(ours) == len(whole)
    for one, other in zip(ours, whole, strict=True):
        assert (one.name, one.value, one.reason, one.method) == (
            other.name,
            other.value,
            other.reason,
            other.method,
        )
        for key, value in other.details.items():
            if key in ROUNDED:
                assert one.details[key] == pytest.approx(value, rel=1e-6)
            else:
                assert one.details[key] == value


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_chunks_of_any_size_equal_the_whole(name, level_cut):
    module = next(q for q in quantities() if q.module == name).load()
    random = np.random.default_rng(0)
    volumes = [level_cut((32, 22, 26), 2.0, 0.3).phase]
    volumes += [random.random(random.integers(2, 14, 3)) < random.uniform(0.1, 0.9) for _ in range(47)]
    volumes += [np.ones((6, 4, 5), bool), np.zeros((6, 4, 5), bool)]
    volumes[-3][:, 1, 1] = True  # runs through all chunks
    for phase in volumes:
        whole = finish(module.measure(phase, SPACING))
        pieces = cuts(len(phase), random)
        same(in_chunks(module, phase, pieces), whole)
        same(in_chunks(module, phase, bounds(len(phase), len(phase))), whole)


@pytest.mark.parametrize("planes", [1, 7, 25])
def test_local_thickness_in_chunks_is_that_of_the_whole(planes, level_cut, monkeypatch):
    monkeypatch.setattr("napari_microgen.quantify.local_thickness_in_chunks.FIRST_HALO", 2)
    field = level_cut((50, 30, 34), 2.5).phase
    thick = np.zeros((50, 30, 34), bool)
    thick[5:44, 4:26, 4:30] = True  # a block thicker than a chunk
    rods = np.zeros((50, 30, 34), bool)
    rods[:, 10:13, 10:14] = True
    for phase in (field, thick, rods):
        whole = local_thickness.local_thickness(phase, SPACING)
        chunks = finish(local_thickness_in_chunks(phase, SPACING, planes=planes))
        assert np.array_equal(chunks, whole)


def test_local_thickness_goes_to_chunks_where_memory_is_short(level_cut, monkeypatch):
    phase = level_cut((90, 30, 34), 2.0).phase
    (whole,) = finish(local_thickness.measure(phase, SPACING))
    monkeypatch.setenv("MICROGEN_MEMORY", str(16 * 55 * 30 * 34))
    (chunked,) = finish(local_thickness.measure(phase, SPACING))
    assert chunked == whole
    monkeypatch.setenv("MICROGEN_MEMORY", "1e5")
    with pytest.raises(MemoryLimitError, match="Local thickness of 1 planes"):
        finish(local_thickness.measure(phase, SPACING))

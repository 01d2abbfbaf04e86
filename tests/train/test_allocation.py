"""Memory that is freed stays with the process while networks run, and goes back afterwards."""

import resource
import sys

import numpy as np
import pytest

from napari_microgen.train.allocation import freed_memory_kept

MEBIBYTE = 2**20


def faults():
    """Pages the system has to hand out while 256 MiB come and go twice."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(2):
        arrays = [np.empty(2 * MEBIBYTE, np.uint8) for _ in range(128)]
        for array in arrays:
            array.fill(1)
        del arrays, array
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_pages_are_handed_out_once():
    with freed_memory_kept():
        with freed_memory_kept():
            faults()
        kept = faults()
    assert kept < 5_000, "256 MiB are 65,536 pages"
    assert faults() > 50_000, "afterwards memory goes back to the system"

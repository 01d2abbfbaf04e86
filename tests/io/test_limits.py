"""Memory is asked before it is taken, and what does not fit goes to a disk that has room."""

import numpy as np
import psutil
import pytest

from napari_microgen.errors import MemoryLimitError, ParameterError
from napari_microgen.io import limits
from napari_microgen.io.limits import (
    allocate,
    available_memory,
    memory_budget,
    readable_bytes,
    require_memory,
)


def test_available_memory_is_a_part_of_the_machine():
    assert 0 < available_memory() <= psutil.virtual_memory().total


def test_the_budget_may_be_set(monkeypatch):
    monkeypatch.setenv("MICROGEN_MEMORY", "1.5e9")
    assert memory_budget() == 1_500_000_000
    monkeypatch.setenv("MICROGEN_MEMORY", "a lot")
    with pytest.raises(ParameterError, match="number of bytes"):
        memory_budget()


def test_a_container_limit_counts_and_droppable_cache_is_free(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 100000\ninactive_file 700000\n")
    open_end = tmp_path / "open"
    open_end.mkdir()
    (open_end / "memory.max").write_text("max\n")
    monkeypatch.setattr(limits, "_control_groups", lambda: [open_end, tmp_path, tmp_path / "absent"])
    assert available_memory() == 800_000


def test_too_much_is_refused_with_figures_and_a_way(monkeypatch):
    monkeypatch.setenv("MICROGEN_MEMORY", str(1024**2))
    require_memory(1024**2, "Blurring", "Crop first.")
    with pytest.raises(
        MemoryLimitError, match=r"Blurring needs about 2.0 MiB .* 1.0 MiB may be used. Crop first."
    ):
        require_memory(2 * 1024**2, "Blurring", "Crop first.")


@pytest.mark.parametrize("budget", ["1e9", "10"])
def test_results_start_as_zeros_in_memory_or_on_disk(budget, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGEN_MEMORY", budget)
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    result = allocate((5, 6, 7), np.float32)
    assert isinstance(result, np.memmap) == (budget == "10")
    assert not result.any()
    result[2] = 3.5
    assert result.sum() == 3.5 * 42
    assert list(tmp_path.iterdir()) == []  # the file has no name, so nothing is left behind


def test_a_result_larger_than_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    for shape in ((2**20, 2**20, 2**8), (2**40, 2**40)):
        with pytest.raises(MemoryLimitError, match="MICROGEN_CACHE"):
            allocate(shape, np.uint8)


def test_a_disk_that_fills_up_is_refused_not_fatal(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGEN_MEMORY", "10")
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    monkeypatch.setattr(limits, "_reserve", lambda descriptor, count: False)
    with pytest.raises(MemoryLimitError):
        allocate((100,), np.uint8)


def test_bytes_for_people():
    assert [readable_bytes(n) for n in (5, 2048, 5 * 2**40)] == ["5 B", "2.0 KiB", "5.0 TiB"]

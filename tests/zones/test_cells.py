"""Cells: the same images however they are made, cached, ordered or interrupted."""

import threading
import time

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.generate.images import make_images
from napari_microgen.progress import finish
from napari_microgen.zones.cell_cache import CellCache, cell_key, noise_number, usual_cache
from napari_microgen.zones.cell_images import batch_size
from napari_microgen.zones.cells import CellTick, make_cells

ROWS = [{"heat": heat, "flux": flux} for heat in (5.0, 55.0, 95.0) for flux in (3.0, 33.0)]


@pytest.fixture
def model(analytic):
    return analytic()


def pixels(cells):
    return np.stack([cell.images for cell in cells])


def test_an_image_is_what_generating_this_condition_with_its_number_gives(model):
    cells = make_cells(model, ROWS, count=3, seed=4)
    row, batch = ROWS[2], batch_size(model, "cpu")
    numbers = [noise_number(row) + n for n in range(3)] + [0] * (batch - 3)
    alone = finish(make_images(model, [row] * batch, seed=4, numbers=numbers)).images
    np.testing.assert_array_equal(cells[2].images, alone[:3])
    assert [cell.place for cell in cells] == list(range(6))
    assert [cell.conditions for cell in cells] == ROWS


def test_the_images_follow_their_conditions(model):
    """The formula of the model: the mean share of white is 0.2 + 0.6 u."""
    for cell in make_cells(model, ROWS, count=40):
        expected = 0.2 + 0.6 * cell.conditions["heat"] / 100
        assert cell.images.mean() / 255 == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("options", [{"workers": 1}, {"workers": 3}])
def test_order_and_workers_do_not_matter(model, options):
    plain = pixels(make_cells(model, ROWS, count=5))
    turned = make_cells(model, ROWS[::-1], count=5, **options)
    np.testing.assert_array_equal(pixels(turned[::-1]), plain)


def test_more_images_begin_with_the_same_ones(model):
    few, many = make_cells(model, ROWS, count=2), make_cells(model, ROWS, count=30)
    np.testing.assert_array_equal(pixels(few), pixels(many)[:, :2])


def test_noise_is_independent_or_shared(model):
    own = pixels(make_cells(model, ROWS, count=2)).astype(float)
    same = pixels(make_cells(model, ROWS, count=2, same_noise=True)).astype(float)

    def correlation(a, b):
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    assert abs(correlation(own[0, 0], own[1, 0])) < 0.25
    assert correlation(same[0, 0], same[1, 0]) > 0.9
    assert abs(correlation(same[0, 0], same[0, 1])) < 0.25, "images of one cell differ"


def test_seeds_differ(model):
    assert not np.array_equal(
        pixels(make_cells(model, ROWS, seed=1)), pixels(make_cells(model, ROWS, seed=2))
    )


def test_cells_say_where_they_lie(model):
    flags = {
        (50.0, 20.0): "seen",
        (40.0, 15.0): "interpolated",
        (100.0, 41.0): "extrapolated",
    }
    cells = make_cells(model, [{"heat": heat, "flux": flux} for heat, flux in flags])
    assert [cell.flag for cell in cells] == list(flags.values())
    record = cells[2].record()["support"]
    assert record["out_of_range"] == ["flux"]
    assert record["nearest_image"]
    assert record["hull_distance"] == pytest.approx(1 / 40)


def test_every_cell_arrives_once_with_its_images(model):
    ticks = list(make_cells.steps(model, ROWS, count=4))
    arrived = [tick.cell.place for tick in ticks if isinstance(tick, CellTick) and tick.cell is not None]
    assert sorted(arrived) == list(range(6))
    shares = [tick.step / tick.total for tick in ticks]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_cached_cells_are_the_same(model, tmp_path):
    plain = make_cells(model, ROWS, count=3)
    first = make_cells(model, ROWS, count=3, cache=tmp_path)
    again = make_cells(model, ROWS, count=3, cache=tmp_path)
    more = make_cells(model, ROWS, count=5, cache=tmp_path)
    for cells in (first, again):
        np.testing.assert_array_equal(pixels(cells), pixels(plain))
    np.testing.assert_array_equal(pixels(more), pixels(make_cells(model, ROWS, count=5)))
    assert [cell.cached for cell in again] == [True] * 6
    assert not any(cell.cached for cell in (*first, *more))
    assert len(list(tmp_path.iterdir())) == 6


def test_the_cache_tells_models_seeds_and_options_apart(model, analytic, tmp_path):
    first = pixels(make_cells(model, ROWS, cache=tmp_path))
    for other, options in ((analytic(bias=0.1), {}), (model, {"seed": 1}), (model, {"same_noise": True})):
        cells = make_cells(other, ROWS, cache=tmp_path, **options)
        assert not any(cell.cached for cell in cells)
        assert not np.array_equal(pixels(cells), first)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        lambda path: path.write_bytes(b"\x80\x04 not an array"),
        lambda path: np.save(path, np.zeros((1, 3, 3), np.uint8)),
        lambda path: np.save(path, np.zeros((1, 16, 16), np.float64)),
        lambda path: np.save(path, np.zeros((16, 16), np.uint8)),
    ],
)
def test_damaged_entries_of_the_cache_count_as_none(model, tmp_path, damage):
    good = pixels(make_cells(model, ROWS, cache=tmp_path))
    for path in tmp_path.iterdir():
        damage(path)
    np.testing.assert_array_equal(pixels(make_cells(model, ROWS, cache=tmp_path)), good)
    assert all(cell.cached for cell in make_cells(model, ROWS, cache=tmp_path))


def test_a_hostile_entry_is_not_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("canary").touch, ())

    store = CellCache(tmp_path)
    np.save(store.path("key"), np.array([Bomb()], dtype=object), allow_pickle=True)
    assert store.read("key", 16, "uint8") is None
    assert not (tmp_path / "canary").exists()


def test_the_cache_is_bounded_and_keeps_what_was_used_last(tmp_path):
    store = CellCache(tmp_path, limit=10_000)
    image = np.zeros((1, 30, 30), np.uint8)
    for number in range(40):
        store.write(f"key{number:02d}", image)
        time.sleep(0.002)
        store.read("key00", 30, "uint8")
    held = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert held == store.held() <= 10_000
    assert store.read("key00", 30, "uint8") is not None
    assert store.read("key39", 30, "uint8") is not None
    assert store.read("key01", 30, "uint8") is None
    store.write("large", np.zeros((1, 200, 200), np.uint8))
    assert store.read("large", 200, "uint8") is None
    assert CellCache(tmp_path).held() == store.held()


def test_a_cache_that_cannot_be_written_is_no_error(model, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    cells = make_cells(model, ROWS[:2], cache=tmp_path / "file" / "cells")
    np.testing.assert_array_equal(pixels(cells), pixels(make_cells(model, ROWS[:2])))


def test_keys_hold_on_what_pixels_depend_on():
    one = cell_key("m", {"T": 1.0, "p": 2.0}, seed=0, device="cpu")
    assert one == cell_key("m", {"p": 2.0, "T": 1.0}, device="cpu", seed=0)
    others = {
        cell_key("n", {"T": 1.0, "p": 2.0}, seed=0, device="cpu"),
        cell_key("m", {"T": 1.0000001, "p": 2.0}, seed=0, device="cpu"),
        cell_key("m", {"T": 1.0, "p": 2.0}, seed=1, device="cpu"),
        cell_key("m", {"T": 1.0, "p": 2.0}, seed=0, device="cuda"),
    }
    assert len(others | {one}) == 5


def test_the_usual_cache_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    assert usual_cache() == tmp_path / "zones"


def test_closing_stops_at_once_and_leaves_no_thread(analytic, tmp_path):
    model = analytic(size=64)
    before = threading.active_count()
    steps = make_cells.steps(
        model, [{"heat": float(h), "flux": 1.0} for h in range(100)], count=20, cache=tmp_path
    )
    for _ in range(3):
        next(steps)
    start = time.monotonic()
    steps.close()
    assert time.monotonic() - start < 1
    assert threading.active_count() == before
    assert not list(tmp_path.glob("*.partial*"))


def test_an_error_while_generating_reaches_the_caller(model, monkeypatch):
    def broken(*_, **__):
        yield 1, 1
        raise ParameterError("no")

    monkeypatch.setattr(type(model.generator), "sample", broken)
    with pytest.raises(ParameterError, match="no"):
        make_cells(model, ROWS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "at least one image"),
        ({"count": 10**6}, "no more than 1000000"),
        ({"seed": -1}, "seed is -1"),
        ({"evaluations": 1}, "evaluations is 1"),
    ],
)
def test_impossible_numbers_are_named(model, options, words):
    with pytest.raises(ParameterError, match=words):
        make_cells(model, ROWS, **options)

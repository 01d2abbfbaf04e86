"""Floors, baselines and intervals in cases where the right answer is known."""

import numpy as np
import pytest

from napari_microgen.compare.by_condition import by_condition, by_support
from napari_microgen.compare.significance import significance
from napari_microgen.progress import finish

LEVELS = (10, 20, 30, 40, 50)


@pytest.fixture(scope="module")
def series(precipitates):
    """Return a function that draws spots whose density is the temperature."""

    def draw(seed, each, levels=LEVELS, shown=None):
        random = np.random.default_rng(seed)
        images = [precipitates(random, each, density=t / 2) for t in (shown or levels)]
        return np.concatenate(images), np.repeat(levels, each)

    return draw


@pytest.fixture(scope="module")
def interior(series, table, compared):
    """A generator that follows the conditions, one that does not; the middle condition was not trained."""
    training, t_training = series(1, 20, (10, 20, 40, 50))
    real, t_real = series(2, 24, (20, 30, 40))
    tables = {"real": table(t_real), "synthetic": table(t_real), "training": table(t_training)}
    good, _ = series(3, 24, (20, 30, 40))
    blind, _ = series(4, 24, (20, 30, 40), shown=(50, 50, 50))
    return {
        name: compared(real, images, training=training, tables=tables)
        for name, images in (("good", good), ("blind", blind))
    }


def test_a_generator_that_follows_the_conditions_loses_nowhere(interior):
    metrics = interior["good"].metrics
    assert metrics["relative_density.r2"].value > 0.8
    assert metrics["relative_density.r2"].floor > 0.8
    losing = [name for name, metric in metrics.items() if metric.loses_to]
    assert len(losing) <= 2  # one in 200 by chance, and there are over a hundred numbers and baselines


def test_a_generator_that_ignores_the_conditions_loses_to_both_baselines(interior):
    metrics = interior["blind"].metrics
    assert metrics["relative_density.r2"].value < 0
    for name in ("relative_density.r2", "relative_density.mean", "persistence_image.l2"):
        assert set(metrics[name].loses_to) == {"nearest_condition_copy", "linear_interpolation"}
        assert metrics[name].within_floor is False


def test_conditions_are_read_from_images_that_follow_them(interior):
    followed, ignored = (interior[n].metrics["read_back.T.r2"] for n in ("good", "blind"))
    assert followed.value == pytest.approx(followed.floor, abs=0.2)
    # Poisson counts about 10, 15 and 20 vary as much within as between: at best 0.53 can be read.
    assert 0.25 < followed.floor < 0.65
    assert ignored.value < 0
    assert followed.within_floor
    assert ignored.within_floor is False


def test_differences_in_per_cent(interior):
    assert interior["good"].metrics["relative_density.mape"].value < 15
    assert interior["blind"].metrics["relative_density.mape"].value > 30


def test_interpolation_has_means_only(interior):
    metrics = interior["good"].metrics
    assert metrics["relative_density.mean"].baselines["linear_interpolation"] is not None
    assert metrics["descriptors.auc"].baselines["linear_interpolation"] is None
    assert metrics["descriptors.auc"].baselines["paper_model"] is None


def test_conditions_are_listed_by_what_was_trained(interior):
    found = interior["blind"]
    sides = found.prepared.sides
    flags = sides.conditions.flags(sides.training.images.table)
    assert flags == ("seen", "interpolated", "seen")
    rows = by_condition(sides, found.space, flags)
    assert [row["images"] for row in rows] == [{"real": 24, "synthetic": 24}] * 3
    supports = by_support(rows, found.space)
    assert supports["seen"]["conditions"] == 2
    assert supports["interpolated"]["conditions"] == 1
    assert set(supports["interpolated"]["loses_to"]) == {"nearest_condition_copy", "linear_interpolation"}
    middle = rows[1]["descriptors"]["relative_density"]
    assert middle["real_95"][0] < middle["real"] < middle["real_95"][1]
    assert middle["real_95"][1] < middle["synthetic"]
    # Densities on a line: what lies between is the mean of the neighbours.
    assert middle["linear_interpolation"] == pytest.approx(middle["real"], rel=0.15)


def test_differences_beyond_chance_are_found_and_others_are_not(interior):
    tests = {name: finish(significance(f.prepared.sides, f.space)) for name, f in interior.items()}
    assert tests["blind"].adjusted["relative_density"] < 0.02
    assert tests["blind"].together["descriptors"][1] == pytest.approx(0.001)
    assert min(tests["good"].adjusted.values()) > 0.02
    assert tests["good"].together["descriptors"][1] > 0.02


def test_intervals_cover_and_widen_with_micrographs_of_their_own(precipitates, table, compared):
    """Patches of a micrograph that share its level: the interval must be that of few micrographs."""
    random = np.random.default_rng(0)
    level = np.repeat(random.uniform(12, 36, 10), 8)
    real = np.concatenate([precipitates(random, 1, density=d) for d in level])
    synthetic = np.concatenate([precipitates(random, 1, density=d) for d in random.uniform(12, 36, 80)])
    groups = [f"m{k // 8}" for k in range(80)]
    by_group = compared(
        real, synthetic, tables={"real": table([1] * 80, groups), "synthetic": table([1] * 80)}
    )
    by_image = compared(real, synthetic, tables={"real": table([1] * 80), "synthetic": table([1] * 80)})
    wide, narrow = (f.metrics["relative_density.wasserstein"] for f in (by_group, by_image))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert wide.floor > 1.5 * narrow.floor


def test_one_micrograph_leaves_the_floor_undefined(precipitates, table, compared):
    images = precipitates(np.random.default_rng(0), 40)
    found = compared(
        images[:20], images[20:], tables={"real": table([1] * 20, ["m"] * 20), "synthetic": None}
    )
    metric = found.metrics["relative_density.wasserstein"]
    assert metric.value is not None
    assert metric.floor is None
    assert metric.within_floor is None


def test_conditions_do_not_push_equal_sets_below_one_half(series, table, compared):
    """Conditions differ far more than images of one: folds that lack some must not learn from that."""
    (real, t_real), (other, _) = series(21, 40), series(22, 40)
    found = compared(real, other, tables={"real": table(t_real), "synthetic": table(t_real)}, repeats=20)
    for name in ("persistence_image.auc", "descriptors.auc"):
        assert 0.45 <= found.metrics[name].floor <= 0.55
        assert found.metrics[name].within_floor

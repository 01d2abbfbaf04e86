import json
import math
from dataclasses import replace

import numpy as np
import pytest

from napari_microgen.cli import main
from napari_microgen.errors import ParameterError, SaveError, TableError
from napari_microgen.io.condition_images import read_condition_images
from napari_microgen.io.reading import read
from napari_microgen.io.table_csv import read_table as read_csv
from napari_microgen.io.tables import read_table
from napari_microgen.simulate.precipitate_kernels import draw
from napari_microgen.simulate.precipitate_rule import (
    FEED_RATE,
    STRENGTH,
    TEMPERS,
    WAVES,
    PrecipitateLaw,
    precipitate_law,
    specimens,
)
from napari_microgen.simulate.precipitates import (
    MATRIX,
    NOISE,
    precipitate_sample,
    read_specimens,
    simulate_precipitates,
)

PLAIN = PrecipitateLaw(density=0.15, radius=0.3)
TABLE = "file,Temper,feed_rate [mm/s],strength [MPa]\na,T5,6,500\nb,T6,12,\nc,as-extruded,8,\n"
SMALL = {"shape": (128, 160), "images": 2}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "specimens.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_number_of_particles_is_poisson():
    """Variance over mean of 400 counts; its standard error is sqrt(2 / 399)."""
    counts = np.array([len(precipitate_sample(PLAIN, (128, 128), seed=s).particles) for s in range(400)])
    mean = PLAIN.density * 12.8**2
    assert counts.mean() == pytest.approx(mean, abs=3 * math.sqrt(mean / 400))
    assert counts.var(ddof=1) / counts.mean() == pytest.approx(1, abs=3 * math.sqrt(2 / 399))


@pytest.mark.parametrize("temper", TEMPERS)
def test_area_fractions_follow_the_closed_form_at_every_threshold(temper):
    """Within three standard errors of 40 independent micrographs."""
    law = precipitate_law(temper, 10.0, 510.0)
    samples = [precipitate_sample(law, (256, 256), seed=s) for s in range(40)]
    for level in (0.0, 0.1, 0.3, 0.5, 0.6):
        counted = np.array([np.mean(sample.value > level) for sample in samples])
        assert law.area_fraction(level) == pytest.approx(
            counted.mean(), abs=3 * counted.std(ddof=1) / math.sqrt(40)
        )


def test_radii_are_log_normal_and_places_uniform():
    sample = precipitate_sample(replace(PLAIN, density=1.0), (640, 640), seed=1)
    logs = np.log(sample.particles[:, 2] * 0.1)
    assert len(logs) > 3500
    assert logs.mean() == pytest.approx(math.log(0.3), abs=3 * 0.5 / math.sqrt(len(logs)))
    assert logs.std() == pytest.approx(0.5, rel=0.05)
    quadrants, _, _ = np.histogram2d(*sample.particles[:, :2].T, bins=4, range=[[0, 640], [0, 640]])
    expected = len(logs) / 16
    assert ((quadrants - expected) ** 2 / expected).sum() < 37.7  # 0.1 % point of chi squared, 15 degrees


@pytest.mark.parametrize("wavy", [False, True])
def test_one_particle_has_its_area_and_wraps_around_the_edge(wavy):
    """Area of an ellipse, and of a wavy outline: pi r² (1 + sum a²/2); at the corner as in the middle."""
    areas = []
    for place in ((64.2, 64.7), (0.0, 127.9)):
        value, owner = np.zeros((128, 128), np.float32), np.zeros((128, 128), np.int32)
        particle = np.array([[*place, 20.0, 1.7, 0.6, 0.5]])
        phases = np.full((1, len(WAVES)), 0.3 if wavy else np.nan)
        draw(particle, np.array(WAVES), phases, value, owner, 0, 1, 1)
        assert np.array_equal(value > 0, owner == 1)
        areas.append(np.count_nonzero(owner))
    exact = math.pi * 400 * (1 + 0.5 * sum(a * a for a in WAVES) * wavy)
    assert areas == pytest.approx([exact, exact], rel=0.01)


def test_where_particles_overlap_the_brighter_is_seen():
    value, owner = np.zeros((64, 64), np.float32), np.zeros((64, 64), np.int32)
    particles = np.array([[32, 28, 10, 1, 0, 0.6], [32, 36, 10, 1, 0, 0.3]], float)
    draw(particles, np.array(WAVES), np.full((2, len(WAVES)), np.nan), value, owner, 0, 2, 1)
    assert owner[32, 32] == 1
    assert owner[32, 44] == 2
    assert value[32, 44] == np.float32(0.3)


@pytest.mark.parametrize("temper", TEMPERS)
def test_density_rises_and_size_falls_smoothly_with_both_conditions(temper):
    rates, strengths = np.linspace(*FEED_RATE, 25), np.linspace(*STRENGTH, 25)
    for laws in (
        [precipitate_law(temper, rate, 500.0) for rate in rates],
        [precipitate_law(temper, 9.0, strength) for strength in strengths],
    ):
        density, radius = (np.array([getattr(law, name) for law in laws]) for name in ("density", "radius"))
        assert (np.diff(density) > 0).all()
        assert (np.diff(radius) < 0).all()
        assert np.diff(density).max() < 0.1 * density.mean()


def test_t5_is_dense_and_t6_sparse_on_a_blanket():
    five, six, plain = (precipitate_law(t, 10.0, 510.0) for t in TEMPERS)
    assert five.density > 3 * six.density
    assert six.fine_density > 20 * six.density
    assert five.fine_density == plain.fine_density == 0


def test_the_built_in_specimens_are_as_unbalanced_as_published():
    table = specimens()
    tempers = table["temper"]
    for temper, strengths in (("T5", [11, 7, 3]), ("T6", [12, 5, 4])):
        rates = table.bins("feed rate").index(
            table["feed rate"][(tempers == temper) | (tempers == "as-extruded")]
        )
        assert np.bincount(rates).tolist() == [9, 8, 15]
        strength = table.bins("strength").index(table["strength"][tempers == temper])
        assert np.bincount(strength[strength >= 0]).tolist() == strengths
    assert np.isnan(table["strength"][tempers == "as-extruded"]).all()
    assert len(set(table.libraries)) == 32
    parts = table.split("library", seed=0)
    assert not {table.libraries[r] for r in parts["train"]} & {table.libraries[r] for r in parts["test"]}


def test_grey_values_are_matrix_particles_and_noise():
    empty = precipitate_sample(replace(PLAIN, density=0.0), (256, 256), seed=2, variety=False)
    grey = empty.image / 255
    assert grey.mean() == pytest.approx(MATRIX, abs=0.002)
    assert grey.std() == pytest.approx(NOISE, rel=0.03)
    assert empty.truth()[-1].reason == "there are no particles"
    levels = [
        precipitate_sample(replace(PLAIN, density=0.0), (64, 64), seed=s).image.mean() / 255
        for s in range(60)
    ]
    assert np.std(levels) == pytest.approx(0.03, rel=0.35)


def test_the_image_shows_the_particles_of_its_labels():
    sample = precipitate_sample(PLAIN, (256, 256), seed=3, variety=False)
    particle = sample.labels > 0
    assert sample.image[particle].mean() > sample.image[~particle].mean() + 255 * 0.2
    assert sample.labels.max() <= len(sample.particles)
    np.testing.assert_array_equal(sample.value > 0, particle)


def test_files_conditions_and_truth(table, tmp_path):
    out = tmp_path / "out"
    result = simulate_precipitates(out, conditions=table, **SMALL)
    assert result["count"] == 6
    assert sorted(result["files"]) == sorted(set(contents(out)) - {"series.json"})
    images = read_condition_images(out / "images", out / "conditions.csv")
    assert images.table.names == ("temper", "feed rate", "strength")
    assert images.table["temper"].tolist() == ["T5", "T5", "T6", "T6", "as-extruded", "as-extruded"]
    assert np.isnan(images.table["strength"]).tolist() == [False, False, True, True, True, True]
    np.testing.assert_allclose(images.table.pixel_sizes, 0.1)
    labels = np.asarray(read(out / "labels" / images.paths[0].name, kind="labels"))
    listed = read_csv(out / "particles" / "specimen_01_1.csv")
    assert labels.max() <= len(listed)
    truth = read_table(out / "truth.csv")
    assert truth["particles"].value == len(listed)
    assert truth["strength"].value == 500
    assert truth["area_fraction_above_0"].value == pytest.approx((labels > 0).mean(), abs=1e-6)
    np.testing.assert_allclose(listed.numbers("radius").mean(), truth["mean_radius"].value, rtol=1e-4)


def test_the_same_seed_gives_the_same_bytes_and_a_stopped_run_goes_on(table, tmp_path):
    for name in ("a", "b"):
        simulate_precipitates(tmp_path / name, conditions=table, **SMALL)
    steps = simulate_precipitates.steps(tmp_path / "c", conditions=table, **SMALL)
    for _ in range(6):
        next(steps)
    steps.close()
    assert (tmp_path / "c" / "truth.partial.jsonl").is_file()
    assert simulate_precipitates(tmp_path / "c", conditions=table, **SMALL)["resumed"] >= 2
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")
    with pytest.raises(SaveError, match="another simulated series"):
        simulate_precipitates(tmp_path / "a", conditions=table, seed=4, **SMALL)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda t: t.replace("Temper", "Heat"), TableError, "lacks temper"),
        (lambda t: t.replace("b,T6,12", "b,,12"), TableError, "b lacks its temper"),
        (lambda t: t.replace("T6", "T8"), ParameterError, "temper is 'T8'"),
        (lambda t: t.replace("12", "99"), ParameterError, "feed rate is 99 mm/s; expected 4 to 16"),
    ],
)
def test_tables_that_do_not_fit_are_named(table, tmp_path, change, error, words):
    table.write_text(change(TABLE), encoding="utf-8")
    with pytest.raises(error, match=words):
        simulate_precipitates(tmp_path / "out", conditions=table)
    assert not (tmp_path / "out").exists()


def test_other_units_are_converted(table):
    table.write_text(TABLE.replace("[mm/s]", "[m/s]").replace(",6,", ",0.006,").replace(",12,", ",0.012,"))
    rates = read_specimens(table)["feed rate"]
    np.testing.assert_allclose(rates[:2], [6, 12])


@pytest.mark.nightly
def test_half_the_density_is_told_apart_and_the_same_density_is_not():
    """AUC of a classifier in three principal components of persistence images, 250 against 250 chips."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    from napari_microgen.quantify.persistence import persistence_of_patches
    from napari_microgen.quantify.persistence_image import persistence_images

    anchor = PrecipitateLaw(density=25 / 12.8**2, radius=0.1 * math.exp(0.8), elongation=1.001)

    def chips(law, first):
        seeds = range(first, first + 250)
        images = [precipitate_sample(law, (128, 128), seed=seed, variety=False).image for seed in seeds]
        rings = [found.rings / 255 for found in persistence_of_patches(images, threads=1)]
        return persistence_images(rings, threads=1).reshape(250, -1)

    real = chips(anchor, 0)
    axes = PCA(3).fit(real)

    def auc(other):
        points = axes.transform(np.concatenate([real, other]))
        classes = np.repeat([0, 1], [len(real), len(other)])
        return cross_val_score(LogisticRegression(), points, classes, cv=5, scoring="roc_auc").mean()

    assert auc(chips(replace(anchor, density=anchor.density / 2), 1000)) >= 0.92
    assert abs(auc(chips(anchor, 2000)) - 0.5) < 0.08


def test_the_command_leaves_a_recipe_that_can_be_replayed(table, tmp_path, capsys):
    words = ["simulate", "precipitates", "--out", str(tmp_path / "out"), "--conditions", str(table)]
    assert main([*words, "--shape", "64,96", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"] == 3
    assert main(["replay", str(tmp_path / "out" / "recipe.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identical"] is True

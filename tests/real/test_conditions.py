"""Published condition tables and steel micrographs: hull, support, splits, magnification."""

import numpy as np
import pytest

from napari_microgen.conditions import interior
from napari_microgen.errors import ConditionsError
from napari_microgen.io.condition_images import read_condition_images
from napari_microgen.io.conditions import read_conditions
from napari_microgen.io.reading import read

FILM = (
    "temperature",
    "Al-concentration",
    "O-concentration",
    "ionization degree",
    "average ion energy",
    "pressure",
)
STEEL = {"columns": ["anneal_temperature", "anneal_time", "cool_method"], "log": ["anneal_time"]}


@pytest.fixture(scope="module")
def film(real_data):
    folder = real_data("thin-film-conditions")
    train = read_conditions(folder / "01_cGAN_training_set_parameters.CSV", columns=FILM)
    everything = read_conditions(
        folder / "02_Classifier_training_set_parameters_complete_data_set.CSV", columns=FILM
    )
    held_out = everything.select([image not in train.images for image in everything.images])
    return train, everything, held_out


@pytest.fixture(scope="module")
def steel_folder(real_data):
    return real_data("uhcs")


def test_units_and_sizes_of_the_published_tables(film):
    train, everything, held_out = film
    assert (len(train), len(everything), len(held_out)) == (110, 123, 13)
    assert [c.unit for c in train.conditions] == ["C", "at.%", "at.%", "a.u.", "eV", "Pa"]
    assert len(set(everything.libraries)) == 9


def test_five_of_thirteen_held_out_conditions_are_outside_the_hull(film):
    train, _, held_out = film
    found = train.support().of(held_out)
    assert sum(not s.out_of_range for s in found) == 13
    outside = [s.flag == "extrapolated" for s in found]
    assert sum(outside) == 5
    assert [held_out.libraries[i] for i in np.flatnonzero(outside)].count("1678") == 4
    (fifth,) = (i for i in np.flatnonzero(outside) if held_out.libraries[i] != "1678")
    of_library = [held_out["Al-concentration"][i] for i in range(13) if held_out.libraries[i] == "1663"]
    assert held_out["Al-concentration"][fifth] == max(of_library)


def test_known_conditions_are_seen_and_their_usual_distance_is_as_published(film):
    support = film[0].support()
    assert set(support.flags(film[0])) == {"seen"}
    assert support.reference == pytest.approx(0.137, abs=0.0005)


def diagram(support, temperature, al, energy):
    """Share of cells inside the hull, and farther from any condition than these usually are."""
    fixed = dict(zip(FILM[2:], (1.0, 1.0, energy, 0.5), strict=True))
    found = support.of([{FILM[0]: t, FILM[1]: a, **fixed} for t, a in zip(temperature, al, strict=True)])
    return np.mean([s.flag != "extrapolated" for s in found]), np.mean([s.ratio > 1 for s in found])


def test_the_published_diagrams_lie_mostly_outside_the_hull(film):
    """Temperature 20 to 600 C by Al 0 to 60 at.%, as in the two published diagrams.

    Four hundred random cells give 38 and 0 % inside, 100 and 97 % far; a fine grid, whose sampling error is
    below a percent, gives 36.6 and 0 %, 100 and 98.4 %.
    """
    support, rng = film[0].support(), np.random.default_rng(0)
    drawn = {
        e: diagram(support, rng.uniform(20, 600, 400), rng.uniform(0, 60, 400), e) for e in (40.0, 200.0)
    }
    assert drawn[40.0] == pytest.approx((0.38, 1.0), abs=0.005)
    assert drawn[200.0] == pytest.approx((0.0, 0.97), abs=0.005)
    centres = (np.arange(50) + 0.5) / 50
    temperature, al = (axis.ravel() for axis in np.meshgrid(20 + 580 * centres, 60 * centres))
    assert diagram(support, temperature, al, 40.0) == pytest.approx((0.366, 1.0), abs=0.006)
    assert diagram(support, temperature, al, 200.0) == pytest.approx((0.0, 0.984), abs=0.006)


def test_libraries_are_kept_whole(film):
    everything = film[1]
    parts = everything.split("library", seed=1)
    libraries = [{everything.libraries[row] for row in rows} for rows in parts.values()]
    assert all(libraries)
    assert sum(map(len, libraries)) == 9


def test_steel_images_find_their_conditions(steel_folder):
    steel = read_condition_images(
        steel_folder / "images", steel_folder / "conditions.csv", where=["pixel_size=0.194"], **STEEL
    )
    assert len(steel) == 129
    assert steel.facts["image_files_not_used"] == 546 - 129
    assert steel.facts["library"] == "sample_key"
    assert np.ptp(steel.table.pixel_sizes) < 1e-9
    assert read(steel.paths[0]).shape == (240, 322)
    by_sample = steel.table.groups("library")[0]
    by_condition = steel.table.groups("condition")[0]
    for sample in np.unique(by_sample):
        assert len(set(by_condition[by_sample == sample])) == 1


def test_magnifications_give_the_pixel_size_where_none_is_stated(steel_folder, tmp_path):
    """Pixel size times magnification is one length for all micrographs, so one may stand for the other."""
    path = steel_folder / "conditions.csv"
    stated = read_conditions(path, **STEEL).pixel_sizes
    text = path.read_text(encoding="utf-8").replace("pixel_size [um]", "size of the pixel")
    (tmp_path / "without.csv").write_text(text, encoding="utf-8")
    options = STEEL | {"magnification": "magnification", "pixel_at_1x": 381.0}
    derived = read_conditions(tmp_path / "without.csv", **options).pixel_sizes
    assert np.isnan(derived).sum() == 38
    known = ~np.isnan(derived)
    np.testing.assert_allclose(derived[known], stated[known], rtol=0.01)


def test_steel_treatments_inside_the_hull_of_the_others(steel_folder):
    table = read_conditions(steel_folder / "conditions.csv", where=["cool_method=Q"], **STEEL)
    inside = interior(table.select(names=["anneal_temperature", "anneal_time"]))
    assert 0 < sum(inside.values()) < len(inside)


def test_a_damaged_copy_of_the_table_names_every_problem(steel_folder, tmp_path):
    text = (steel_folder / "conditions.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    lines[1] = lines[1].replace("uhcs0002", "uhcs9999")
    lines[2] = lines[2].replace("970.0", "hot")
    (tmp_path / "damaged.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConditionsError) as caught:
        read_condition_images(steel_folder / "images", tmp_path / "damaged.csv", **STEEL)
    words = "; ".join(caught.value.problems)
    assert "uhcs9999" in words
    assert "line 3, column 'anneal_temperature' holds 'hot'" in words
    assert "uhcs0002.png" in words
    assert len(caught.value.problems) == 3

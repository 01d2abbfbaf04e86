import json

import numpy as np
import pytest

from napari_microgen.errors import ParameterError, SaveError, TableError
from napari_microgen.io.condition_images import read_condition_images
from napari_microgen.io.reading import read
from napari_microgen.io.tables import read_table
from napari_microgen.progress import finish
from napari_microgen.simulate.film_rule import FilmConditions, film_law
from napari_microgen.simulate.thin_film import film_sample, read_films, simulate_thin_film

HEAD = "file;library;Temperature [K];Al-concentration [at.%];O-concentration [at.%];"
HEAD += "ionization degree [a.u.];average ion energy [eV];pressure [Pa]\n"
TABLE = HEAD + "a;L1;773,15;0;0;0,5;5;0,5\nb;L1;773,15;60,5;0;1;7;0,5\nc;L2;300;0;3;0,1;1;0,5\n"
SMALL = {"shape": (128, 128), "images": 2}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "films.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_files_conditions_and_truth(table, tmp_path):
    out = tmp_path / "out"
    result = simulate_thin_film(out, conditions=table, **SMALL)
    assert result["count"] == 6
    assert result["structures"] == {"facetted": 2, "fine-grained": 2, "oriented-facetted": 2}
    assert sorted(result["files"]) == sorted(set(contents(out)) - {"series.json"})
    images = read_condition_images(out / "images", out / "conditions.csv")
    assert images.table.names == (
        "temperature",
        "aluminium",
        "oxygen",
        "ionisation",
        "ion energy",
        "pressure",
    )
    assert images.facts["columns_left_out"] == ["structure"]
    np.testing.assert_allclose(images.table["temperature"], [500, 500, 500, 500, 26.85, 26.85])
    assert images.table.libraries == ("L1",) * 4 + ("L2",) * 2
    np.testing.assert_allclose(images.table.pixel_sizes, 0.0037)
    volume = read(images.paths[0])
    assert (volume.shape, volume.unit) == ((128, 128), "nm")
    assert volume.voxel_size == pytest.approx((3.7, 3.7))
    cells = read(out / "labels" / images.paths[0].name, kind="labels")
    assert cells.shape == (128, 128)
    assert np.asarray(cells).min() >= 1
    truth = read_table(out / "truth.csv")
    assert truth.samples() == images.table.images
    law = film_law(FilmConditions(temperature=500, ionisation=0.5, ion_energy=5))
    assert truth["mean_feret_expected"].value == pytest.approx(law.feret)
    assert truth["mean_feret"].value == pytest.approx(law.feret, rel=0.12)


def test_the_same_seed_gives_the_same_bytes_and_images_differ(table, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate_thin_film(tmp_path / name, conditions=table, seed=seed, **SMALL)
    one, same, other = (contents(tmp_path / name) for name in "abc")
    assert one == same
    pictures = [one[name] for name in one if name.startswith("images/")]
    assert len({*pictures, *(other[n] for n in other if n.startswith("images/"))}) == 12


def test_a_stopped_run_goes_on_and_ends_as_one_that_was_not(table, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    simulate_thin_film(whole, conditions=table, **SMALL)
    steps = simulate_thin_film.steps(stopped, conditions=table, **SMALL)
    while (stopped / "images").is_dir() is False or len(list((stopped / "images").iterdir())) < 3:
        next(steps)
    steps.close()
    with open(stopped / "truth.partial.jsonl", "a", encoding="utf-8") as log:
        log.write('{"index": 5, "fi')
    result = simulate_thin_film(stopped, conditions=table, **SMALL)
    assert 1 <= result["resumed"] <= 3
    assert contents(stopped) == contents(whole)
    again = simulate_thin_film(stopped, conditions=table, **SMALL)
    assert again["resumed"] == 0
    assert contents(stopped) == contents(whole)


def test_another_series_is_never_mixed_in(table, tmp_path):
    out = tmp_path / "out"
    simulate_thin_film(out, conditions=table, **SMALL)
    before = contents(out)
    with pytest.raises(SaveError, match="another simulated series"):
        simulate_thin_film(out, conditions=table, seed=9, **SMALL)
    assert contents(out) == before
    (tmp_path / "mine" / "images").mkdir(parents=True)
    (tmp_path / "mine" / "images" / "holiday.png").write_bytes(b"x")
    with pytest.raises(SaveError, match="no simulated series"):
        simulate_thin_film(tmp_path / "mine", conditions=table, **SMALL)


def test_small_images_show_a_part_of_a_larger_surface():
    sample = finish(film_sample(FilmConditions(temperature=800), (64, 64)))
    assert sample.image.shape == sample.cells.shape == (64, 64)
    assert not sample.periodic
    assert sample.surface.height.shape[0] * 3.7 >= 4 * sample.law.feret
    assert finish(film_sample(FilmConditions(), (128, 128))).periodic


def test_images_of_one_film_are_independent():
    """Two realisations of a film correlate no more than chance allows."""
    one, other = (
        finish(film_sample(FilmConditions(), (256, 256), seed=s)).image.astype(float) for s in (1, 2)
    )
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_labels_can_be_left_out(table, tmp_path):
    result = simulate_thin_film(tmp_path / "out", conditions=table, shape=(64, 64), labels=False)
    assert not (tmp_path / "out" / "labels").exists()
    assert result["count"] == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("pressure [Pa]", "humidity [%]"), "lacks pressure; its columns are"),
        (lambda t: t.replace("60,5", ""), "line 3 lacks a condition"),
        (lambda t: t.replace("60,5", "much"), "line 3, column 'Al-concentration' holds 'much'"),
    ],
)
def test_tables_that_do_not_fit_are_named(table, change, words):
    table.write_text(change(TABLE), encoding="utf-8")
    with pytest.raises(TableError, match=words):
        read_films(table)


@pytest.mark.parametrize("options", [{"images": 0}, {"shape": (8, 64)}, {"pixel_size": 0.0}])
def test_senseless_parameters_are_refused_and_nothing_is_written(table, tmp_path, options):
    with pytest.raises(ParameterError):
        simulate_thin_film(tmp_path / "out", conditions=table, **options)
    table.write_text(TABLE.replace("773,15;60,5", "3000;60,5"), encoding="utf-8")
    with pytest.raises(ParameterError, match=r"temperature is 2726\.85 C"):
        simulate_thin_film(tmp_path / "out", conditions=table)
    assert not (tmp_path / "out").exists()


def test_the_command_leaves_a_recipe(table, tmp_path, capsys):
    from napari_microgen.cli import main

    words = ["simulate", "thin-film", "--out", str(tmp_path / "out"), "--conditions", str(table)]
    assert main([*words, "--shape", "64,64", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["count"] == 3
    recipe = json.loads((tmp_path / "out" / "recipe.json").read_text(encoding="utf-8"))
    assert recipe["operation"] == "simulate thin-film"
    assert recipe["output_sha256"]

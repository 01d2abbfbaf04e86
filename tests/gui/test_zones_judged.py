"""What is said of cells as arrays and in words: unknown cells stay unknown, reasons are counted."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_microgen.widgets.zones_judged import classes_of_cells, measured_words, values_of_cells

CLASSES = ("coarse", "fine")


def setting(**how):
    known = {"classifier": "folder", "classes": CLASSES, "descriptor": "feret_diameter", "shown": "value"}
    return SimpleNamespace(level=0, **known | how)


def live(said):
    return SimpleNamespace(said=said, complete=set(said))


def told(structure=None, share=0.5, **numbers):
    content = {}
    if structure is not None:
        content |= {"class": structure, "probabilities": {structure: share}}
    if numbers:
        content["descriptors"] = {"feret_diameter": {"unit": "nm", **numbers}}
    return content


def test_each_cell_has_its_class_and_how_probable_it_is():
    said = {(0, 1, 3): told("fine", 0.9), (0, 0, 0): told("coarse", 0.6)}
    best, shares = classes_of_cells(live(said), setting())
    assert best.shape == shares.shape == (4, 4)
    assert (best[3, 1], shares[3, 1]) == (1, 0.9)
    assert (best[0, 0], shares[0, 0]) == (0, 0.6)
    assert (best == -1).sum() == np.isnan(shares).sum() == 14


@pytest.mark.parametrize(
    ("said", "how"), [({}, {}), ({(0, 0, 0): told("fine")}, {"classifier": None}), ({(0, 0, 0): {}}, {})]
)
def test_there_are_no_classes_before_the_first_is_told_or_without_a_classifier(said, how):
    assert classes_of_cells(live(said), setting(**how)) is None


def test_numbers_are_those_that_are_shown_and_none_where_undefined():
    said = {(0, 2, 1): told(value=45.0, latent_sd=3.0), (0, 3, 1): told(value=None, latent_sd=None)}
    values = values_of_cells(live(said), setting())
    assert values[1, 2] == 45.0
    assert np.isnan(values).sum() == 15
    assert values_of_cells(live(said), setting(shown="latent_sd"))[1, 2] == 3.0
    assert values_of_cells(live(said), setting(shown="between_models_sd")) is None
    assert values_of_cells(live(said), setting(descriptor=None)) is None
    assert values_of_cells(live({}), setting()) is None


def test_words_say_the_range_and_why_there_is_nothing():
    why = {"conformal_half_width": "too few conditions"}
    said = {(0, n, 0): told(value=40.0 + n, conformal_half_width=None, reasons=why) for n in range(3)}
    said[0, 3, 0] = told(value=None)
    assert measured_words(live(said), setting()) == [
        "feret diameter: 40 (dark) to 42 (bright) nm",
        "feret diameter: none in 1 of 4 cells (undefined)",
    ]
    assert measured_words(live(said), setting(shown="conformal_half_width")) == [
        "feret diameter, half-width of the interval: none in 3 of 4 cells (too few conditions)",
        "feret diameter, half-width of the interval: none in 1 of 4 cells (undefined)",
    ]
    assert measured_words(live({}), setting()) == []

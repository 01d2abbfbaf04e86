from collections import Counter

import numpy as np

from napari_microgen.simulate.film_design import film_design
from napari_microgen.simulate.film_rule import UNITS
from napari_microgen.simulate.thin_film import _film, film_law


def six():
    return film_design().select(names=list(UNITS))


def test_conditions_are_confounded_as_published():
    """Summary numbers of the published table of 123 films, within a few hundredths."""
    table = six()
    values = np.stack(table.columns, axis=1)
    correlation = dict(zip(table.names, np.corrcoef(values.T), strict=True))
    place = table.names.index
    assert abs(correlation["ionisation"][place("pressure")] - 0.63) < 0.05
    assert abs(correlation["aluminium"][place("ionisation")] - 0.53) < 0.1
    assert abs(correlation["oxygen"][place("ion energy")] + 0.45) < 0.05
    scaled = table.scaled()
    spread = np.linalg.svd(scaled - scaled.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose(spread / spread.sum(), [0.42, 0.26, 0.12, 0.09, 0.07, 0.04], atol=0.04)


def test_classes_are_as_frequent_as_published():
    counts = Counter(film_law(_film(row)).structure for row in six().rows())
    assert counts == {
        "facetted": 37,
        "fine-grained": 29,
        "oriented-facetted": 28,
        "smooth-facetted": 20,
        "coarse-facetted": 5,
        "featureless": 4,
    }


def test_thirteen_are_held_out_and_five_of_them_are_outside_the_hull():
    design = film_design()
    held = design["split"] == "held out"
    found = six().select(~held).support().of(six().select(held))
    assert len(found) == 13
    assert sum(s.flag == "extrapolated" for s in found) == 5
    assert all(not s.out_of_range for s in found)
    assert len(set(design.libraries)) == 9
    assert len(six().distinct()) == len(design) == 123

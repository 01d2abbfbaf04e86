"""The film laws against the structures that were seen in 123 published films."""

import numpy as np
import pytest

from napari_microgen.io.table_csv import read_table
from napari_microgen.simulate.film_rule import film_law
from napari_microgen.simulate.thin_film import _film, read_films

SEEN = {
    "fine grained": "fine-grained",
    "facetted": "facetted",
    "facetted-oriented": "oriented-facetted",
    "smooth-facetted": "smooth-facetted",
    "large facetted": "coarse-facetted",
    "featureless": "featureless",
}


@pytest.fixture(scope="module")
def labelled(real_data):
    folder = real_data("thin-film-conditions")
    path = folder / "02_Classifier_training_set_parameters_complete_data_set.CSV"
    return read_films(path), [SEEN[cell] for cell in read_table(path)["label"].cells]


def test_the_laws_give_the_structures_that_were_seen(labelled):
    """Nine of ten films, and at least seven of ten of each class."""
    films, seen = labelled
    given = [film_law(_film(row)).structure for row in films.rows()]
    agree = np.array([a == b for a, b in zip(given, seen, strict=True)])
    assert agree.mean() >= 0.9
    for name in SEEN.values():
        assert agree[[structure == name for structure in seen]].mean() >= 0.7, name


def test_the_published_table_is_a_design_for_the_simulator(labelled):
    films, _ = labelled
    assert len(films) == 123
    assert films.names == ("temperature", "aluminium", "oxygen", "ionisation", "ion energy", "pressure")
    assert len(set(films.libraries)) == 9

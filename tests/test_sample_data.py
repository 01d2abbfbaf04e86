import numpy as np

from napari_microgen.io.data_bar import propose_data_bar
from napari_microgen.sample_data import (
    sample_fibsem,
    sample_fibsem_labels,
    sample_fibsem_truth,
    sample_film,
    sample_film_crystallites,
    sample_precipitates,
    sample_precipitates_truth,
    sample_sem,
)


def test_stack_and_truth_belong_together():
    image, truth, labels = sample_fibsem(), sample_fibsem_truth(), sample_fibsem_labels()
    assert image.shape == truth.shape == labels.shape == (24, 256, 256)
    assert image.voxel_size == truth.voxel_size == labels.voxel_size == (25.0, 18.6, 18.6)
    np.testing.assert_array_equal(np.asarray(truth) == 1, np.asarray(labels) == 1)
    assert set(np.unique(labels.data)) == {1, 2, 3}
    assert set(np.unique(truth.data)) == {0, 1}
    means = [np.asarray(image)[np.asarray(labels) == v].mean() for v in (1, 3, 2)]
    assert means == sorted(means, reverse=True)


def test_samples_are_named_simulated_and_seeded():
    for sample in (sample_fibsem, sample_fibsem_labels, sample_sem, sample_film, sample_precipitates_truth):
        assert "simulated" in sample().name
    assert sample_fibsem().content_hash() == sample_fibsem().content_hash()
    assert sample_fibsem(1).content_hash() != sample_fibsem().content_hash()


def test_data_bar_is_found_where_it_is():
    image = sample_sem()
    assert propose_data_bar(image.data) == image.metadata["data_bar_rows"] == 28
    assert propose_data_bar(image.data[:-28]) == 0


def test_films_and_alloys_come_with_their_truth():
    film, cells = sample_film(), sample_film_crystallites()
    assert film.shape == cells.shape == (384, 512)
    assert film.voxel_size == cells.voxel_size == (3.7, 3.7)
    assert np.asarray(cells).min() == 1
    alloy, particles = np.asarray(sample_precipitates()), np.asarray(sample_precipitates_truth())
    assert alloy[particles > 0].mean() > alloy[particles == 0].mean() + 30

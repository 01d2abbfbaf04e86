import numpy as np
import pytest

from napari_microgen.sample_data import sample_fibsem, sample_fibsem_labels
from napari_microgen.segment.annotation import annotate
from napari_microgen.segment.phase_map import segment
from napari_microgen.segment.scores import score
from napari_microgen.volume import Volume


def test_classes_and_their_fractions():
    labels = annotate(sample_fibsem())
    values, counts = np.unique(np.asarray(labels), return_counts=True)
    assert values.tolist() == [1, 2, 3]
    fraction = labels.facts["class_fraction"]
    assert set(fraction) == {"0", "1", "2", "3"}
    assert fraction["0"] == 0
    assert [fraction[str(v)] for v in values] == pytest.approx(counts / labels.data.size)


def test_otsu_annotation_is_the_otsu_phase_map():
    labels, phases = annotate(sample_fibsem(), method="otsu"), segment(sample_fibsem())
    np.testing.assert_array_equal(np.asarray(labels) == 1, np.asarray(phases) == 1)
    assert set(np.unique(np.asarray(labels))) == {1, 2}


def test_hybrid_annotation_is_the_hybrid_phase_map_with_pore_where_otsu_says_so():
    labels = np.asarray(annotate(sample_fibsem()))
    np.testing.assert_array_equal(labels == 1, np.asarray(segment(sample_fibsem(), method="hybrid")) == 1)
    np.testing.assert_array_equal(labels == 2, np.asarray(segment(sample_fibsem())) == 0)


def test_shine_through_is_truly_shine_through():
    """Most of what is labelled 3 is pore in truth, and nearly all of it brighter than midway."""
    labels, truth = np.asarray(annotate(sample_fibsem())), np.asarray(sample_fibsem_labels())
    marked = truth[labels == 3]
    assert (marked != 1).mean() > 0.7
    assert (marked == 3).mean() > 0.7


def test_annotation_scores_against_exact_labels():
    found = score(annotate(sample_fibsem()), sample_fibsem_labels(), compare="phases")
    assert found["accuracy"] >= 0.89


def test_a_single_image():
    image = Volume(sample_fibsem().plane(0), "YX")
    labels = annotate(image)
    assert labels.axes == "YX"
    assert labels.facts["superpixel_area"] >= 20

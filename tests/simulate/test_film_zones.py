"""The structure classes can be seen: ten plain statistics of an image tell them apart."""

from itertools import pairwise

import numpy as np
from scipy import ndimage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from napari_microgen.progress import finish
from napari_microgen.simulate.film_design import film_design
from napari_microgen.simulate.film_rule import CLASSES, UNITS, FilmConditions, film_law
from napari_microgen.simulate.thin_film import film_sample

BANDS = (0, 0.02, 0.04, 0.07, 0.12, 0.2, 0.71)
"""Spatial frequencies in cycles per pixel."""


def statistics(image):
    """Power in bands, contrast, skewness, and how much the gradients lean to one or three directions."""
    grey = image / 255 - image.mean() / 255
    frequency = np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1])[None])
    power = np.abs(np.fft.fft2(grey)) ** 2
    bands = [power[(frequency > a) & (frequency <= b)].sum() for a, b in pairwise(BANDS)]
    down, right = np.gradient(ndimage.gaussian_filter(grey, 1))
    size, angle = np.hypot(down, right), np.arctan2(down, right)
    two, three = (abs((size * np.exp(1j * m * angle)).sum()) / size.sum() for m in (2, 3))
    return [
        *np.log(bands / np.sum(bands)),
        np.log(grey.std()),
        (grey**3).mean() / grey.std() ** 3,
        two,
        three,
    ]


def test_plain_statistics_tell_the_six_classes_apart():
    """Six films of each class of the design, discriminant analysis, leave one out; chance is 1/6."""
    rows = list(film_design().select(names=list(UNITS)).rows())
    films = [FilmConditions(**{name.replace(" ", "_"): v for name, v in row.items()}) for row in rows]
    of_class = {name: [film for film in films if film_law(film).structure == name] for name in CLASSES}
    vectors, truth = [], []
    for place, chosen in enumerate(of_class.values()):
        for copy, index in enumerate(np.linspace(0, len(chosen) - 1, 6).round().astype(int)):
            image = finish(film_sample(chosen[index], (192, 192), seed=[place, copy])).image
            vectors.append(statistics(image))
            truth.append(place)
    vectors = (np.array(vectors) - np.mean(vectors, axis=0)) / np.std(vectors, axis=0)
    found = cross_val_predict(LinearDiscriminantAnalysis(), vectors, truth, cv=LeaveOneOut())
    assert np.mean(found == truth) >= 0.8
    for name in ("coarse-facetted", "featureless"):
        own = np.array(truth) == CLASSES.index(name)
        assert np.mean(found[own] == CLASSES.index(name)) >= 0.85

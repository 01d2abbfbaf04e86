"""What the simulated films and precipitates hold: sizes, classes, densities, and how well they can be seen.

Films: mean Feret diameter of the crystallites as drawn against the law, and of the bright particles that the
published recipe finds in the images. Precipitates: area fractions against the closed form in standard errors,
and the area under the curve of a classifier in three principal components of persistence images, for half the
density and for the same.
"""

import math
import time
from collections import Counter
from dataclasses import replace

import numpy as np
from report import arguments, emit

FERET_BIAS, AUC_HALF, AUC_SAME = 0.03, 0.92, 0.58
CHIPS = 300


def films(size, step):
    """Return figures over every ``step``-th film of the built-in design."""
    from napari_microgen.progress import finish
    from napari_microgen.quantify.particle_recipe import particles_of_image
    from napari_microgen.simulate.film_design import film_design
    from napari_microgen.simulate.film_rule import UNITS, FilmConditions
    from napari_microgen.simulate.thin_film import film_sample

    table = film_design().select(names=list(UNITS))
    expected, drawn, found, spent = [], [], [], []
    finish(film_sample(FilmConditions(), (64, 64)))
    for row in list(table.rows())[::step]:
        conditions = FilmConditions(**{name.replace(" ", "_"): value for name, value in row.items()})
        start = time.perf_counter()
        sample = finish(film_sample(conditions, (size, size), seed=len(expected)))
        spent.append(time.perf_counter() - start)
        expected.append(sample.law.feret)
        drawn.append(sample.surface.ferets.mean())
        if sample.law.structure != "featureless":
            particles = finish(particles_of_image(sample.image, (0.0037, 0.0037)))
            found.append(
                (sample.law.feret, 1e3 * np.average(particles["feret_diameter"], weights=particles["weight"]))
            )
    ratio = np.array(drawn) / np.array(expected)
    large = np.array(expected) > 37
    law, seen = np.log(np.array(found)).T
    return {
        "films": len(expected),
        "feret_drawn_over_law": {
            "10 px and more": round(float(ratio[large].mean()), 4),
            "all": round(float(ratio.mean()), 4),
        },
        "largest_deviation_10_px": round(float(np.abs(ratio[large] - 1).max()), 4),
        "correlation_of_log_feret_seen_and_law": round(float(np.corrcoef(law, seen)[0, 1]), 3),
        "seconds_per_image": round(float(np.median(spent)), 3),
    }


def structures():
    """Return how often each class occurs in the built-in design, and its held-out rows outside the hull."""
    from napari_microgen.simulate.film_design import film_design
    from napari_microgen.simulate.film_rule import UNITS, FilmConditions, film_law

    design = film_design()
    six = design.select(names=list(UNITS))
    counts = Counter(
        film_law(FilmConditions(**{n.replace(" ", "_"): v for n, v in row.items()})).structure
        for row in six.rows()
    )
    held = design["split"] == "held out"
    flags = Counter(six.select(~held).support().flags(six.select(held)))
    return {"structures": dict(counts.most_common()), "held_out": dict(flags)}


def precipitates():
    """Return area fractions in standard errors of the closed form, and areas under the curve."""
    from napari_microgen.simulate.precipitate_rule import TEMPERS, PrecipitateLaw, precipitate_law
    from napari_microgen.simulate.precipitates import precipitate_sample

    deviations = []
    for temper in TEMPERS:
        law = precipitate_law(temper, 10.0, 510.0)
        values = [precipitate_sample(law, (256, 256), seed=s).value for s in range(40)]
        for level in (0.0, 0.1, 0.3, 0.5, 0.6):
            counted = np.array([np.mean(value > level) for value in values])
            error = counted.std(ddof=1) / math.sqrt(len(values))
            deviations.append(abs(counted.mean() - law.area_fraction(level)) / error)
    anchor = PrecipitateLaw(density=25 / 12.8**2, radius=0.1 * math.exp(0.8), elongation=1.001)
    half = replace(anchor, density=anchor.density / 2)
    return {
        "area_fraction_largest_deviation_in_standard_errors": round(float(max(deviations)), 2),
        "auc_half_density": [told_apart(anchor, half, seed) for seed in range(3)],
        "auc_same_density": [told_apart(anchor, anchor, seed) for seed in range(3)],
    }


def told_apart(first, second, seed):
    """Return the area under the curve of a classifier, five folds."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    from napari_microgen.quantify.persistence import persistence_of_patches
    from napari_microgen.quantify.persistence_image import persistence_images
    from napari_microgen.simulate.precipitates import precipitate_sample

    def vectors(law, kind):
        images = [
            precipitate_sample(law, (128, 128), seed=[seed, kind, s], variety=False).image
            for s in range(CHIPS)
        ]
        rings = [found.rings / 255 for found in persistence_of_patches(images)]
        return persistence_images(rings).reshape(CHIPS, -1)

    real = vectors(first, 0)
    points = PCA(3).fit(real).transform(np.concatenate([real, vectors(second, 1)]))
    classes = np.repeat([0, 1], CHIPS)
    folds = cross_val_score(LogisticRegression(), points, classes, cv=5, scoring="roc_auc")
    return round(float(folds.mean()), 3)


def main():
    """Print one JSON line."""
    parser = arguments(__doc__, size=320)
    parser.add_argument("--step", type=int, default=4, help="take every n-th film of the design")
    options = parser.parse_args()
    design, made, alloy = structures(), films(options.size, options.step), precipitates()
    bias = abs(made["feret_drawn_over_law"]["10 px and more"] - 1)
    passed = bias <= FERET_BIAS and min(alloy["auc_half_density"]) >= AUC_HALF
    passed = passed and max(alloy["auc_same_density"]) <= AUC_SAME and design["held_out"]["extrapolated"] == 5
    emit(
        options,
        benchmark="simulated_series",
        size=options.size,
        **design,
        **made,
        **alloy,
        target={"feret_bias": FERET_BIAS, "auc_half": AUC_HALF, "auc_same": AUC_SAME},
        passed=passed,
    )


if __name__ == "__main__":
    main()

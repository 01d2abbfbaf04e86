"""Importance by regression against the truth by intervention, on the factors of the simulated porous series.

The simulator has three factors: relative density, share of micro particles, size of the structure. What each
does to the conductivity is found by intervention: the same sample is simulated again with one factor at its
mean over the series, and the mean absolute change is the importance. The regression sees only the table of
the 18 samples, in which density and size rise together with the temperature, and noise. Its mean absolute
SHAP values are the same quantity, so size and order can be compared, over 100 draws of the noise. It is
fitted to the logarithms of conductivity and density, which a power law makes a line, and once more without
them. What is done is kept in ``--cache``.
"""

import json
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from report import arguments, emit, seconds
from structure_to_property import DENSE, MATERIALS, NOISE, TEMPERATURES

FACTORS = ("relative_density", "size", "micro_share")
DRAWS, MOSTLY = 100, 0.9
"""Draws of the noise, and the share of them in which the order must be that of the truth."""


def settings():
    """Return the factors of every sample of the series."""
    from napari_microgen.simulate.sintering import MATERIALS as PASTES
    from napari_microgen.simulate.sintering import relative_density, smoothing_length

    return {
        (material, temperature): {
            "relative_density": relative_density(PASTES[material], temperature),
            "size": smoothing_length(PASTES[material], temperature),
            "micro_share": PASTES[material].micro_density,
        }
        for material in MATERIALS
        for temperature in TEMPERATURES
    }


def conductivity(material, temperature, factors, size):
    """Return the conductivity of a sample with these factors; the random numbers are those of the sample."""
    from napari_microgen.io.reading import read
    from napari_microgen.simulate import porous
    from napari_microgen.simulate.conductivity import effective_conductivity

    paste = replace(
        porous.MATERIALS[material],
        density_cold=factors["relative_density"],
        density_hot=factors["relative_density"],
        smoothing_cold=factors["size"],
        smoothing_hot=factors["size"],
        micro_density=factors["micro_share"],
    )
    known = porous.MATERIALS
    porous.MATERIALS = {material: paste}
    try:
        with tempfile.TemporaryDirectory() as folder:
            shape = (size * 3 // 4, size, size)
            seed = 10_000 * MATERIALS.index(material) + 10 * temperature
            options = {"temperature": temperature, "shape": shape, "seed": seed}
            porous.simulate_porous(Path(folder), material=material, **options)
            labels = read(Path(folder) / "phase_map.tif", kind="labels")
            solid, spacing = np.asarray(labels.data) == 1, labels.spacing("nm")
    finally:
        porous.MATERIALS = known
    along = [effective_conductivity(solid, spacing, axis, tolerance=1e-4).value for axis in range(3)]
    return DENSE * statistics.fmean(along)


def interventions(size, cache):
    """Return for each sample its conductivity as it is, and with each factor at its mean over the series."""
    path = Path(cache) / f"importance_truth_{size}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    known = {(entry["material"], entry["temperature"]) for entry in done}
    every = settings()
    mean = {name: statistics.fmean(factors[name] for factors in every.values()) for name in FACTORS}
    with path.open("a") as file:
        for key, factors in every.items():
            if key in known:
                continue
            found = {"as it is": conductivity(*key, factors, size)}
            for name in FACTORS:
                found[name] = conductivity(*key, factors | {name: mean[name]}, size)
            done.append({"material": key[0], "temperature": key[1], "factors": factors, "found": found})
            file.write(json.dumps(done[-1]) + "\n")
            file.flush()
    return done


def by_intervention(done, scale):
    """Return the mean absolute change when a factor is set to its mean, and its standard error."""
    result = {}
    for name in FACTORS:
        changes = [abs(scale(e["found"]["as it is"]) - scale(e["found"][name])) for e in done]
        result[name] = [statistics.fmean(changes), statistics.stdev(changes) / len(changes) ** 0.5]
    return result


def by_regression(done, scale, seed):
    """Return the mean absolute SHAP values of the factors in a table with noise."""
    from napari_microgen.regress.importance import global_importance, linear_shap
    from napari_microgen.regress.linear import fit

    noise = np.random.default_rng(seed).standard_normal(len(done))
    target = np.array([entry["found"]["as it is"] for entry in done]) * (1 + NOISE * noise)
    features = np.array([[entry["factors"][name] for name in FACTORS] for entry in done])
    features[:, 0] = scale(features[:, 0])
    model = fit(features, scale(target), tuple(FACTORS))
    found = global_importance(model.features, linear_shap(model, features, features))
    return dict(zip(found.names, found.mean_absolute.tolist(), strict=True))


def compared(done, scale):
    """Return truth and regression side by side."""
    truth = by_intervention(done, scale)
    order = sorted(truth, key=lambda name: -truth[name][0])
    drawn = [by_regression(done, scale, seed) for seed in range(DRAWS)]
    return {
        "order": order,
        "by_intervention": truth,
        "by_regression": {name: statistics.median(entry[name] for entry in drawn) for name in order},
        "first_agrees": statistics.fmean(next(iter(entry)) == order[0] for entry in drawn),
        "order_agrees": statistics.fmean(list(entry) == order for entry in drawn),
    }


def main():
    parser = arguments(__doc__, size=128)
    parser.add_argument("--cache", default="benchmarks/results", help="folder for finished samples")
    options = parser.parse_args()
    done = []
    spent = seconds(lambda: done.extend(interventions(options.size, options.cache)))
    power, line = compared(done, np.log), compared(done, np.asarray)
    emit(
        options,
        benchmark="importance_truth",
        size=options.size,
        seconds=round(spent, 1),
        accuracy={"draws": DRAWS, "power_law": power, "line": line},
        target={"first_agrees": 1.0, "order_agrees_power_law": MOSTLY},
        passed=power["first_agrees"] == line["first_agrees"] == 1 and power["order_agrees"] >= MOSTLY,
    )


if __name__ == "__main__":
    main()

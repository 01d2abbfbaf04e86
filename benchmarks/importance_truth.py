"""Importance by regression against the truth by intervention, on the factors of the simulated porous series.

The simulator has three factors: relative density, size of the structure, share of micro particles. What each
does to the conductivity is found by intervention: the same sample is simulated again with one factor at its
mean over the series, and the mean absolute change is the importance. The regression sees only the table of
the 18 samples, in which density and size rise together with the temperature, and noise. Its mean absolute
SHAP values are the same quantity, so size and order can be compared. What is done is kept in ``--cache``.
"""

import json
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from report import arguments, emit, seconds
from structure_to_property import DENSE, MATERIALS, NOISE, TEMPERATURES

FACTORS = {"relative_density": "1", "size": "nm", "micro_share": "1"}


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


def by_intervention(done):
    """Return the mean absolute change of the conductivity when a factor is set to its mean."""
    return {
        name: statistics.fmean(abs(entry["found"]["as it is"] - entry["found"][name]) for entry in done)
        for name in FACTORS
    }


def by_regression(done):
    """Return the result of the regression on the table of factors with noise."""
    from napari_microgen.io.table_csv import write_table
    from napari_microgen.regress.operation import regress

    noise = np.random.default_rng(0).standard_normal(len(done))
    columns = {"sample": [f"{entry['material']} {entry['temperature']}" for entry in done]}
    columns |= {name: [entry["factors"][name] for entry in done] for name in FACTORS}
    columns["conductivity"] = [
        entry["found"]["as it is"] * (1 + NOISE * value) for entry, value in zip(done, noise, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "factors.csv"
        write_table(path, columns, FACTORS | {"conductivity": "MS/m"})
        return regress(path, target="conductivity", features=tuple(FACTORS), models="full")


def main():
    parser = arguments(__doc__, size=128)
    parser.add_argument("--cache", default="benchmarks/results", help="folder for finished samples")
    options = parser.parse_args()
    done = []
    spent = seconds(lambda: done.extend(interventions(options.size, options.cache)))
    truth, result = by_intervention(done), by_regression(done)
    found = result["importance"]
    ordered = sorted(truth, key=truth.get, reverse=True)
    emit(
        options,
        benchmark="importance_truth",
        size=options.size,
        seconds=round(spent, 1),
        accuracy={
            "by_intervention": truth,
            "by_regression": found,
            "interval_95": {name: result["importance_details"][name]["interval_95"] for name in found},
            "r2": result["best"]["r2"],
            "correlation": dict(
                zip(result["collinearity"]["features"], result["collinearity"]["correlation"], strict=True)
            ),
        },
        target={"order": ordered},
        passed=list(found) == ordered,
    )


if __name__ == "__main__":
    main()

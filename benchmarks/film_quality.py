"""Simulated films (built-in design): is the mean Feret diameter right, seen and held out?

Mean Feret diameter of the particles that the published recipe finds in patches of 64 px, per condition,
against new real patches of the same condition; beside it two draws of real images (the floor), and what
copying the nearest training condition or a straight line between training conditions would give. All images
are simulated.

``python benchmarks/film_quality.py --work DIR --methods edm,cgan --minutes 60``
"""

import csv

import numpy as np
from quality import (
    described,
    memorised,
    patches_of,
    quality_arguments,
    sampled,
    seeds,
    summary,
    trained,
    training_facts,
)
from report import emit

SIDE = 64
SEEN, HELD_OUT, BIAS, COPIES = 3.0, 6.0, 1.0, 0.55
NUMBERS = ("temperature", "aluminium", "oxygen", "ionisation", "ion energy", "pressure")
COLUMNS = ("--where", "split=train", "--columns", ",".join(NUMBERS))
HOW = {
    "edm": ("edm", (*COLUMNS, "--log1p", "ion energy,ionisation")),
    "edm-no-vicinity": ("edm", (*COLUMNS, "--log1p", "ion energy,ionisation", "--vicinity", 0)),
    "cgan": ("cgan", (*COLUMNS, "--preset", "thin-film")),
}


def series(options):
    """Return the folder of the series, simulated now if it is not there, and its rows."""
    from napari_microgen.progress import finish
    from napari_microgen.simulate.thin_film import simulate_thin_film

    folder = options.work / "film"
    finish(simulate_thin_film.steps(folder, labels=False))
    with (folder / "conditions.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return folder, [{key.partition(" [")[0]: value for key, value in row.items()} for row in rows]


def chosen(rows, seen):
    """Return training rows spread over the design, the held-out rows, and the support of the latter."""
    training = [row for row in rows if row["split"] == "train"]
    places = np.linspace(0, len(training) - 1, seen).round().astype(int)
    return [training[place] for place in places], [row for row in rows if row["split"] != "train"]


def real_patches(options, kind, rows):
    """Return patches of new micrographs of each row, shape (rows, count, R, C); kept."""
    from napari_microgen.progress import finish
    from napari_microgen.simulate.film_rule import FilmConditions
    from napari_microgen.simulate.thin_film import film_sample

    kept = options.work / f"{kind}-{len(rows)}-{options.count}.npy"
    if not kept.exists():
        stack, first = [], {"real": 10_000, "again": 20_000}[kind]
        for place, row in enumerate(rows):
            conditions = FilmConditions(**{name.replace(" ", "_"): float(row[name]) for name in NUMBERS})
            number = -(-options.count // 70)
            shots = [
                finish(film_sample(conditions, (448, 640), seed=first + 100 * place + k)).image
                for k in range(number)
            ]
            stack.append(patches_of(np.array(shots), SIDE, options.count, 0))
        np.save(kept, np.array(stack))
    return np.load(kept)


def training_feret(options, folder, rows):
    """Return the mean Feret diameter of the micrograph of each training row."""
    from napari_microgen.io.reading import read

    kept = options.work / "training-patches.npy"
    if not kept.exists():
        shots = [np.asarray(read(folder / "images" / row["file"]).data)[None] for row in rows]
        np.save(kept, np.array([patches_of(shot, SIDE, 50, 0) for shot in shots]))
    return feret(options, "training", np.load(kept))


def baselines(rows, values, judged):
    """Return what a copy of the nearest training condition and a straight line would give."""
    from napari_microgen.compare.baselines import linear_prediction

    def scaled(some):
        numbers = np.array([[float(row[name]) for name in NUMBERS] for row in some])
        numbers[:, 3:5] = np.log1p(numbers[:, 3:5])
        return numbers

    known, wanted = scaled(rows), scaled(judged)
    low, span = known.min(0), np.ptp(known, axis=0)
    known, wanted = (known - low) / span, (wanted - low) / span
    distance = np.linalg.norm(known[None] - wanted[:, None], axis=2)
    line = [linear_prediction(known, values[:, None], point)[0] for point in wanted]
    return {"nearest_condition_copy": values[distance.argmin(1)], "linear_interpolation": np.array(line)}


def feret(options, name, images):
    """Return the mean Feret diameter of each condition in px, NaN where nothing is found."""
    found = described(options, name, images, particles="image")["feret_diameter"]
    return np.nanmean(found, axis=1)


def errors(real, other, groups):
    """Return mean absolute error, worst error and bias in per cent, and R2, of each group of conditions."""
    from napari_microgen.compare.series import r_squared

    share = 100 * (other / real - 1)
    return {
        name: {
            "mape": round(float(np.abs(share[rows]).mean()), 2),
            "worst": round(float(np.abs(share[rows]).max()), 2),
            "bias": round(float(share[rows].mean()), 2),
            "r2": round(r_squared(real[rows], other[rows]), 3),
        }
        for name, rows in groups.items()
    }


def main():
    parser = quality_arguments(__doc__.split("\n", 1)[0], "edm,cgan")
    parser.add_argument("--seen", type=int, default=18, help="training conditions to judge")
    parser.add_argument("--searched", type=int, default=6, help="images of each searched for copies")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    folder, rows = series(options)
    seen, held_out = chosen(rows, options.seen)
    judged = seen + held_out
    conditions = [{name: float(row[name]) for name in NUMBERS} for row in judged]
    real_images = real_patches(options, "real", judged)
    real = feret(options, "real", real_images)
    again = feret(options, "again", real_patches(options, "again", judged))
    training = [row for row in rows if row["split"] == "train"]
    known = training_feret(options, folder, training)
    trained_on = np.load(options.work / "training-patches.npy")[[training.index(row) for row in seen]]
    flags, result, fits, copies = None, {}, {}, {}
    for method in options.methods.split(","):
        base, extra = HOW[method]
        found = []
        for seed in seeds(options):
            name = f"{method}-{seed}"
            model = trained(options, name, base, folder / "images", folder / "conditions.csv", seed, extra)
            if flags is None:
                from napari_microgen.generate.model import read_generator

                flags = [s.flag for s in read_generator(model).support.of(conditions)]
                groups = groups_of(flags, len(seen))
            images = sampled(options, name, conditions, options.count)
            found.append(errors(real, feret(options, name, images), groups))
            fits[name] = training_facts(options, name)
            count = min(options.count, trained_on.shape[1])
            shown = images[: len(seen), : options.searched]
            copies[name] = memorised(shown, trained_on[:, :count], real_images[: len(seen), :count])
        result[method] = {
            group: {key: summary([row[group][key] for row in found]) for key in found[0][group]}
            for group in groups
        }
    for name, values in baselines(training, known, judged).items():
        result[name] = errors(real, values, groups)
    edm = result.get("edm", {})
    passed = all(
        edm[group]["mape"]["mean"] <= limit
        for group, limit in (("seen", SEEN), ("held out, inside", HELD_OUT))
        if group in edm
    )
    passed &= all(row["memorisation_auc"] <= COPIES for name, row in copies.items() if name.startswith("edm"))
    emit(
        options,
        benchmark="film_quality",
        size=SIDE,
        minutes=options.minutes,
        images_per_condition=options.count,
        accuracy={
            "feret_per_cent": result,
            "floor": errors(real, again, groups),
            "copies": copies,
        },
        trainings=fits,
        target={"seen": SEEN, "held_out_inside": HELD_OUT, "bias": BIAS, "memorisation_auc": COPIES},
        passed=bool(passed),
    )


def groups_of(flags, seen):
    """Return the rows of each group of conditions."""
    places = np.arange(len(flags))
    held = places >= seen
    outside = np.array([flag == "extrapolated" for flag in flags])
    groups = {"seen": ~held, "held out, inside": held & ~outside, "held out, outside": held & outside}
    return {name: places[rows] for name, rows in groups.items() if rows.any()}


if __name__ == "__main__":
    main()

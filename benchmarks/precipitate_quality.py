"""Simulated precipitates: can feed rate and strength be read from generated images?

A regression that has seen real images only reads the conditions from groups of patches: of new real images
(the ceiling), of the images learned from, of ``edm`` with the conditions as numbers, and of the published
``acwgan-gp`` with its bins of low, mid and high. R2 over groups, for each condition, within and over tempers.
All images are simulated.

``python benchmarks/precipitate_quality.py --work DIR --methods edm,acwgan-gp --minutes 30``
"""

import csv

import numpy as np
from quality import (
    described,
    halved,
    patches_of,
    quality_arguments,
    sampled,
    seeds,
    summary,
    trained,
    training_facts,
)
from report import emit

SIDE, CROP = 64, 128
TARGET = 0.9
FIRST = {"train": 0, "again": 200, "read": 1000}
"""Seed of the first draw of each kind."""
MICROGRAPHS = 4
"""Of each specimen, to learn from and to set the ceiling; with one, chance in it decides what is read."""
LARGEST = 2.5
"""Largest standardised descriptor, so that a single odd group does not decide."""
NUMBERS = ("feed rate", "strength")
HOW = {
    "edm": ("edm", ("--crop-size", CROP, "--patch-size", SIDE, "--augment", "isotropic")),
    "acwgan-gp": ("acwgan-gp", ("--crop-size", CROP, "--patch-size", CROP, "--augment", "isotropic")),
}
COLUMNS = ("--columns", "temper,feed rate,strength")


def series(options, kind):
    """Return folder and rows of a draw of the series, such as ``read3``; simulated if it is not there."""
    from napari_microgen.progress import finish
    from napari_microgen.simulate.precipitates import simulate_precipitates

    folder, name = options.work / kind, kind.rstrip("0123456789")
    seed = FIRST[name] + int(kind.removeprefix(name))
    finish(simulate_precipitates.steps(folder, labels=False, seed=seed))
    with (folder / "conditions.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return folder, [{key.partition(" [")[0]: value for key, value in row.items()} for row in rows]


def training_files(options):
    """Return a folder and a table with the micrographs of all draws to learn from."""
    import shutil

    folder, table = options.work / "train", options.work / "train.csv"
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for number in range(MICROGRAPHS):
            place, _ = series(options, f"train{number}")
            head, *rows = (place / "conditions.csv").read_text(encoding="utf-8").splitlines()
            for row in rows:
                name, _, rest = row.partition(",")
                shutil.copyfile(place / "images" / name, folder / f"{number}-{name}")
                lines.append(f"{number}-{name},{rest}")
        table.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return folder, table


def draws(options, name, number):
    """Return descriptors of groups of patches of some draws, shape (rows, groups, K)."""
    found = []
    for place in range(number):
        folder, rows = series(options, f"{name}{place}")
        rows = [row for row in rows if row["strength"]]
        kind = f"{name}{place}"
        found.append(groups_of(options, kind, real_patches(options, kind, rows, folder)))
    return np.concatenate(found, axis=1)


def real_patches(options, kind, rows, folder):
    """Return patches of the micrographs of a draw, shape (rows, count, R, C)."""
    from napari_microgen.io.reading import read

    kept = options.work / f"{kind}-{options.count}.npy"
    if not kept.exists():
        stack = []
        for row in rows:
            image = halved(np.asarray(read(folder / "images" / row["file"]).data)[None])
            stack.append(patches_of(image, SIDE, options.count, 0))
        np.save(kept, np.array(stack))
    return np.load(kept)


def groups_of(options, name, images):
    """Return mean and spread of the descriptors of groups of patches, shape (rows, groups, K)."""
    found = described(options, name, images, threshold=0.45)
    values = np.stack([found[key] for key in sorted(found)], axis=-1)
    rows, count, k = values.shape
    grouped = values[:, : count // options.group * options.group].reshape(rows, -1, options.group, k)
    mean = np.nan_to_num(np.nanmean(grouped, axis=2))
    return np.concatenate([mean, np.nan_to_num(np.nanstd(grouped, axis=2))], axis=-1)


class Reading:
    """Ridge regression from descriptors and their squares to the conditions, one per temper."""

    def __init__(self, groups, targets, tempers):
        from napari_microgen.compare.read_back import ridge_regression

        flat = groups.reshape(-1, groups.shape[-1])
        self.centre, self.scale = np.median(flat, axis=0), flat.std(0) + 1e-12
        self.rules = {}
        for temper in sorted(set(tempers)):
            rows = tempers == temper
            x = self.coordinates(groups[rows])
            y = np.repeat(targets[rows], groups.shape[1], axis=0)
            known = np.isfinite(y).all(axis=1)
            flat_x, middle = x.reshape(-1, x.shape[-1])[known], y[known].mean(0)
            base = flat_x.mean(0)
            self.rules[temper] = (base, middle, ridge_regression(flat_x - base, y[known] - middle))

    def coordinates(self, groups):
        """Return standardised descriptors and their squares."""
        x = np.clip((groups - self.centre) / self.scale, -LARGEST, LARGEST)
        return np.concatenate([x, x**2], axis=-1)

    def scores(self, groups, targets, tempers):
        """Return R2 of each condition, over groups and over condition means."""
        read = np.full((*groups.shape[:2], targets.shape[1]), np.nan)
        for temper, (base, middle, rule) in self.rules.items():
            rows = tempers == temper
            read[rows] = (self.coordinates(groups[rows]) - base) @ rule + middle
        found = {}
        for place, name in enumerate(NUMBERS):
            known = np.isfinite(targets[:, place])
            truth, guess = targets[known, place], read[known, :, place]
            total = ((truth - truth.mean()) ** 2).sum()
            found[name] = float(1 - ((guess - truth[:, None]) ** 2).mean(1).sum() / total)
            found[f"{name}, mean of the condition"] = float(1 - ((guess.mean(1) - truth) ** 2).sum() / total)
        return found


def main():
    parser = quality_arguments(__doc__.split("\n", 1)[0], "edm,acwgan-gp")
    parser.add_argument("--group", type=int, default=25, help="patches that are read together")
    parser.add_argument(
        "--readers", type=int, default=8, help="draws of the series the regression learns from"
    )
    options = parser.parse_args()
    options.count = min(options.count, 70)
    options.work.mkdir(parents=True, exist_ok=True)
    images, table = training_files(options)
    rows = [row for row in series(options, "train0")[1] if row["strength"]]
    tempers = np.array([row["temper"] for row in rows])
    targets = np.array([[float(row[name]) for name in NUMBERS] for row in rows])
    reading = Reading(draws(options, "read", options.readers), targets, tempers)
    ceiling = reading.scores(draws(options, "again", MICROGRAPHS), targets, tempers)
    learned = reading.scores(draws(options, "train", MICROGRAPHS), targets, tempers)
    conditions = [{"temper": row["temper"]} | {name: float(row[name]) for name in NUMBERS} for row in rows]
    result, fits = {}, {}
    for method in options.methods.split(","):
        base, extra = HOW[method]
        found = []
        for seed in seeds(options):
            name = f"{method}-{seed}"
            trained(options, name, base, images, table, seed, (*extra, *COLUMNS))
            made = sampled(options, name, conditions, options.count)
            made = halved(made) if made.shape[-1] == CROP else made
            found.append(reading.scores(groups_of(options, name, made), targets, tempers))
            fits[name] = training_facts(options, name)
        result[method] = {key: summary([row[key] for row in found]) for key in found[0]}
    emit(
        options,
        benchmark="precipitate_quality",
        size=SIDE,
        minutes=options.minutes,
        images_per_condition=options.count,
        group=options.group,
        accuracy={
            "read_back_r2": result,
            "ceiling": {k: round(v, 4) for k, v in ceiling.items()},
            "images_learned_from": {k: round(v, 4) for k, v in learned.items()},
        },
        trainings=fits,
        target={"read_back_r2": TARGET},
        passed="edm" in result
        and all(result["edm"][f"{n}, mean of the condition"]["mean"] >= TARGET for n in NUMBERS),
    )


if __name__ == "__main__":
    main()

"""One report per simulated series, as ``microgen compare`` writes it, with the papers' rows beside ours.

``films`` is the task of Banko et al. 2020 (18 seen and all held-out conditions), ``porous`` that of Wijaya et
al. 2024 (six temperatures, three pastes), ``precipitates`` that of Howland et al. (feed rate and strength,
two tempers). Real images are simulated anew, several micrographs of each condition that no generator has
seen. All images are simulated; the papers' numbers are as printed for their own images.

    python benchmarks/series_report.py --series films --model builtin:thin-film --work DIR --out docs/reports
    python benchmarks/series_report.py --series porous --model DIR/models/edm-0 --work DIR --out docs/reports
    python benchmarks/series_report.py --series precipitates --model DIR/models/edm-0 \\
        --paper DIR/models/acwgan-gp-0 --work DIR --out docs/reports

``--work`` may be that of `film_quality.py`, `porous_quality.py` or `precipitate_quality.py`: what was
simulated there is used again, and so are images that were made here before.
"""

import json
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import film_quality
import numpy as np
import porous_quality
import precipitate_quality
from quality import halved, patches_of
from report import arguments, emit

SIDE = 64
OWN = {"films": "thin films", "porous": "sintered solids", "precipitates": "precipitates"}
REFERENCE = {"sampler": "reference", "evaluations": 79}
SAID = {"synthetic": "The generator is ", "paper": "The paper's model, trained on the same images, is "}
SIMULATED = (
    "All images of this report are simulated, also those called real: new micrographs of the same simulator "
    "that the generator has never seen. What the papers print is for their own images."
)


@dataclass(frozen=True)
class Series:
    """Real and training images of a series, and how to compare them."""

    rows: list
    """Conditions to judge, one dict each."""
    units: dict
    """Units of the conditions that are numbers."""
    real: list
    """For each row, micrographs of shape (n, R, C), new ones."""
    training: list
    """Micrographs the generator was trained on, as pairs of a row and an array (n, R, C)."""
    pixel: float
    """In micrometre."""
    choices: dict
    """Options of the comparison."""
    what: str
    """The series in words."""


def films(options):
    """Return the film series: 18 seen conditions, 13 held-out ones."""
    from napari_microgen.io.reading import read

    folder, rows = film_quality.series(options)
    seen, held_out = film_quality.chosen(rows, 18)
    names = film_quality.NUMBERS

    def numbers(row):
        return {name: float(row[name]) for name in names}

    judged = seen + held_out
    options.count = options.patches  # of each micrograph
    kinds = ("real", "again")[: options.micrographs]
    patches = [film_quality.real_patches(options, kind, judged) for kind in kinds]
    for number in range(len(kinds), options.micrographs):
        kept = options.work / f"more{number}-{len(judged)}-{options.count}.npy"
        if not kept.exists():
            np.save(
                kept,
                np.array([more_patches(options, numbers(row), number, k) for k, row in enumerate(judged)]),
            )
        patches.append(np.load(kept))
    training = [
        (numbers(row), np.asarray(read(folder / "images" / row["file"]).data)[None])
        for row in rows
        if row["split"] == "train"
    ]
    return Series(
        [numbers(row) for row in judged],
        {"temperature": "C", "aluminium": "at.%", "oxygen": "at.%", "ion energy": "eV", "pressure": "Pa"},
        list(np.stack(patches, axis=1)),
        training,
        0.0037,
        {"particles": "image", "threshold": 0.5},
        "simulated sputtered films (microgen simulate thin-film): 18 conditions of the training and all 13 "
        "held-out ones",
    )


def more_patches(options, row, number, place):
    """Return patches of one more new micrograph of a condition."""
    from napari_microgen.progress import finish
    from napari_microgen.simulate.film_rule import FilmConditions
    from napari_microgen.simulate.thin_film import film_sample

    conditions = FilmConditions(**{name.replace(" ", "_"): value for name, value in row.items()})
    shot = finish(film_sample(conditions, (448, 640), seed=10_000 * (number + 1) + 100 * place)).image
    return patches_of(shot[None], SIDE, options.count, 0)


def porous(options):
    """Return the sintering series: three pastes at six temperatures."""
    rows = [
        {"material": m, "temperature": float(t)}
        for m in porous_quality.MATERIALS
        for t in porous_quality.TEMPERATURES
    ]

    def planes(kind):
        stack = porous_quality.micrographs(options, kind)
        phase = np.uint8(255) * (halved(stack[:, :, : 3 * options.micrographs]) > 127)  # as the generator's
        return phase.reshape(18, -1, len(porous_quality.PLANES), *phase.shape[-2:])

    both = np.concatenate([planes("real"), planes("again")], axis=1)
    training = planes("train")
    return Series(
        rows,
        {"temperature": "C"},
        list(both[:, : options.micrographs]),
        list(zip(rows, training, strict=True)),
        0.0372,
        {"threshold": 0.5},
        "simulated sintered solids (microgen simulate porous): three pastes at six temperatures; a "
        "micrograph is a volume of which three planes far apart are compared; all images are phase maps",
    )


def precipitates(options):
    """Return the precipitates: two tempers, feed rate and strength."""
    options.count = 70
    rows = [row for row in precipitate_quality.series(options, "train0")[1] if row["strength"]]

    def patches(kind):
        place, others = precipitate_quality.series(options, kind)
        others = [row for row in others if row["strength"]]
        return precipitate_quality.real_patches(options, kind, others, place)

    real = [patches(f"read{n}")[:, : options.patches] for n in range(options.micrographs)]
    trained = [patches(f"train{n}") for n in range(options.training_draws)]
    numbers = precipitate_quality.NUMBERS
    wanted = [{"temper": row["temper"]} | {name: float(row[name]) for name in numbers} for row in rows]
    return Series(
        wanted,
        {"feed rate": "mm/s", "strength": "MPa"},
        list(np.stack(real, axis=1)),
        list(zip(wanted, np.stack(trained, axis=1), strict=True)),
        0.2,
        {"threshold": 0.45},
        "simulated precipitates of an extruded alloy (microgen simulate precipitates): 42 specimens of two "
        "tempers with feed rate and strength",
    )


def words_of(called, model):
    """Say what a generator is."""
    card = model.card.get("details", model.card)
    facts = card["training"]
    seen, minutes = facts["steps"] * facts["batch_size"], facts["seconds"] / 60
    return f"{called}: {facts['method']}, {seen:,} images in {minutes:.0f} minutes, seed {facts['seed']}."


def images_of(options, model, rows, count, kept):
    """Return the file of ``count`` images of each row, shape (rows, count, R, C); made if it is not there."""
    from napari_microgen.generate.images import make_images
    from napari_microgen.progress import finish

    key = sha256(json.dumps([model.sha256, rows, count]).encode()).hexdigest()[:12]
    path = options.work / "series" / f"{kept}-{key}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        many = [row for row in rows for _ in range(count)]
        steps = make_images(model, many, seed=1, device=options.device, threads=options.threads)
        images = finish(steps).images
        np.save(path, images.reshape(len(rows), count, *images.shape[1:]))
    return path


def at_side(images):
    """Return images of 64 px; those of 128 px at half the resolution."""
    return halved(images) if images.shape[-1] == 2 * SIDE else images


def written(folder, name, series, groups):
    """Write micrographs as a stack with its table.

    ``groups`` holds pairs of a row and its micrographs (n, R, C), or (n, m, R, C) where each has m planes.
    """
    planes, lines = [], []
    names = list(series.rows[0])
    labels = [f"{n} [{series.units[n]}]" if n in series.units else n for n in names]
    for place, (row, micrographs) in enumerate(groups):
        for number, micrograph in enumerate(micrographs):
            several = micrograph if micrograph.ndim == 3 else micrograph[None]
            planes += list(several)
            text = ",".join(str(row[n]) for n in names)
            lines += [f"{name} {place}-{number},{text},{1000 * series.pixel:g}"] * len(several)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}.npy", np.array(planes))
    head = ",".join(["micrograph", *labels, "pixel size [nm]"])
    (folder / f"{name}.csv").write_text("\n".join([head, *lines]) + "\n")
    return folder / f"{name}.npy", folder / f"{name}.csv"


def some_patches(micrographs, count, random):
    """Return a few patches of micrographs (n, R, C) or (n, m, R, C), shape (1, count, 64, 64)."""
    flat = micrographs.reshape(-1, *micrographs.shape[-2:])
    tiles = patches_of(flat, SIDE, len(flat) * (flat.shape[1] // SIDE) * (flat.shape[2] // SIDE), 0)
    return tiles[random.permutation(len(tiles))[:count]][None]


def evaluations(options, model, series, count):
    """Return how far descriptors of few evaluations are from those of the reference, same noise."""
    from napari_microgen.compare.descriptors import describe_images
    from napari_microgen.compare.image_set import of_arrays
    from napari_microgen.compare.series import IN_PER_CENT
    from napari_microgen.generate.images import make_images
    from napari_microgen.progress import finish

    rows = [series.rows[k] for k in np.linspace(0, len(series.rows) - 1, count).round().astype(int)]
    found = []
    for how in ({}, REFERENCE):
        made = finish(
            make_images(model, rows, seed=1, device=options.device, threads=options.threads, **how)
        ).images
        steps = describe_images(
            of_arrays("made", at_side(made)),
            series.choices["threshold"],
            particles=series.choices.get("particles", "phase"),
        )
        found.append(finish(steps))
    names = [n for n in found[0].names if n in (*IN_PER_CENT, "mean_grey", "grey_deviation", "grey_step")]
    few, many = (np.array([np.nanmean(d.column(n)) for n in names]) for d in found)
    share = 100 * (few / many - 1)
    worst = int(np.nanargmax(np.abs(share)))
    how = f"{count} images over all conditions, same noise; {names[worst].replace('_', ' ')}"
    return {"value": float(abs(share[worst])), "how": how}


def classes(options, series, images):
    """Return how much less often the shipped classifier is right on generated than on new real images."""
    from napari_microgen.zones.classifier import class_probabilities, read_classifier

    judge = read_classifier("builtin:thin-film-classes")
    _, rows = film_quality.series(options)
    seen, held_out = film_quality.chosen(rows, 18)
    truth = [row["structure"] for row in seen + held_out]

    def right(stacks):
        said = [class_probabilities(judge, stack).argmax(1) for stack in stacks]
        pairs = zip(said, truth, strict=True)
        return float(np.mean([np.mean([judge.classes[k] == t for k in some]) for some, t in pairs]))

    half = len(series.real[0]) // 2
    halves = [
        [np.concatenate(list(stack[part])) for stack in series.real]
        for part in (slice(half), slice(half, None))
    ]
    shares = [right(part) for part in (images, *halves)]
    how = f"shipped classifier, single patches: {shares[0]:.1%} of generated, {shares[1]:.1%} of real ones"
    return {
        "value": 100 * abs(shares[0] - shares[1]),
        "ceiling": 100 * abs(shares[2] - shares[1]),
        "how": how,
    }


def main():
    parser = arguments(__doc__.split("\n", 1)[0])
    parser.add_argument("--series", required=True, choices=tuple(OWN))
    parser.add_argument("--model", required=True, help="folder of a generator, or builtin:NAME")
    parser.add_argument("--called", help="what to call the generator in the report")
    parser.add_argument("--paper", help="folder of the paper's model, trained on the same images")
    parser.add_argument("--work", type=Path, required=True, help="folder for images")
    parser.add_argument("--out", type=Path, help="folder for SERIES.html and SERIES.json")
    parser.add_argument("--images", type=Path, help="images made before, .npy of (conditions, count, R, C)")
    parser.add_argument("--paper-images", type=Path, help="the same of the paper's model")
    parser.add_argument("--count", type=int, default=70, help="images of each condition")
    parser.add_argument("--patches", type=int, default=64, help="of each real film or precipitate micrograph")
    parser.add_argument(
        "--micrographs", type=int, default=4, help="real micrographs of each condition, or volumes"
    )
    parser.add_argument(
        "--evaluations", type=int, default=48, help="images for the 79-evaluation reference; 0: none"
    )
    draws = precipitate_quality.MICROGRAPHS
    parser.add_argument("--training-draws", type=int, default=draws, help="of precipitates, trained on")
    parser.add_argument("--training-patches", type=int, help="of each training condition; all if left out")
    parser.add_argument("--repeats", type=int, default=20, help="random halves of the real micrographs")
    parser.add_argument("--copies", type=int, default=500, help="most images searched for copies")
    parser.add_argument("--further", type=Path, help="JSON of more numbers measured elsewhere")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    wanted = options.count
    options.work.mkdir(parents=True, exist_ok=True)
    series = {"films": films, "porous": porous, "precipitates": precipitates}[options.series](options)
    options.count = wanted
    content = reported(options, series)
    targets = [t for t in content["targets"] if t["result"] != "undefined"]
    own = [t for t in targets if t["task"] in (OWN[options.series], "any images")]
    emit(
        options,
        benchmark="series_report",
        series=options.series,
        size=SIDE,
        images_per_condition=options.count,
        accuracy={
            "trust": content["trust"],
            "verdict": content["verdict"],
            "targets": {t["what"]: [t["value"], t["ceiling"], t["result"]] for t in own},
        },
        target="a report; conclusions as they fall",
        passed=bool(own),
    )


def reported(options, series):
    """Make the images, compare them, and keep the report; return its content."""
    from napari_microgen import compare
    from napari_microgen.generate.model import read_generator

    folder = options.work / "series" / options.series
    makers = {
        "synthetic": (options.model, options.images),
        "paper": (options.paper, options.paper_images),
    }
    stacks, words, made = {}, [], {}
    for name, (model, given) in makers.items():
        if model is None:
            continue
        maker = read_generator(model)
        called = options.called if name == "synthetic" and options.called else model.split("/")[-1]
        words.append(SAID[name] + words_of(called, maker))
        path = given or images_of(options, maker, series.rows, options.count, f"{options.series}-{name}")
        made[name] = at_side(np.load(path)[:, : options.count])
        stacks[name] = written(folder, name, series, zip(series.rows, made[name], strict=True))
    stacks["real"] = written(folder, "real", series, zip(series.rows, series.real, strict=True))
    trained = series.training
    if options.training_patches:
        random = np.random.default_rng(0)
        trained = [(row, some_patches(m, options.training_patches, random)) for row, m in trained]
    stacks["training"] = written(folder, "training", series, trained)
    further = {} if options.further is None else json.loads(options.further.read_text())
    maker = read_generator(options.model)
    if options.evaluations and maker.method == "edm":
        further["evaluations"] = evaluations(options, maker, series, options.evaluations)
    if options.series == "films":
        further["class_points"] = classes(options, series, made["synthetic"])
    (folder / "further.json").write_text(json.dumps(further))
    out = folder / "report"
    shutil.rmtree(out, ignore_errors=True)
    sides = {"real": "conditions", "training": "training_conditions", "paper": "paper_conditions"}
    more = {n: stacks[n][0] for n in ("training", "paper") if n in stacks}
    more |= {word: stacks[n][1] for n, word in sides.items() if n in stacks}
    content = compare(
        stacks["real"][0],
        stacks["synthetic"][0],
        synthetic_conditions=stacks["synthetic"][1],
        out=out,
        patch=SIDE,
        columns=list(series.rows[0]),
        count=20_000,
        copies=options.copies,
        repeats=options.repeats,
        further=folder / "further.json" if further else None,
        remarks=[SIMULATED, f"The series: {series.what}.", *words],
        **more,
        **series.choices,
    )
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        for kind in ("html", "json"):
            shutil.copyfile(out / f"report.{kind}", options.out / f"{options.series}.{kind}")
    return content


if __name__ == "__main__":
    main()

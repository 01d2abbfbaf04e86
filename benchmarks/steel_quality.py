"""Real steel (``uhcs``): a generator of heat treatments, one interior treatment left out.

Micrographs of one pixel size (0.194 um) only, conditions temperature, logarithm of time, and cooling. The
treatment 970 C, 8 h, quenched lies between measured ones and is not in the training. ``microgen compare``
then says how the synthetic images stand against real ones, against copies of the nearest treatment,
straight lines, and the paper's conditional GAN; the report is written to the working folder.

``python benchmarks/steel_quality.py --data uhcs --work DIR --minutes 60``
"""

import csv
from pathlib import Path

import numpy as np
from quality import quality_arguments, sampled, seeds, trained, training_facts
from report import emit

SIDE = 64
PIXEL = 0.194
HELD_OUT = 8.0
COLUMNS = ("temperature", "time", "cooling")
HEAD = "file,library,temperature [C],time [h],cooling,pixel size [um]"
SHARED = (
    "--where",
    f"time!={HELD_OUT:g}",
    "--columns",
    ",".join(COLUMNS),
    "--patch-size",
    SIDE,
    "--augment",
    "isotropic",
)
HOW = {"edm": ("edm", ("--log", "time")), "cgan": ("cgan", ("--preset", "thin-film", "--log", "time"))}
SHOWN = ("value", "floor", "baselines", "loses_to")


def real_files(options):
    """Write the table of the micrographs of one pixel size; return folder, table and treatments."""
    table = options.work / "real.csv"
    folder = options.data / "images"
    kept = []
    with (options.data / "conditions.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            edge = row["pixel_size [um]"]
            if edge and abs(float(edge) / PIXEL - 1) < 0.02:
                treatment = (row["anneal_temperature [C]"], row["anneal_time [h]"], row["cool_method"])
                kept.append((Path(row["file"]).name, row["sample_key"], *treatment, f"{PIXEL}"))
    table.write_text("\n".join([HEAD, *(",".join(row) for row in kept)]) + "\n")
    return folder, table, sorted({(float(row[2]), float(row[3]), row[4]) for row in kept})


def synthetic_files(options, name, treatments):
    """Write generated images of all treatments as a stack with its table; return both."""
    from napari_microgen.io.writing import write
    from napari_microgen.volume import Volume

    rows = [dict(zip(COLUMNS, treatment, strict=True)) for treatment in treatments]
    images = sampled(options, name, rows, options.count).reshape(-1, SIDE, SIDE)
    stack, table = options.work / f"{name}.tif", options.work / f"{name}.csv"
    stack.unlink(missing_ok=True)
    write(Volume(images, "ZYX", (None, PIXEL, PIXEL), "um"), stack)
    lines = [HEAD]
    for t, treatment in enumerate(treatments):
        text = ",".join(map(str, treatment))
        lines += [f"plane {t * options.count + k},made {t}-{k},{text},{PIXEL}" for k in range(options.count)]
    table.write_text("\n".join(lines) + "\n")
    return stack, table


def compared(options, name, real, synthetic, paper=None):
    """Run the comparison and return its content."""
    from napari_microgen import compare

    folder, table = real
    others = {} if paper is None else {"paper": paper[0], "paper_conditions": paper[1]}
    return compare(
        folder,
        synthetic[0],
        out=options.work / f"report-{name}",
        conditions=table,
        synthetic_conditions=synthetic[1],
        real_pictures=False,
        held_out=[f"time={HELD_OUT:g}"],
        columns=list(COLUMNS),
        log=["time"],
        where=[f"pixel size={0.99 * PIXEL:.4f}:{1.01 * PIXEL:.4f}"],
        **others,
    )


def main():
    parser = quality_arguments(__doc__.split("\n", 1)[0], "edm,cgan")
    parser.add_argument("--data", type=Path, required=True, help="folder of the uhcs set")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    folder, table, treatments = real_files(options)
    result, fits = {}, {}
    for seed in seeds(options):
        made = {}
        for method in options.methods.split(",")[::-1]:
            base, extra = HOW[method]
            name = f"{method}-{seed}"
            trained(
                options, name, base, folder, table, seed, (*SHARED, *extra, "--extra-images", "leave out")
            )
            made[method] = synthetic_files(options, name, treatments)
            fits[name] = training_facts(options, name)
            found = compared(
                options, name, (folder, table), made[method], made.get("cgan") if method == "edm" else None
            )
            keep = ("relative_density.mean", "feret_diameter.mean", "particle_count.mean", "descriptors.auc")
            result[name] = {"trust": found["trust"], "verdict": found["verdict"]} | {
                key: {part: found["metrics"][key].get(part) for part in SHOWN}
                for key in keep
                if key in found["metrics"]
            }
    emit(
        options,
        benchmark="steel_quality",
        size=SIDE,
        minutes=options.minutes,
        images_per_condition=options.count,
        treatments=len(treatments),
        accuracy=result,
        trainings=fits,
        target="a report; conclusions as they fall",
        passed=all(np.isfinite(len(row["verdict"])) for row in result.values()),
    )


if __name__ == "__main__":
    main()

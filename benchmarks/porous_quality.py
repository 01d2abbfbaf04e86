"""Simulated sintering series: do generated images follow density, perimeter and shape?

Six temperatures, three pastes. R2 over the temperatures of each paste, averaged over the pastes, as in
Table 3 of Wijaya et al. 2024; the same for two draws of real images (the ceiling), and with one interior
temperature left out of the training. Patches are 64 px of 37.2 nm, 128 px of the simulated planes. All
images are simulated.

``python benchmarks/porous_quality.py --work DIR --methods edm,edm-held-out,cgan,ddpm --minutes 30``

With ``--side 224 --device cuda`` patches have the published 224 px, of 18.6 nm, and the networks their
published width.
"""

import numpy as np
from quality import (
    described,
    halved,
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

MATERIALS = ("HPA-like", "HPB-like", "NPC-like")
TEMPERATURES = (175, 200, 225, 250, 350, 400)
HELD_OUT = 250
SIDE, CROP = 64, 128
PUBLISHED = 224
"""Side of the published networks; patches are then cut at the pixel size of the planes."""
NAMES = {"relative_density": 0.98, "specific_perimeter": 0.97, "shape_index": 0.97}
AVERAGE, AVERAGE_HELD_OUT = 0.97, 0.90
PLANES = (20, 60, 100)
REAL, SEARCHED = {SIDE: 192, PUBLISHED: 48}, {SIDE: 40, PUBLISHED: 24}
"""Real patches of each condition that are measured, and those searched for copies."""
COPIES = 0.55
"""Largest AUC of the search for copies."""
DDPM_STEPS = 50
"""Deterministic steps of the paper's diffusion model; all 1000 random ones cost 18 s per image on a core."""
METHODS = {
    "edm": ("edm", (), {}),
    "edm-no-vicinity": ("edm", ("--vicinity", 0), {}),
    "edm-held-out": ("edm", ("--where", f"temperature!={HELD_OUT}"), {}),
    "cgan": ("cgan", ("--preset", "porous", "--categorical", "temperature"), {}),
    "ddpm": ("ddpm", ("--categorical", "temperature"), {"evaluations": DDPM_STEPS}),
}
NARROW = {"ddpm": ("--width", 16)}
"""What makes a published network fit for 64 px on a processor."""


def planes(material, temperature, seed):
    """Return three planes far apart of a simulated solid, shape (3, R, C), 0 and 255."""
    from napari_microgen.progress import finish
    from napari_microgen.simulate.porous import _field
    from napari_microgen.simulate.sintering import MATERIALS as PASTES

    solid, _ = finish(_field(PASTES[material], float(temperature), (120, 512, 512), (25.0, 18.6, 18.6), seed))
    return 255 * solid[list(PLANES)].astype(np.uint8)


def micrographs(options, kind):
    """Return the micrographs of one draw, shape (3, 6, planes, R, C); kept in the working folder."""
    kept = options.work / f"{kind}.npy"
    if not kept.exists():
        options.work.mkdir(parents=True, exist_ok=True)
        number = {"train": (1, 2), "real": (11, 12, 13, 14), "again": (21, 22, 23, 24)}[kind]
        stack = [
            [np.concatenate([planes(m, t, 1000 * i + s) for s in number]) for t in TEMPERATURES]
            for i, m in enumerate(MATERIALS)
        ]
        np.save(kept, np.array(stack))
    return np.load(kept)


def training_files(options):
    """Write the training micrographs and their table."""
    from PIL import Image

    folder, table = options.work / "train", options.work / "train.csv"
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["file,material,temperature [C],pixel size [nm]"]
        stack = micrographs(options, "train")
        for i, material in enumerate(MATERIALS):
            for j, temperature in enumerate(TEMPERATURES):
                for k, image in enumerate(stack[i, j]):
                    name = f"{material}-{temperature}-{k}.png"
                    Image.fromarray(image).save(folder / name)
                    lines.append(f"{name},{material},{temperature},18.6")
        table.write_text("\n".join(lines) + "\n")
    return folder, table


def means(options, name, images):
    """Return condition means of each descriptor, shape (3, 6)."""
    found = described(options, name, images)
    return {key: np.nanmean(found[key], axis=1).reshape(3, 6) for key in NAMES}


def cut(options, micrographs, count):
    """Return patches of micrographs of 18 conditions, shape (18, count, side, side)."""
    stack = halved(micrographs) if options.side == SIDE else micrographs
    stack = stack.reshape(18, -1, *stack.shape[-2:])
    return np.array([patches_of(rows, options.side, count, 0) for rows in stack])


def trained_how(options, method):
    """Return method, options of its training and of its sampling."""
    base, extra, how = METHODS[method]
    small = options.side == SIDE
    crop = ("--patch-size", options.side, "--crop-size", CROP if small else options.side)
    return base, (*crop, "--augment", "isotropic", *extra, *(NARROW.get(method, ()) if small else ())), how


def scores(real, other):
    """Return R2 of each descriptor, mean over the pastes, their average, and the largest error of density."""
    from napari_microgen.compare.series import r_squared

    rows = {key: [r_squared(real[key][i], other[key][i]) for i in range(3)] for key in NAMES}
    found = {key: float(np.mean(values)) for key, values in rows.items()}
    found["average"] = float(np.mean(list(found.values())))
    found["worst_paste"] = float(np.mean(list(rows.values()), axis=0).min())
    gap = np.abs(other["relative_density"] - real["relative_density"])
    found["density_error"] = float(gap.mean())
    held = TEMPERATURES.index(HELD_OUT)
    found["density_error_held_out"] = float(gap[:, held].mean())
    return found


def main():
    parser = quality_arguments(__doc__.split("\n", 1)[0], "edm,edm-held-out,cgan")
    parser.add_argument("--side", type=int, choices=(SIDE, PUBLISHED), default=SIDE, help="of a patch in px")
    options = parser.parse_args()
    folder, table = training_files(options)
    rows = [{"material": m, "temperature": float(t)} for m in MATERIALS for t in TEMPERATURES]
    draws = {kind: cut(options, micrographs(options, kind), REAL[options.side]) for kind in ("real", "again")}
    real = means(options, "real", draws["real"])
    ceilings = {"all": scores(real, means(options, "again", draws["again"]))}
    ceilings["same_count"] = scores(real, means(options, "few", draws["again"][:, : options.count]))
    searched = SEARCHED[options.side]
    trained_on = cut(options, micrographs(options, "train"), searched)
    result, fits = {}, {}
    for method in options.methods.split(","):
        base, extra, how = trained_how(options, method)
        found = []
        for seed in seeds(options):
            name = f"{method}-{seed}"
            trained(options, name, base, folder, table, seed, extra)
            images = sampled(options, name, rows, options.count, **how)
            found.append(scores(real, means(options, name, images)))
            if base == "edm":
                copies = memorised(images[:, :5], trained_on, draws["real"][:, :searched])
                found[-1]["memorisation_auc"] = copies["memorisation_auc"]
            fits[name] = training_facts(options, name)
        result[method] = {key: summary([row[key] for row in found]) for key in found[0]}
    passed = True
    if "edm" in result:
        passed &= all(result["edm"][key]["mean"] >= limit for key, limit in NAMES.items())
        passed &= result["edm"]["memorisation_auc"]["high"] <= COPIES
    if "edm-held-out" in result:
        passed &= result["edm-held-out"]["average"]["mean"] >= AVERAGE_HELD_OUT
    emit(
        options,
        benchmark="porous_quality",
        size=options.side,
        minutes=options.minutes,
        images_per_condition=options.count,
        accuracy={"r2": result, "ceiling": ceilings},
        trainings=fits,
        target={
            **NAMES,
            "average": AVERAGE,
            "average_held_out": AVERAGE_HELD_OUT,
            "memorisation_auc": COPIES,
        },
        passed=bool(passed),
    )


if __name__ == "__main__":
    main()

"""Write the report of a comparison: one page that needs nothing else, and the same numbers as JSON."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..io.atomic import write_text
from .image_list import IMAGE_LIST, image_list
from .memorisation import Memorisation
from .page import document, figure, number, paragraph, pretty, section, table
from .papers_page import papers_part, targets_part
from .persistence_plots import persistence_scatter
from .pictures import grey_bytes, grid, heat, pair, png_data
from .plots import curve_plots, distributions, forest
from .preparation import Prepared
from .series_plots import series_legend, series_plots

HEADLINES = (
    "descriptors.auc",
    "persistence_image.auc",
    "persistence_image.l2",
    "two_point_correlation.curve",
    "lineal_path.curve",
    "chord_length.distribution",
    "distance_transform.distribution",
    "area_fraction.points",
    "precision",
    "recall",
    "density",
    "coverage",
    "diversity",
    "nearest_spacing",
    "memorisation.auc",
    "memorisation.close_share",
)
"""Numbers of the first table."""

_SHOWN = 12
_TITLES = {"yes": "may be trusted", "partly": "in part", "no": "may not be trusted", "undecided": "undecided"}
_BASELINES = {
    "nearest_condition_copy": "nearest copy",
    "linear_interpolation": "interpolation",
    "paper_model": "paper's model",
}


def write_report(
    out: Path, content: Mapping[str, Any], prepared: Prepared, shown: Mapping[str, Any]
) -> list[str]:
    """Write ``report.html``, ``report.json`` and ``images.csv``; return their names.

    Parameters
    ----------
    out : Path
        Folder.
    content : mapping
        Everything that stands in the JSON.
    prepared : Prepared
        The images and their descriptors.
    shown : mapping
        What only pictures need: ``space``, ``memory``, ``generated``, ``known``, and whether ``real``
        images may be shown.
    """
    write_text(out / "report.json", json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")
    write_text(out / "report.html", report_page(content, prepared, shown))
    write_text(out / IMAGE_LIST, image_list(prepared.sides, shown["space"]))
    return ["report.html", "report.json", IMAGE_LIST]


def report_page(content: Mapping[str, Any], prepared: Prepared, shown: Mapping[str, Any]) -> str:
    """Return the page as HTML text."""
    sides = prepared.sides
    metrics, rows = content["metrics"], content["conditions"]
    forest_of_all = _forest(metrics, list(content["units"]))
    persistence = {f"persistence{k}": persistence_scatter(sides, shown["space"], k) for k in (2, 3)}
    curves = curve_plots(sides) | persistence
    parts = [
        _remarks(content["remarks"]) + _verdict(content),
        section("Side by side", _side_by_side(prepared, shown["real"]) + _persistence_pictures(prepared)),
        section("The numbers", _explained() + _metric_table(metrics, HEADLINES)),
        section(
            "Each descriptor",
            forest_of_all + _descriptor_table(content) + _legend() + _plots(distributions(sides)),
        ),
        section("Curves", _legend() + _plots(curves)),
    ]
    if len(rows) > 1:
        plots = series_plots(sides, rows)
        legend = paragraph(series_legend(sides))
        parts.append(section("Over the conditions", _r2_table(content) + legend + _plots(plots)))
    parts += [
        section("Condition by condition", _condition_tables(rows, content["units"])),
        section("Seen, interpolated, extrapolated", _support_table(content["support"])),
        section("Copies of training images", _memory(content, prepared, shown)),
        section("Beside the papers", papers_part(content["beside_papers"])),
        section("Targets", targets_part(content["targets"])),
        section("What was compared", _facts(content)),
    ]
    return document("Real against synthetic", "\n".join(parts))


def _remarks(remarks: Sequence[str]) -> str:
    return "".join(f'<p class="remark">{escape(remark)}</p>' for remark in remarks)


def _verdict(content: Mapping[str, Any]) -> str:
    trust = content["trust"]
    first, *rest = content["verdict"]
    lines = "".join(f"<li>{escape(line)}</li>" for line in rest)
    return (
        f'<header class="{trust}"><h1>Real against synthetic: {_TITLES[trust]}</h1>'
        f"<p><strong>{escape(first)}</strong></p><ul>{lines}</ul></header>"
    )


def _side_by_side(prepared: Prepared, real: bool) -> str:
    sides = prepared.sides
    random = np.random.default_rng(0)
    edge = max(sides.real.images.images.shape[1:])
    scale = max(1, 128 // edge)
    size = prepared.pixel_size
    wide = f"{edge} px" if size is None else f"{edge * size:.3g} µm"
    found = []
    codes = [
        c
        for c in range(len(sides.conditions))
        if all((s.condition == c).any() for s in (sides.real, sides.synthetic))
    ]
    for code in codes[:_SHOWN]:
        pictures = []
        for name, side in (("real", sides.real), ("synthetic", sides.synthetic)):
            rows = random.permutation(np.flatnonzero(side.condition == code))[: 8 if len(codes) < 3 else 4]
            if name == "real" and not real:
                continue
            images = grey_bytes(side.images.images[rows], side.images.white)
            sheet = grid(list(images), 4)
            said = f"{name}, {len(rows)} drawn at random, each {wide} wide"
            pictures.append(figure(png_data(sheet), said, scale * sheet.shape[1]))
        found.append(
            f"<h3>{escape(sides.conditions.names[code])}</h3><div class='pair'>{''.join(pictures)}</div>"
        )
    more = len(codes) - _SHOWN
    words = [] if real else ["Real images are left out of this report, as was asked for."]
    words += [f"{more} further conditions are not shown."] if more > 0 else []
    return "".join(found) + "".join(map(paragraph, words))


def _persistence_pictures(prepared: Prepared) -> str:
    means = [s.descriptors.rings.mean(axis=0) for s in (prepared.sides.real, prepared.sides.synthetic)]
    edge = round(len(means[0]) ** 0.5)
    limit = float(max(m.max() for m in means))
    gap = means[1] - means[0]
    pictures = [
        figure(png_data(heat(m.reshape(edge, edge), limit), scale=16), f"mean persistence image, {name}")
        for m, name in zip(means, ("real", "synthetic"), strict=True)
    ]
    difference = heat(gap.reshape(edge, edge), float(np.abs(gap).max()), signed=True)
    pictures.append(
        figure(png_data(difference, scale=16), f"synthetic less real, colour to {np.abs(gap).max():.3g}")
    )
    note = (
        "Rings of dark around bright spots (H1): birth to the right, persistence upwards, both from 0 to 1."
    )
    return f"<div class='pair'>{''.join(pictures)}</div>{paragraph(note)}"


def _explained() -> str:
    return paragraph(
        "Floor: the same number for real against real, other micrographs, as many images. Baselines: what "
        "one would do without this generator. Intervals: 95 %, from random halves of the micrographs. A "
        "number that is worse than a baseline is marked."
    )


def _metric_table(metrics: Mapping[str, Any], names: Sequence[str]) -> str:
    known = {name: metrics[name] for name in names if name in metrics}
    bases = _known_bases([entry["baselines"] for entry in known.values()])
    head = [
        "number",
        "value",
        "95 %",
        "floor",
        "floor, worst 5 %",
        *(_BASELINES[b] for b in bases),
        "meaning",
    ]
    body = [[_plain(name), *_cells(entry, bases), entry["meaning"]] for name, entry in known.items()]
    return table(head, body)


def _plain(name: str) -> str:
    """Return the name of a number in words.

    Examples
    --------
    >>> _plain("persistence_image.auc"), _plain("shape_index.r2")
    ('persistence image: AUC', 'shape index: R2')
    """
    words = name.replace("_", " ").replace(".", ": ")
    return words.replace(": auc", ": AUC").replace(": r2", ": R2").replace(": l2", ": L2")


def _cells(entry: Mapping[str, Any], bases: Sequence[str]) -> list[str]:
    mark = " (loses)" if entry["loses_to"] else ""
    interval = entry["interval_95"]
    baselines = [number(entry["baselines"].get(key)) for key in bases]
    return [
        number(entry["value"]) + mark,
        f"{number(interval[0])} to {number(interval[1])}" if interval else "",
        number(entry["floor"]),
        number(entry["floor_worst"]),
        *baselines,
    ]


def _forest(metrics: Mapping[str, Any], names: Sequence[str]) -> str:
    chosen = {name: metrics[f"{name}.wasserstein"] for name in names}
    title = "Wasserstein-1 distance of each descriptor, in real standard deviations"
    return f"<div class='plots'>{forest(chosen, title)}</div>"


def _descriptor_table(content: Mapping[str, Any]) -> str:
    kinds = {name: kind for kind in ("trusted", "not_trusted", "undecided") for name in content[kind]}
    bases = _known_bases([content["metrics"][f"{n}.wasserstein"]["baselines"] for n in content["units"]])
    head = ["descriptor", "judgement", "p, adjusted", "W1 (sd)", "95 %", "floor", "worst 5 %"]
    head += [*(_BASELINES[base] for base in bases), "KS", "KS floor", "mean (sd)"]
    body = []
    for name in content["units"]:
        entry, ks, mean = (content["metrics"][f"{name}.{kind}"] for kind in ("wasserstein", "ks", "mean"))
        p = content["p_adjusted"][name]
        row = [name.replace("_", " "), kinds[name].replace("_", " "), number(p), *_cells(entry, bases)]
        body.append([*row, number(ks["value"]), number(ks["floor"]), number(mean["value"])])
    return table(head, body)


def _r2_table(content: Mapping[str, Any]) -> str:
    metrics = content["metrics"]
    names = [f"{name}.r2" for name in content["units"]] + [n for n in metrics if n.startswith("read_back.")]
    known = {n: metrics[n] for n in names if n in metrics and metrics[n]["value"] is not None}
    if not known:
        return ""
    bases = _known_bases([entry["baselines"] for entry in known.values()])
    head = ["R2 over the conditions", "value", "95 %", "ceiling (real against real)", "ceiling, worst 5 %"]
    body = [[_plain(name.removesuffix(".r2")), *_cells(entry, bases)] for name, entry in known.items()]
    return table([*head, *(_BASELINES[base] for base in bases)], body)


def _condition_tables(rows: Sequence[Mapping[str, Any]], units: Mapping[str, str]) -> str:
    found = []
    bases = _known_bases([entry for row in rows for entry in row["descriptors"].values()])
    for row in rows:
        images, groups = row["images"], row["micrographs"]
        count = f"{images['real']} real in {groups} micrographs, {images['synthetic']} synthetic"
        body = []
        for name in units:
            entry = row["descriptors"][name]
            unit = "" if units[name] == "1" else f" ({pretty(units[name])})"
            cells = [_with_interval(entry, key) for key in ("real", "synthetic")]
            others = [number(entry[key]) for key in bases]
            body.append([name.replace("_", " ") + unit, *cells, number(entry["difference_in_sd"]), *others])
        numbers = ", ".join(
            f"{k.replace('_', ' ')} {number(v)}" for k, v in row["numbers"].items() if v is not None
        )
        head = ["mean", "real", "synthetic", "difference (sd)", *(_BASELINES[key] for key in bases)]
        title = f"{row['condition']}: {count}; {row['support']}"
        found.append(
            f"<details{' open' if len(rows) < 3 else ''}><summary>{escape(title)}</summary>"
            f"{table(head, body)}{paragraph(numbers)}</details>"
        )
    return "".join(found)


def _with_interval(entry: Mapping[str, Any], key: str) -> str:
    ends = entry[f"{key}_95"]
    return number(entry[key]) + (f" [{number(ends[0])}, {number(ends[1])}]" if ends else "")


def _support_table(supports: Mapping[str, Mapping[str, Any]]) -> str:
    bases = _known_bases(list(supports.values()))
    head = ["conditions", "how many", "generator", *(_BASELINES[key] for key in bases), "loses to"]
    head += ["AUC, descriptors", "floor", "AUC, persistence", "floor"]
    told = [f"{name}.auc{end}" for name in ("descriptors", "persistence_image") for end in ("", ".floor")]
    body = [
        [
            flag,
            str(e["conditions"]),
            *(number(e[k]) for k in ("synthetic", *bases)),
            ", ".join(_BASELINES[b] for b in e["loses_to"]) or "none",
            *(number(e[k]) for k in told),
        ]
        for flag, e in supports.items()
    ]
    note = (
        "Generator and baselines: root mean square difference of condition means from the real ones, in real "
        "standard deviations. AUC: mean of the classifiers of single conditions; floor: of halves of the "
        "real images."
    )
    return table(head, body) + paragraph(note)


def _known_bases(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    return [key for key in _BASELINES if any(entry.get(key) is not None for entry in entries)]


def _memory(content: Mapping[str, Any], prepared: Prepared, shown: Mapping[str, Any]) -> str:
    memory = shown["memory"]
    if not isinstance(memory, Memorisation) or prepared.sides.training is None:
        return paragraph(f"Not tested: {memory}.")
    if not shown["real"]:
        return paragraph(f"{memory.count} synthetic images were searched; pictures of pairs are left out.")
    known, synthetic = prepared.sides.training.images, prepared.sides.synthetic.images
    pictures = []
    for n in memory.nearest:
        one = grey_bytes(known.images[shown["known"][n.known]], known.white)
        other = grey_bytes(synthetic.images[shown["generated"][n.image]], synthetic.white)
        words = f"correlation {n.correlation:.2f}, shifted by {n.shift[0]}, {n.shift[1]} px"
        pictures.append(figure(png_data(pair(one, other, n.symmetry, n.shift)), words))
    note = (
        f"{memory.count} synthetic images were searched over all shifts up to half an edge and the eight "
        f"symmetries. Each picture: training image, the synthetic one laid over it, and as it is."
    )
    return paragraph(note) + f"<div class='pair'>{''.join(pictures)}</div>"


def _facts(content: Mapping[str, Any]) -> str:
    sides = content["images"]["sides"]
    body = [[k, str(v["images"]), str(v["groups"]), str(v["conditions"])] for k, v in sides.items()]
    patch = " x ".join(str(n) for n in content["images"]["patch"])
    size = content["pixel_size_um"]
    words = (
        f"Patches of {patch} pixels, pixel size {'unknown' if size is None else f'{size:.4g} µm'}, "
        f"{content['choices']['phase']} phase above {content['threshold']:.3f} of white on every side, "
        f"halves and folds by {content['images']['grouped_by']}, seed {content['choices']['seed']}."
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in content["notes"])
    head = ["images", "number", f"{content['images']['grouped_by']} groups", "conditions"]
    return table(head, body) + paragraph(words) + (f"<ul>{notes}</ul>" if notes else "")


def _legend() -> str:
    return paragraph("Blue: real. Orange: synthetic. Bands and bars: 95 % over micrographs.")


def _plots(plots: Mapping[str, str]) -> str:
    return f"<div class='plots'>{''.join(plots.values())}</div>"

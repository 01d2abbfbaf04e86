"""The response surface of the film laws: class and size over temperature and aluminium.

As in the published diagrams: oxygen 1 at.%, ionisation 1.0, 0.5 Pa; ion energy 40 and 200 eV. Letters in
maps: b featureless, n fine-grained, o oriented-facetted, s smooth-facetted, f facetted, c coarse-facetted.
"""

import itertools
from collections import Counter

from report import arguments, emit

LETTERS = {
    "featureless": "b",
    "fine-grained": "n",
    "oriented-facetted": "o",
    "smooth-facetted": "s",
    "facetted": "f",
    "coarse-facetted": "c",
}
TEMPERATURES = tuple(range(20, 821, 40))
ALUMINIUM = tuple(range(60, -1, -5))


def laws(energy):
    """Return the laws over aluminium (from much to none) and temperature."""
    from napari_microgen.simulate.film_rule import FilmConditions, film_law

    return [
        [film_law(FilmConditions(float(t), float(al), 1.0, 1.0, energy, 0.5)) for t in TEMPERATURES]
        for al in ALUMINIUM
    ]


def main():
    """Print one JSON line, and the maps if asked."""
    parser = arguments(__doc__)
    parser.add_argument("--table", action="store_true", help="print the maps of classes, too")
    options = parser.parse_args()
    entries = {}
    monotone = True
    for energy in (40.0, 200.0):
        surface = laws(energy)
        maps = ["".join(LETTERS[law.structure] for law in row) for row in surface]
        if options.table:
            print(f"{energy:g} eV, aluminium 60 to 0 at.% down, 20 to 820 C across")
            print("\n".join(maps))
        sizes = [[round(law.feret, 1) for law in row] for row in surface]
        monotone &= all(a <= b for row in sizes for a, b in itertools.pairwise(row))
        monotone &= all(
            a <= b for upper, lower in itertools.pairwise(sizes) for a, b in zip(upper, lower, strict=True)
        )
        counts = Counter("".join(maps))
        names = {name: round(counts[letter] / sum(counts.values()), 3) for name, letter in LETTERS.items()}
        entries[f"{energy:g} eV"] = {
            "shares": names,
            "feret_nm": [min(map(min, sizes)), max(map(max, sizes))],
            "classes": maps,
        }
    emit(options, benchmark="film_response", **entries, target="size monotone in both", passed=monotone)


if __name__ == "__main__":
    main()

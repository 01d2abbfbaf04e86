"""Names of the microstructure features, the two engineered ones, and the models of Wijaya et al. 2024."""

from collections.abc import Mapping

SYMBOLS: Mapping[str, str] = {
    "D": "relative_density",
    "SA": "specific_surface_area",
    "phi": "strut_diameter",
    "tau": "geodesic_tortuosity",
    "G": "gaussian_curvature",
    "M": "mean_curvature",
    "alpha": "bruggeman_exponent",
    "beta": "curvature_ratio",
}
"""The paper's symbol of each feature and its standard name."""

OTHER_NAMES: Mapping[str, str] = {
    "τ": "tau",
    "φ": "phi",
    "ϕ": "phi",
    "α": "alpha",
    "β": "beta",
    "ssa": "SA",
    "s_v": "SA",
    "tortuosity": "tau",
    "density": "D",
    "strut diameter": "phi",
}
"""Further names under which tables hold these features."""

ENGINEERED: Mapping[str, str] = {
    "alpha": "-ln(tau) / ln(D)",
    "beta": "M / (abs(G) * phi)",
}
"""Features computed from others: the exponent in tau = D^-alpha, and a ratio of lengths."""

PAPER_MODELS: Mapping[str, tuple[str, ...]] = {
    "A": ("tau", "G"),
    "C": ("SA", "tau", "G"),
    "I": ("SA", "phi", "tau", "G"),
    "J": ("SA", "alpha"),
    "N": ("SA", "G", "alpha"),
    "Q": ("SA", "alpha", "beta"),
    "R": ("SA", "M", "phi", "alpha"),
}
"""Features of the models in Table 2 of the paper."""

PAPER_TABLE_2: Mapping[str, tuple[float, float, float, float]] = {
    "A": (21.8, 0.956, 35.1, 0.707),
    "C": (22.1, 0.956, 35.2, 0.707),
    "I": (22.7, 0.960, 36.5, 0.684),
    "J": (13.1, 0.982, 25.1, 0.851),
    "N": (13.4, 0.983, 25.0, 0.852),
    "Q": (11.5, 0.988, 21.9, 0.887),
    "R": (14.0, 0.985, 23.3, 0.871),
}
"""Printed LOOCV RMSE, R², test RMSE and test R² of those models, for comparison only. The printed unit
(uS/cm) cannot be that of a copper film; the printed R² behaves as one of the fit, not of left-out rows."""


def symbol_of(name: str) -> str | None:
    """Return the symbol of a feature by any of its names; None if it is none of them.

    Examples
    --------
    >>> symbol_of("Relative density"), symbol_of("τ"), symbol_of("hardness")
    ('D', 'tau', None)
    """
    if name in SYMBOLS:
        return name
    key = name.strip().lower()
    if key in OTHER_NAMES:
        return OTHER_NAMES[key]
    plain = key.replace(" ", "_").replace("-", "_")
    return next((symbol for symbol, standard in SYMBOLS.items() if plain == standard), None)


def paper_model_of(symbols: frozenset[str | None]) -> str | None:
    """Return the letter of the paper's model with exactly these features.

    Examples
    --------
    >>> paper_model_of(frozenset({"alpha", "SA"}))
    'J'
    """
    return next((letter for letter, names in PAPER_MODELS.items() if symbols == frozenset(names)), None)

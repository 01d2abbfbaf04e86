"""Bias by resolution as measured by benchmarks/discretisation_bias.py; do not edit by hand."""

CURVES: dict[str, dict[str, list[float]]] = {}
"""By quantity and dimension: voxels per feature, relative bias, and largest deviation seen."""

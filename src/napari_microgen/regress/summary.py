"""What ``microgen regress`` and ``predict`` say to people: a short account of their results."""

from collections.abc import Mapping, Sequence
from typing import Any

SHOWN = 10
"""Models that are listed; all of them are in the JSON and in ``models.csv``."""


def regression_text(content: Mapping[str, Any]) -> str:
    """Return the ranking and what stands beside it, a few lines each.

    Parameters
    ----------
    content : mapping
        The result of `regress`.
    """
    target, rows, models = content["target"], content["rows"], content["models"]
    lines = [f"{_with_unit(target['name'], target['unit'])}, {rows['used']} samples, {len(models)} models"]
    lines += [f"left out: {entry['sample']} ({entry['reason']})" for entry in rows["dropped"]]
    lines += ["", *ranking_lines(models[:SHOWN])]
    if len(models) > SHOWN:
        lines.append(f"... and {len(models) - SHOWN} more; --json or --out gives all")
    lines += ["", *verdict_lines(content), "", *importance_lines(content)]
    lines += [f"note: {note}" for note in content["notes"]]
    lines += [f"wrote {path}" for path in content.get("files", ())]
    return "\n".join(lines)


def prediction_text(content: Mapping[str, Any]) -> str:
    """Return one line per predicted sample, and one per warning.

    Parameters
    ----------
    content : mapping
        The result of `predict`.
    """
    target, model = content["target"], content["model"]
    lines = [
        f"{_with_unit(target['name'], target['unit'])} from {', '.join(model['features'])} "
        f"({model['rows']} samples)"
    ]
    for entry in content["predictions"]:
        lines.append(f"{entry['sample']}: {predicted(entry)}")
        lines += [f"  warning: {warning}" for warning in entry.get("warnings", ())]
    return "\n".join(lines)


def predicted(entry: Mapping[str, Any], unit: str | None = None) -> str:
    """Return a prediction with its interval.

    Examples
    --------
    >>> predicted({"value": 41.26, "interval": [38.0, 44.5], "coverage": 0.9}, "MS/m")
    '41.26 MS/m, 90 % interval 38 to 44.5'
    >>> predicted({"value": None, "reason": "tau: no path"})
    'undefined (tau: no path)'
    """
    if entry["value"] is None:
        return f"undefined ({entry['reason']})"
    value = f"{entry['value']:.5g}" + (f" {unit}" if unit not in (None, "1") else "")
    if entry["interval"] is None:
        return f"{value}, no interval: {entry['interval_reason']}"
    low, high = entry["interval"]
    return f"{value}, {100 * entry['coverage']:g} % interval {low:.4g} to {high:.4g}"


def ranking_lines(models: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a table of models: error on samples left out, R² on these, R² of the fit, features."""
    lines = [f"{'LOOCV RMSE':>10}  {'R2':>6}  {'R2 fit':>6}  features"]
    for model in models:
        remark = f"  (model {model['paper_model']} of the paper)" if "paper_model" in model else ""
        lines.append(
            f"{model['loocv_rmse']:>10.4g}  {score(model['r2']):>6}  {score(model['r2_fit']):>6}  "
            f"{', '.join(model['features'])}{remark}"
        )
    return lines


def verdict_lines(content: Mapping[str, Any]) -> list[str]:
    """Return how good the best model is once its choice is paid for, and what else to know of it."""
    nested, group = content["nested"], content.get("leave_group_out")
    lines = [
        f"simplest as good: {', '.join(content['simplest_as_good'])}",
        f"with the choice repeated without each sample: RMSE {number(nested['rmse'])}, "
        f"R2 {score(nested['r2'])} (quote this one)",
    ]
    if group:
        lines.append(
            f"with a whole group left out: RMSE {number(group['rmse'])}, R2 {score(group['r2'])}; choice "
            f"included: R2 {score(group['nested']['r2'])}"
        )
    references = [
        f"{name.replace('_', ' ')} R2 {score(block['r2'])}" for name, block in content["references"].items()
    ]
    lines.append(f"references on all candidates: {', '.join(references)}")
    warnings = (content["best"].get("warning"), content["collinearity"].get("warning"))
    return lines + [f"warning: {warning}" for warning in warnings if warning]


def importance_lines(content: Mapping[str, Any]) -> list[str]:
    """Return the features of the best model, most important first, with intervals."""
    unit = content["target"]["unit"]
    lines = [f"importance, mean |SHAP|{f' in {unit}' if unit not in (None, '1') else ''}:"]
    for name, entry in content["importance_details"].items():
        pair = entry["interval_95"]
        interval = f" (95 % interval {pair[0]:.3g} to {pair[1]:.3g})" if pair else ""
        lines.append(f"  {name}: {entry['mean_abs_shap']:.4g}{interval}, {entry['direction']} the property")
    return lines


def score(value: float | None) -> str:
    """Return an R² with three digits, or that there is none."""
    return "none" if value is None else f"{value:.3f}"


def number(value: float | None) -> str:
    """Return a number with four digits, or that there is none."""
    return "none" if value is None else f"{value:.4g}"


def _with_unit(name: str, unit: str | None) -> str:
    return name if unit in (None, "1") else f"{name} ({unit})"

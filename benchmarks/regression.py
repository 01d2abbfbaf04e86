"""Bootstrap of all subsets of 8 features on 18 rows, beside scikit-learn; equality of all numbers.

Ours gives for every resample and subset the fit, the leave-one-out errors and those of the rows not
drawn. The peer fits each subset once per resample and predicts the rows not drawn, without leave-one-out;
it runs on a share of the resamples and its time is scaled up.
"""

import numpy as np
from report import alternate, arguments, emit, seconds, version

from napari_microgen.regress.cross_validation import leave_one_out
from napari_microgen.regress.importance import linear_shap
from napari_microgen.regress.intervals import resampled_weights, selection_stability
from napari_microgen.regress.linear import fit
from napari_microgen.regress.subsets import every_subset

ROWS, FEATURES, RESAMPLES = 18, 8, 1000
SECONDS = 5.0
EQUAL, EQUAL_SHAP = 1e-10, 1e-9
PEER_RESAMPLES = 4


def table(seed, rows=ROWS, count=FEATURES):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, count)) @ rng.normal(size=(count, count))
    features = features * 10.0 ** rng.uniform(-3, 3, count) + 10.0 ** rng.uniform(-3, 2, count)
    return features, rng.normal(size=rows) * 10.0 ** rng.uniform(-2, 4)


def relative(found, expected):
    return float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))


def ours(features, target):
    return list(selection_stability(features, target, resampled_weights(ROWS, RESAMPLES, seed=0)))[-1]


def scikit_learn(features, target):
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    subsets = [subset.columns for subset in every_subset(features, target)]
    for counts in resampled_weights(ROWS, PEER_RESAMPLES, seed=0).astype(int):
        drawn, out = np.repeat(np.arange(ROWS), counts), np.flatnonzero(counts == 0)
        for columns in subsets:
            model = make_pipeline(StandardScaler(), LinearRegression())
            model.fit(features[drawn][:, columns], target[drawn])
            model.predict(features[out][:, columns])


def deviations():
    """Largest relative deviations from scikit-learn and shap on 200 random tables."""
    from shap import LinearExplainer
    from shap.maskers import Independent
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import LeaveOneOut, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    worst = {"coefficients": 0.0, "fit": 0.0, "leave_one_out": 0.0, "shap": 0.0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(1, 9))
        features, target = table(seed, int(rng.integers(count + 3, 40)), count)
        mine = fit(features, target)
        peer = make_pipeline(StandardScaler(), LinearRegression())
        left_out = cross_val_predict(peer, features, target, cv=LeaveOneOut())
        peer.fit(features, target)
        masker = Independent(features, max_samples=len(features))
        shap = LinearExplainer((mine.slopes, mine.constant), masker).shap_values(features)
        found = {
            "coefficients": relative(mine.coefficients, peer[-1].coef_),
            "fit": relative(mine.predict(features), peer.predict(features)),
            "leave_one_out": relative(target - leave_one_out(mine), left_out),
            "shap": relative(linear_shap(mine, features, features), shap),
        }
        worst = {key: max(worst[key], value) for key, value in found.items()}
    return worst


def main():
    options = arguments(__doc__).parse_args()
    features, target = table(0)
    first = seconds(lambda: ours(features, target))
    timing = alternate(lambda: scikit_learn(features, target), lambda: ours(features, target), options.runs)
    scale = RESAMPLES / PEER_RESAMPLES
    timing["peer_s"] = round(timing["peer_s"] * scale, 2)
    timing["ratio"] = [round(value * scale, 1) for value in timing["ratio"]]
    worst = deviations()
    equal = max(worst["coefficients"], worst["fit"], worst["leave_one_out"]) <= EQUAL
    emit(
        options,
        benchmark="regression",
        size=f"{RESAMPLES} resamples x 247 subsets x {ROWS} rows",
        peer=f"scikit-learn, {PEER_RESAMPLES} resamples scaled to {RESAMPLES}",
        peer_version=version("scikit-learn"),
        **timing,
        accuracy={"max_relative_deviation": worst, "tables": 200},
        first_call_s=round(first, 3),
        target={"ours_s": SECONDS, "deviation": EQUAL, "shap": EQUAL_SHAP},
        passed=timing["ours_s"] <= SECONDS and equal and worst["shap"] <= EQUAL_SHAP,
    )


if __name__ == "__main__":
    main()

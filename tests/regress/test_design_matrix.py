import numpy as np
import pytest

from napari_microgen.errors import FormulaError, RegressionError, TableError
from napari_microgen.features import Feature, FeatureTable
from napari_microgen.io.table_csv import parse_table
from napari_microgen.regress.design_matrix import default_features, design_matrix, find_feature
from napari_microgen.regress.sample_table import from_csv, from_features, in_unit, joined, units_agree

ROWS = """sample,paste,T [°C],D,tau,G [1/um^2],M [1/um],phi [nm],sigma [S/cm]
a,HPA,175,0.5,1.04,-100,2,150,10
b,HPA,200,0.6,1.03,-50,-1,200,20
c,NPC,175,0.7,1.02,-25,-2,250,40
d,NPC,200,0.8,1.01,-10,-3,300,80
"""


def table(text=ROWS):
    return from_csv(parse_table(text))


def test_columns_symbols_and_standard_names_are_the_same_feature():
    by_symbol = find_feature(table(), "tau").series.values
    assert (find_feature(table(), "geodesic_tortuosity").series.values == by_symbol).all()
    assert (find_feature(table(), "τ").series.values == by_symbol).all()
    named = table(ROWS.replace(",tau,", ",geodesic_tortuosity,"))
    assert (find_feature(named, "tau").series.values == by_symbol).all()


def test_engineered_features_and_their_units():
    alpha = find_feature(table(), "alpha")
    assert alpha.series.values[0] == pytest.approx(-np.log(1.04) / np.log(0.5))
    beta = find_feature(table(), "beta")
    assert beta.series.values[0] == pytest.approx(2 / (100 * 0.150))
    assert beta.unit == "1"
    assert find_feature(table(ROWS.replace("tau,", "alpha,")), "alpha").formula is None


def test_own_formula_with_and_without_a_name():
    assert find_feature(table(), "x = D * tau").name == "x"
    assert find_feature(table(), "ln(D)").series.values[1] == pytest.approx(np.log(0.6))
    assert find_feature(table(), "1/phi").unit == "1/nm"


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("hardness", TableError, "no column 'hardness'; its columns are T, D"),
        ("x = D *", FormulaError, "is not a formula"),
        ("D * hardness", FormulaError, "needs 'hardness'"),
        ("paste", TableError, "holds text"),
        ("D + phi", FormulaError, None),
        ("M + phi", FormulaError, "do not measure"),
    ],
)
def test_what_cannot_be_found_is_named(text, error, words):
    if words is None:
        assert find_feature(table(), text).unit is None
        return
    with pytest.raises(error, match=words):
        find_feature(table(), text)


def test_defaults_are_the_microstructure_features():
    names, notes = default_features(table(), "sigma", "paste", engineered=True)
    assert names == ["D", "tau", "G", "M", "phi", "alpha", "beta"]
    assert "T" in notes[0]
    names, _ = default_features(table(), "sigma", "paste", engineered=False)
    assert "alpha" not in names


def test_other_tables_use_every_column_but_counters():
    text = ",x,y,z\n0,1.5,2,3\n1,2.5,1,5\n2,3.5,7,4\n"
    names, notes = default_features(table(text), "z", None, engineered=True)
    assert names == ["x", "y"]
    assert notes == []


def test_a_column_of_almost_only_numbers_is_never_left_out_in_silence():
    text = "x,y,z\n1.5,2,3\n2.5,1?,5\n3.5,7,4\n"
    names, _ = default_features(table(text), "z", None, engineered=True)
    assert names == ["x", "y"]
    with pytest.raises(TableError, match=r"line 3, column 'y' holds '1\?'"):
        design_matrix(table(text), "z", names)


def test_rows_with_missing_values_are_named_with_reasons():
    text = ROWS + "e,NPC,250,0.9,,-9,-3,300,90\nf,NPC,300,1.0,1.0,-9,-3,300,NA\n"
    matrix = design_matrix(table(text), "sigma", ["D", "alpha"])
    assert matrix.samples == ("a", "b", "c", "d")
    reasons = {entry["sample"]: entry["reason"] for entry in matrix.dropped}
    assert reasons["e"] == "alpha: tau: empty cell"
    assert "sigma: 'NA'" in reasons["f"]
    assert "alpha: -ln(tau) / ln(D) has no finite value for tau = 1, D = 1" in reasons["f"]


def test_repeated_rows_are_left_out_and_equal_samples_are_remarked():
    text = ROWS + "a,HPA,175,0.5,1.04,-100,2,150,10\n"
    matrix = design_matrix(table(text), "sigma", ["D", "tau"])
    assert len(matrix.target) == 4
    assert "repeats a (row 1)" in matrix.dropped[0]["reason"]
    text = ROWS + "e,HPA,175,0.5,1.04,-100,2,150,10\n"
    matrix = design_matrix(table(text), "sigma", ["D", "tau"])
    assert len(matrix.target) == 5
    assert "a, e" in matrix.notes[-1]


def test_constant_features_are_left_out_with_a_note():
    matrix = design_matrix(
        table(ROWS.replace("NPC,", "HPA,").replace("0.6", "0.5").replace("0.7", "0.5").replace("0.8", "0.5")),
        "sigma",
        ["D", "tau"],
    )
    assert matrix.names == ("tau",)
    assert "D was left out: it is 0.5 in every row" in matrix.notes


@pytest.mark.parametrize(
    ("features", "group", "words"),
    [
        (["D", "D"], None, "more than once"),
        (["D", "sigma"], None, "cannot be one of the features"),
        (["D"], "sample", "own group"),
        ([], None, "no feature to learn from"),
    ],
)
def test_what_cannot_be_learned_is_named(features, group, words):
    with pytest.raises(RegressionError, match=words):
        design_matrix(table(), "sigma", features, group)


def test_too_few_rows_and_a_constant_property():
    short = "\n".join(ROWS.splitlines()[:4])
    with pytest.raises(RegressionError, match="3 of 3 rows are complete"):
        design_matrix(table(short), "sigma", ["D", "tau"])
    flat = "x,y,z\n1,2,5\n2,1,5\n3,3,5\n4,4,5\n"
    with pytest.raises(RegressionError, match="same value, 5, in every row"):
        design_matrix(table(flat), "z", ["x", "y"])


def test_groups_follow_the_rows():
    text = ROWS.replace("b,HPA,200,0.6", "b,HPA,200,") + "e,NPC,250,0.9,1.01,-9,-3,300,90\n"
    matrix = design_matrix(table(text), "sigma", ["D", "tau"], "paste")
    assert matrix.groups == ("HPA", "NPC", "NPC", "NPC")


def measured(sample, density, unit="1", reason=None):
    return FeatureTable(
        (
            Feature(name="relative_density", value=density, unit="1", sample=sample, reason=reason),
            Feature(name="strut_diameter", value=0.2 if unit == "um" else 200.0, unit=unit, sample=sample),
        )
    )


def test_feature_tables_become_rows_with_reasons_and_one_unit():
    samples = from_features([measured("a", 0.5, "nm"), measured("b", None, "um", "the volume has no voxels")])
    assert samples.samples == ("a", "b")
    assert samples.series("strut_diameter").values.tolist() == pytest.approx([200, 200])
    assert samples.series("relative_density").reasons == {1: "the volume has no voxels"}


def test_units_of_other_kinds_are_refused():
    with pytest.raises(TableError, match="strut_diameter of sample 'b' is in S/cm and elsewhere in nm"):
        from_features([measured("a", 0.5, "nm"), measured("b", 0.5, "S/cm")])
    with pytest.raises(TableError, match="given twice for sample 'a'"):
        from_features([measured("a", 0.5, "nm"), measured("a", 0.5, "nm")])


def test_tables_are_joined_by_sample():
    properties = from_csv(parse_table("sample,sigma\nb,2\na,1\n"))
    features = from_features([measured("a", 0.5, "nm"), measured("b", 0.6, "nm")])
    both = joined(properties, features)
    assert both.series("relative_density").values.tolist() == [0.6, 0.5]
    assert both.series("sigma").values.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sample,sigma\na,1\nc,2\n", "without features in features: c; without a row in table: b"),
        ("sample,relative_density\na,1\nb,2\n", "both hold relative_density"),
    ],
)
def test_joins_that_do_not_fit_are_named(text, words):
    features = from_features([measured("a", 0.5, "nm"), measured("b", 0.6, "nm")])
    with pytest.raises(TableError, match=words):
        joined(from_csv(parse_table(text)), features)


def test_samples_without_own_names():
    assert from_csv(parse_table("x,y\n1,2\n3,4\n")).samples == ("row 1", "row 2")
    assert from_csv(parse_table("sample,y\nHPA,2\nHPA,4\nB,1\n")).samples == (
        "HPA (row 1)",
        "HPA (row 2)",
        "B",
    )


def test_units():
    assert units_agree(None, "1")
    assert units_agree("nm", "um")
    assert not units_agree(None, "nm")
    assert in_unit(np.array([1.0]), "um", "nm", "x").tolist() == [1000.0]
    with pytest.raises(TableError, match="no stated unit"):
        in_unit(1.0, None, "nm", "x")

from napari_microgen.regress.presets import (
    ENGINEERED,
    PAPER_MODELS,
    PAPER_TABLE_2,
    SYMBOLS,
    paper_model_of,
    symbol_of,
)


def test_names_lead_to_one_symbol():
    for symbol, name in SYMBOLS.items():
        assert symbol_of(symbol) == symbol_of(name) == symbol
        assert symbol_of(name.replace("_", " ").title()) == symbol
    assert symbol_of("T") is None
    assert symbol_of("d") is None


def test_models_are_those_of_the_paper():
    assert PAPER_MODELS.keys() == PAPER_TABLE_2.keys()
    for letter, features in PAPER_MODELS.items():
        assert paper_model_of(frozenset(features)) == letter
    raw = {letter for letter, features in PAPER_MODELS.items() if not set(features) & set(ENGINEERED)}
    assert raw == {"A", "C", "I"}
    assert paper_model_of(frozenset({"D", "SA"})) is None

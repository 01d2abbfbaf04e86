"""Built-in samples for File > Open Sample: simulated, with exact truth."""

from .layers import LayerTuple, layers_of


def fibsem() -> list[LayerTuple]:
    """Return a simulated FIB-SEM stack of a porous metal, as a microscope would deliver it."""
    from ..sample_data import sample_fibsem

    return layers_of(sample_fibsem())


def fibsem_with_truth() -> list[LayerTuple]:
    """Return the simulated FIB-SEM stack and its exact phase map."""
    from ..sample_data import sample_fibsem, sample_fibsem_truth

    return [*layers_of(sample_fibsem()), *layers_of(sample_fibsem_truth())]


def sem_with_data_bar() -> list[LayerTuple]:
    """Return one simulated SEM image with its data bar."""
    from ..sample_data import sample_sem

    return layers_of(sample_sem())


def film() -> list[LayerTuple]:
    """Return one simulated image of a sputtered film and its exact crystallites."""
    from ..sample_data import sample_film, sample_film_crystallites

    return [*layers_of(sample_film()), *layers_of(sample_film_crystallites())]


def precipitates() -> list[LayerTuple]:
    """Return one simulated image of precipitates in an alloy and its exact particles."""
    from ..sample_data import sample_precipitates, sample_precipitates_truth

    return [*layers_of(sample_precipitates()), *layers_of(sample_precipitates_truth())]

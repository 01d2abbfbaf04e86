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

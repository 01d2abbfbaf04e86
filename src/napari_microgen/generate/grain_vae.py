"""Train the autoencoder of distance maps of grains (paper 003) with defaults that fit grains."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ..progress import Steps, stepwise
from .options import TrainingOptions


@stepwise
def train_grain_vae(
    *,
    images: Path,
    conditions: Path,
    out: Path,
    steps: int | None = None,
    minutes: float | None = None,
    patch_size: int | None = None,
    latent: int = 256,
    prior: Literal["independent", "full"] = "full",
    kl_weight: float = 1e-4,
    learning_rate: float = 3e-4,
    batch_size: int | None = None,
    augment: Literal["none", "flips", "isotropic"] = "isotropic",
    columns: tuple[str, ...] | None = None,
    where: tuple[str, ...] = ("split=train",),
    seed: int = 0,
    resume: bool = False,
    save_every: int = 500,
    snapshots: int = 0,
    preview_seconds: float = 10.0,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
    licence: str = "",
) -> Steps[dict[str, Any]]:
    """Train the autoencoder of grains on distance maps.

    The network of paper 003, as ``train vae --preset grains`` builds it, on the patches and the table
    that ``grain-patches`` writes. Defaults are those that work for grains; ``train vae`` has the
    published ones and the options that are left out here.

    Parameters
    ----------
    images : Path
        Folder with stores or images of distance maps.
    conditions : Path
        CSV with one row per file: its name and the condition, such as the mean radius.
    out : Path
        Folder for the model; it must not exist yet, except with ``resume``. Checkpoints lie
        beside it, in ``OUT.training``.
    steps : int, optional
        Updates to make. Left out: 100000.
    minutes : float, optional
        Time limit. A run under a time limit cannot be repeated bit for bit.
    patch_size : int, optional
        Side of the maps in px, a multiple of 64. Left out: 256.
    latent : int
        Length of the latent vector. Published: 256 for 256 px.
    prior : {"independent", "full"}
        Law of the latent numbers at each condition: with their correlations, which keeps large
        grains, or independent as published.
    kl_weight : float
        Weight of the divergence from the normal law. Not printed. At 1 a latent number that explains
        under 1 / (2 latent) of the variance costs more than it saves, and maps come out flat.
    learning_rate : float
        Step size (Adam). Published: 0.00001, which takes many times the updates.
    batch_size : int, optional
        Maps per step. Left out: 8, as published.
    augment : {"none", "flips", "isotropic"}
        Whether mirrored (flips) and turned (isotropic) maps count as real ones too; grains
        have no preferred direction unless they were rolled or drawn.
    columns : tuple of str, optional
        Columns that are conditions. Left out: all that are nothing else.
    where : tuple of str
        Rows to use: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE; those for testing stay out.
    seed : int
        Start of all random numbers.
    resume : bool
        Go on with the training that was interrupted in ``OUT.training``.
    save_every : int
        Steps between checkpoints; at most this much, or 5 minutes, is lost when the machine stops.
    snapshots : int
        Models to keep of the second part of the training, evenly spread, the end included; they lie
        in ``OUT.snapshots``, each as large as the model, and ``choose`` finds the best of them. 0 for
        none.
    preview_seconds : float
        Time between two pictures of generated maps, in s; 0 for none.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.
    threads : int, optional
        Processor threads. Left out: all cores or one, whichever is faster.
    licence : str
        Terms under which model and maps may be used, for the card.

    Returns
    -------
    dict
        As ``train vae``: ``model``, ``steps``, ``seconds``, ``images_per_second``, ``parameters``
        and more.

    Raises
    ------
    ConditionsError
        If table and images do not fit; everything that does not is listed.
    ParameterError
        If a number makes no sense.
    CheckpointError
        If there is nothing to resume, or ``out`` is in use.
    DivergedError
        If a loss is no longer finite; the last good checkpoint is kept.
    """
    options = TrainingOptions.of(locals())
    from .methods.vae import PRESETS, Vae
    from .training import Recipe, fit

    config = replace(
        PRESETS["grains"], latent=latent, prior=prior, kl_weight=kl_weight, learning_rate=learning_rate
    )
    recipe = Recipe(
        Vae,
        lambda size, on_device: config,
        size=256,
        batch=lambda on_device: 8,
        steps=lambda on_device: 100_000,
        preset="grains",
    )
    return (yield from fit(recipe, options))

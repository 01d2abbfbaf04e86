"""Every generator trains, resumes bit for bit, is written, read and sampled; whatever its method."""

import json

import numpy as np
import pytest
import torch

from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import CheckpointError, MemoryLimitError, ModelFileError, ParameterError
from napari_microgen.generate import catalogue
from napari_microgen.generate.contract import Noise
from napari_microgen.generate.images import make_images
from napari_microgen.generate.methods.cgan import inverse_density
from napari_microgen.generate.model import describe_model, read_generator
from napari_microgen.io.weights import load_model, read_card
from napari_microgen.progress import finish

KINDS = ["edm", "ddpm", "cgan", "cgan porous", "acwgan-gp", "acwgan-gp continuous", "vae", "vae grains"]
ROWS = [{"temperature": 700, "material": "A"}, {"temperature": 850, "material": "B"}] * 2


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def rows_of_log(folder):
    return (folder.with_name(f"{folder.name}.training") / "log.jsonl").read_text()


def test_every_method_of_the_catalogue_is_held_to_this(kinds):
    assert {kind.split()[0] for kind in kinds} == set(catalogue.titles())
    assert set(KINDS) == set(kinds)


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_training_is_that_which_was_not_stopped(kind, train, tmp_path):
    train(kind, tmp_path / "whole", steps=6, save_every=2)
    train(kind, tmp_path / "broken", steps=3, save_every=2)
    for name in ("model.safetensors", "card.json"):
        (tmp_path / "broken" / name).unlink()
    train(kind, tmp_path / "broken", steps=6, save_every=2, resume=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "broken")
    assert rows_of_log(tmp_path / "whole") == rows_of_log(tmp_path / "broken")


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_in_half_precision_follows_that_in_full(kind, train, tmp_path):
    losses = []
    for precision in ("fp32", "bf16"):
        said = train(kind, tmp_path / precision, steps=3, precision=precision)
        assert said["precision"] == precision
        losses.append([json.loads(row)["loss"] for row in rows_of_log(tmp_path / precision).splitlines()])
    np.testing.assert_allclose(*losses, rtol=0.05, atol=0.05)


def test_the_learning_rate_of_the_default_falls_without_knowing_the_end(train, tmp_path):
    train("edm", tmp_path / "model", steps=1)
    rate = read_generator(tmp_path / "model").generator.rate
    assert [rate(step) for step in (0, 49, 99, 499)] == [0.01, 0.5, 1.0, 1.0]
    assert [rate(step) for step in (1999, 7999)] == pytest.approx([0.5, 0.25])


def levels_of(generator, **how):
    """The noise levels at which a generator asks its network."""
    seen = []
    network = generator._network
    generator._network = lambda x, levels, *rest: seen.append(float(levels[0])) or network(x, levels, *rest)
    try:
        finish(generator.sample(np.zeros((1, generator.setup.encoder.width), np.float32), Noise(0), **how))
    finally:
        del generator._network
    return seen


def test_fast_sampling_of_two_phase_images_ends_where_pixels_are_decided(models):
    generator = read_generator(models("edm")).generator
    assert levels_of(generator)[-1] == pytest.approx(0.3)
    assert levels_of(generator, sampler="reference")[-1] == pytest.approx(0.1)


def test_two_phase_images_are_learned_and_sampled_at_higher_noise(models):
    two_phase, shipped = (
        read_generator(models("edm")).generator,
        read_generator("builtin:thin-film").generator,
    )
    assert (two_phase.s_min, two_phase.last, two_phase.middle) == (0.1, 0.3, 0.6)
    assert (shipped.s_min, shipped.last, shipped.middle) == (0.002, 0.002, -1.2), "grey, and from before"
    width = two_phase.setup.encoder.width
    batch = {
        "images": np.zeros((4096, 1, 16, 16), np.float32),
        "images.conditions": np.zeros((4096, width), np.float32),
    }
    (phase,) = two_phase.phases(batch, torch.Generator().manual_seed(0), torch.device("cpu"))
    levels = phase.tensors["levels"]
    assert levels.min() >= 0.1 - 1e-6
    expected = 0.6 + 0.75 * np.log(16 / 64)
    assert float(levels.log().median()) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_images_have_the_kind_of_the_training_and_depend_on_seed_and_number_alone(kind, models):
    model = read_generator(models(kind))
    whole = finish(make_images(model, ROWS, seed=3)).images
    assert whole.shape == (4, model.size, model.size)
    assert whole.dtype == np.uint8
    assert set(np.unique(whole)) <= {0, 255}, "a generator of two-phase images gives two-phase images"
    assert np.array_equal(finish(make_images(model, ROWS, seed=3)).images, whole)
    part = finish(make_images(model, ROWS[:2], seed=3)).images
    assert (part != whole[:2]).mean() < 0.01, "the number of images does not matter"
    encoded = model.generator.setup.encoder.encode(ROWS)
    one, other = (finish(model.generator.sample(encoded, Noise(seed))) for seed in (3, 4))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_previews_change_nothing(kind, train, models, tmp_path):
    train(kind, tmp_path / "seen", preview_seconds=1e-6)
    assert weights(tmp_path / "seen") == weights(models(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_knows_what_it_was_trained_on(kind, models):
    card = read_card(models(kind))
    details = card["details"]
    assert card["method"] == kind.split()[0]
    assert details["image"]["pixel_size"] == pytest.approx(0.1)
    assert [entry["name"] for entry in details["conditions"]] == ["temperature", "material"]
    assert (details["conditions"][0]["low"], details["conditions"][0]["high"]) == (700, 900)
    assert len(details["support"]["points"]) == 6
    assert len(details["training"]["data"]) == 64
    assert details["training"]["steps"] == 4


@pytest.mark.parametrize("kind", ["edm", "vae"])
def test_weights_of_another_size_are_refused_before_memory_is_taken(kind, models, tmp_path):
    import shutil

    folder = shutil.copytree(models(kind), tmp_path / "model")
    card = json.loads((folder / "card.json").read_text())
    if kind == "edm":
        card["details"]["settings"]["profile"] = "big-224"
    else:
        card["details"]["settings"]["latent"] = 4096
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelFileError, match="do not fit"):
        read_generator(folder)


def test_an_existing_model_is_not_overwritten(train, models):
    with pytest.raises(CheckpointError, match="already exists"):
        train("edm", models("edm"))


def test_other_settings_are_not_resumed(train, tmp_path):
    train("edm", tmp_path / "model", steps=2)
    with pytest.raises(CheckpointError, match="batch_size was 4 and is now 2"):
        train("edm", tmp_path / "model", steps=4, resume=True, batch_size=2)


def test_training_needs_something_to_resume(train, tmp_path):
    with pytest.raises(CheckpointError, match="nothing to resume"):
        train("edm", tmp_path / "model", resume=True)


def test_rare_conditions_weigh_more():
    table = ConditionTable.from_columns({"T": [0, 10, 20, 600], "gas": ["a", "a", "b", "b"]})
    np.testing.assert_allclose(inverse_density(table), [1, 1, 2, 2])


def test_the_autoencoder_tells_conditions_and_maps_latent_vectors(models):
    generator = read_generator(models("vae")).generator
    images = np.zeros((3, 1, 32, 32), np.float32)
    told = generator.told(images)
    assert [set(row) for row in told] == [{"temperature", "material"}] * 3
    placed = generator.latent_map()
    assert placed.places.shape == (40, 2)
    assert generator.mapped_rows.max() < 6


def test_same_noise_changes_with_the_conditions_only(models):
    model = read_generator(models("edm"))
    made = finish(make_images(model, [ROWS[0]] * 3, same_noise=True)).images
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])


def test_torch_threads_are_put_back(models):
    before = torch.get_num_threads()
    finish(make_images(read_generator(models("cgan")), ROWS, threads=1))
    assert torch.get_num_threads() == before


def test_more_conditions_than_a_card_can_list_are_refused_before_the_training(train, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_microgen.generate.training.LARGEST_CARD", 2000)
    with pytest.raises(ParameterError, match="6 different conditions"):
        train("edm", tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["edm", "ddpm"])
def test_half_precision_gives_nearly_the_same_images(kind, models):
    model = read_generator(models(kind))
    full = finish(make_images(model, ROWS, seed=3, precision="fp32")).images
    half = finish(make_images(model, ROWS, seed=3, precision="bf16")).images
    assert (full != half).mean() < 0.15


def test_a_model_is_described_without_being_built(models, monkeypatch):
    monkeypatch.setattr(catalogue, "load", None)
    found = describe_model(models("edm"))
    assert found["method"] == "edm"
    assert found["conditions"][0]["name"] == "temperature"


@pytest.mark.parametrize("kind", ["edm", "acwgan-gp", "cgan", "ddpm"])
def test_little_memory_cuts_the_batches_and_says_so(kind, train, models, monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    monkeypatch.setenv("MICROGEN_MEMORY", str(LITTLE[kind]))
    made = train(kind, tmp_path / "model")
    assert "parts to fit into memory" in made["notes"][-1]
    little, plenty = (load_model(folder)[0] for folder in (tmp_path / "model", models(kind)))
    if kind in ("edm", "ddpm"):  # no dropout where it matters, so only rounding differs
        assert max(float(np.abs(little[n] - plenty[n]).max()) for n in plenty) < 5e-3


LITTLE = {"edm": 6e5, "acwgan-gp": 3.5e5, "cgan": 1.4e6, "ddpm": 5e6}
"""Bytes in which one image fits, but not four."""


def test_too_little_memory_is_said_before_the_training(train, monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("MICROGEN_MEMORY", "60000")
    with pytest.raises(MemoryLimitError, match="Not even one image"):
        train("edm", tmp_path / "model")
    assert not list(tmp_path.glob("model.training/step-*"))


def test_noise_is_the_same_from_several_threads(monkeypatch):
    one = Noise(3, 5).normal(4, 1, 8, 8)
    monkeypatch.setattr("napari_microgen.generate.contract.MUCH", 10)
    monkeypatch.setattr("napari_microgen.generate.contract.available_cores", lambda: 4)
    torch.testing.assert_close(Noise(3, 5).normal(4, 1, 8, 8), one, rtol=0, atol=0)
    torch.testing.assert_close(Noise(3, 6).normal(3, 1, 8, 8), one[1:], rtol=0, atol=0)
    assert Noise(3, 5, shared=True).normal(2).unique().numel() == 1


def test_model_in_half_precision_is_read_as_the_whole_one(models, tmp_path):
    from napari_microgen.io.weights import load_model, save_model

    tensors, card = load_model(models("edm"))
    halves = {k: a.astype(np.float16) if a.dtype == np.float32 else a for k, a in tensors.items()}
    save_model(tmp_path / "half", halves, {"method": card["method"], "details": card["details"]})
    whole, half = read_generator(models("edm")), read_generator(tmp_path / "half")
    for name, weights in half.generator.networks["denoiser"].state_dict().items():
        ours = whole.generator.networks["denoiser"].state_dict()[name]
        assert weights.dtype == ours.dtype
        np.testing.assert_allclose(weights.numpy(), ours.numpy(), rtol=1e-3, atol=1e-7)

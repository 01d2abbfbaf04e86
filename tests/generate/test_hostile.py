"""Generators that lie about themselves: each is refused with our error, and quickly."""

import copy
import json
import pickle
import resource
import shutil
import struct
import time

import numpy as np
import pytest

from napari_microgen.errors import ModelFileError
from napari_microgen.generate.model import read_generator
from napari_microgen.io.weights import load_model, save_model


class Canary:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def details(**changes):
    """Change entries of the details; a path such as ``settings.profile`` goes down."""

    def damage(folder):
        path = folder / "card.json"
        card = json.loads(path.read_text())
        for place, value in changes.items():
            *down, last = place.split("__")
            entry = card["details"]
            for name in down:
                entry = entry[int(name) if name.isdigit() else name]
            if value is ...:
                del entry[int(last) if last.isdigit() else last]
            else:
                entry[int(last) if last.isdigit() else last] = value
        path.write_text(json.dumps(card))

    return damage


def method(name):
    def damage(folder):
        path = folder / "card.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"method": name}))

    return damage


def tensors(change):
    """Write other weights with a sound header."""

    def damage(folder):
        found, card = load_model(folder)
        changed = change(dict(found))
        shutil.rmtree(folder)
        save_model(folder, changed, {"method": card["method"], "details": card["details"]})

    return damage


def raw(content):
    return lambda folder: (folder / "model.safetensors").write_bytes(content)


def pickled(protocol):
    return lambda folder: raw(pickle.dumps(Canary(folder.parent / "canary"), protocol))(folder)


def first(found):
    return next(iter(found))


HOSTILE = {
    **{f"pickle protocol {n}": pickled(n) for n in range(6)},
    "pickled card": lambda f: (f / "card.json").write_bytes(pickle.dumps(Canary(f.parent / "canary"))),
    "header of 100 MB": raw(struct.pack("<Q", 100_000_000) + b"{}"),
    "empty": raw(b""),
    "method is a segmenter": method("unet-default"),
    "method is a module": method("os"),
    "method is private": method("__init__"),
    "method is a file beside": method("contract"),
    "method of another generator": method("vae"),
    "method with another case": method("EDM"),
    "not a generator": details(kind="segmenter"),
    "no kind": details(kind=...),
    "no settings": details(settings=...),
    "settings are a list": details(settings=[]),
    "unknown setting": details(settings__code="import os"),
    "unknown profile": details(settings__profile="../../evil"),
    "profile is a number": details(settings__profile=64),
    "another profile": details(settings__profile="cpu-64"),
    "a huge profile": details(settings__profile="big-224"),
    "rate is text": details(settings__learning_rate="1e-3"),
    "rate is negative": details(settings__learning_rate=-1.0),
    "vicinity is huge": details(settings__vicinity=1e9),
    "size is text": details(size="64"),
    "size is 0": details(size=0),
    "size is negative": details(size=-16),
    "size is huge": details(size=10**9),
    "size is true": details(size=True),
    "image is larger than the networks": details(image__size=64),
    "image size is decimal": details(image__size=16.0),
    "no image": details(image=...),
    "image is a text": details(image="16 px"),
    "grey upside down": details(image__grey__low=300),
    "grey of objects": details(image__grey__dtype="object"),
    "no grey": details(image__grey=...),
    "binary is a number": details(image__grey__binary=1),
    "pixel size 0": details(image__pixel_size=0),
    "pixel size negative": details(image__pixel_size=-1.0),
    "pixel size is text": details(image__pixel_size="0.1"),
    "pixel size without unit": details(image__unit=None),
    "pixel size in parsecs per apple": details(image__unit="parsec/apple"),
    "no encoder": details(encoder=...),
    "encoder of another kind": details(encoder__kind="eval"),
    "encoder without scaler": details(encoder__scaler=...),
    "scaler without parts": details(encoder__scaler__parts=[]),
    "scaler of span 0": details(encoder__scaler__parts__0__span=0),
    "scaler with a label more": details(encoder__scaler__parts__1__categories=["A", "B", "C"]),
    "scaler of infinite span": details(encoder__scaler__parts__0__span=1e400),
    "conditions of other names": details(conditions__0__name="pressure"),
    "conditions are text": details(conditions="T"),
    "a condition too few": details(conditions__1=...),
    "a condition without range": details(conditions__0__low=...),
    "a condition of infinite range": details(conditions__0__high=1e400),
    "labels are numbers": details(conditions__1__values=[1, 2]),
    "no labels": details(conditions__1__values=[]),
    "unit is a number": details(conditions__0__unit=7),
    "facts are a list": details(facts=[]),
    "facts without deviation": details(facts__deviation=...),
    "deviation 0": details(facts__deviation=0),
    "deviation negative": details(facts__deviation=-1),
    "noise range huge": details(facts__s_max=1e30),
    "means without points": details(facts__means__points=...),
    "means of other shape": details(facts__means__weights=[1.0]),
    "means of length 0": details(facts__means__length=0),
    "support is text": details(support="everywhere"),
    "support without points": details(support__points=[]),
    "support of other shape": details(support__points=[[1, 2, 3]]),
    "no training": details(training=...),
    "a weight missing": tensors(lambda t: {k: v for k, v in t.items() if k != first(t)}),
    "a weight more": tensors(lambda t: t | {"denoiser/extra": np.zeros(3, np.float32)}),
    "a weight of an unknown network": tensors(lambda t: t | {"evil/extra": np.zeros(3, np.float32)}),
    "a weight of another shape": tensors(lambda t: t | {first(t): np.zeros((3, 3), np.float32)}),
    "a weight of another type": tensors(lambda t: {k: v.astype(np.float64) for k, v in t.items()}),
    "no weights": tensors(lambda t: {"none": np.zeros(1, np.float32)}),
}


@pytest.fixture
def folder(models, tmp_path):
    return shutil.copytree(models("edm"), tmp_path / "model")


def test_there_are_at_least_60():
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("case", HOSTILE)
def test_each_hostile_generator_is_refused(case, folder):
    HOSTILE[case](folder)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(ModelFileError):
        read_generator(folder)
    assert time.monotonic() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "KiB"
    assert not (folder.parent / "canary").exists()


def test_an_honest_generator_is_read(folder):
    assert read_generator(folder).method == "edm"


OTHERS = {
    "vae": [
        details(settings__latent=10**9),
        details(settings__latent=3.5),
        details(settings__network="../x"),
        details(settings__dropout=2.0),
        tensors(lambda t: {k: v for k, v in t.items() if not k.startswith("prior/")}),
        tensors(lambda t: t | {"prior/means": np.zeros((2, 2), np.float32)}),
        tensors(lambda t: t | {"map/rows": t["map/rows"].astype(np.float32)}),
        tensors(lambda t: t | {"prior/evil": np.zeros(1, np.float32)}),
    ],
    "cgan": [
        details(settings__z_dim=10**12),
        details(settings__final_kernel=2),
        details(settings__reweight="eval"),
        details(settings__network="os"),
    ],
    "ddpm": [
        details(settings__width=7),
        details(settings__width=10**6),
        details(settings__steps=10**9),
        details(settings__beta_last=2.0),
    ],
    "acwgan-gp": [
        details(settings__labels="both"),
        details(settings__z_dim=0),
        details(settings__critic_steps=-1),
        details(encoder__edges__0=[3, 2, 1]),
    ],
}


@pytest.mark.parametrize(
    ("kind", "number"), [(k, n) for k, cases in OTHERS.items() for n in range(len(cases))]
)
def test_other_methods_are_as_strict(kind, number, models, tmp_path):
    folder = shutil.copytree(models(kind), tmp_path / "model")
    OTHERS[kind][number](folder)
    with pytest.raises(ModelFileError):
        read_generator(folder)


STRANGE = (None, True, -1, 0, 10**9, 1e300, "", "x", [], {}, [1, "a"], {"a": None}, "nan", 0.5)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value[:3]):
            yield from places(inner, (*path, number))


def mutated(folder, seeds):
    """Put a strange value at a random place of the details; return the errors that are not ours."""
    path = folder / "card.json"
    card = json.loads(path.read_text())
    everywhere = [p for p in places(card["details"]) if p]
    foreign = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        changed = copy.deepcopy(card)
        *down, last = everywhere[random.integers(len(everywhere))]
        entry = changed["details"]
        for key in down:
            entry = entry[key]
        entry[last] = STRANGE[random.integers(len(STRANGE))]
        path.write_text(json.dumps(changed))
        try:
            read_generator(folder)
        except ModelFileError:
            pass
        except Exception as error:
            foreign.append((seed, [*down, last], repr(error)))
    return foreign


@pytest.mark.parametrize("kind", ["edm", "vae", "acwgan-gp"])
def test_60_mutated_cards_raise_our_error_only(kind, models, tmp_path):
    folder = shutil.copytree(models(kind), tmp_path / "model")
    assert mutated(folder, range(60)) == []


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["edm", "vae", "acwgan-gp", "cgan", "ddpm"])
def test_4000_mutated_cards_raise_our_error_only(kind, models, tmp_path):
    folder = shutil.copytree(models(kind), tmp_path / "model")
    assert mutated(folder, range(1000, 5000)) == []

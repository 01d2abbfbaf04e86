"""The rules of the house: who may import whom, what stays small, what is never used."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import napari_microgen
from napari_microgen.operations import OPERATIONS

ROOT = Path(napari_microgen.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)
IDS = [str(path.relative_to(ROOT)) for path in FILES]

LEVELS = {
    **dict.fromkeys(("errors", "units", "package_call"), 0),
    **dict.fromkeys(("volume", "conditions", "features", "recipe", "progress", "correlation"), 1),
    "io": 2,
    "train": 3,
    **dict.fromkeys(("generate", "regress", "quantify", "segment", "prepare", "simulate"), 4),
    **dict.fromkeys(("zones", "compare"), 5),
    "sample_data": 5,
    "grains": 5,
    "grain_data": 5,
    "latent": 5,
    **dict.fromkeys(("operations", "parameters", "demo", "batch"), 6),
    **dict.fromkeys(("cli", "widgets"), 7),
}
GROUND_ORDER = ("errors", "units", "progress", "recipe", "features", "volume", "correlation", "conditions")
OPERATIONS_ORDER = ("operations", "parameters", "demo", "batch")

TORCH_FILES = {
    "generate/contract.py",
    "generate/images.py",
    "generate/methods/acwgan_gp.py",
    "generate/methods/cgan.py",
    "generate/methods/ddpm.py",
    "generate/methods/edm.py",
    "generate/methods/vae.py",
    "generate/networks/acwgan.py",
    "generate/networks/blocks.py",
    "generate/networks/condition_embedding.py",
    "generate/networks/grain_vae.py",
    "generate/networks/initialisation.py",
    "generate/networks/porous_gan.py",
    "generate/networks/thin_film_gan.py",
    "generate/networks/thin_film_vae.py",
    "generate/networks/unet.py",
    "generate/networks/unet_ddpm.py",
    "generate/preview.py",
    "generate/sampling.py",
    "generate/training.py",
    "segment/unet_default.py",
    "segment/unet_fused.py",
    "segment/unet_inference.py",
    "segment/unet_job.py",
    "segment/unet_method.py",
    "segment/unet_model.py",
    "segment/unet_paper.py",
    "segment/unet_tiles.py",
    "simulate/grain_phase_torch.py",  # no network: the phase field on a GPU
    "train/devices.py",
    "train/engine.py",
    "train/muon.py",
    "train/ranks.py",
    "train/torch_state.py",
    "zones/classifier.py",
    "zones/classifier_network.py",
    "zones/classifier_training.py",
}
WINDOW_PACKAGES = {"napari", "qtpy", "magicgui", "superqt", "vispy", "PyQt6", "PySide6"}


def trees():
    for path in FILES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imported_packages(tree):
    """Top-level names of foreign packages, wherever in the file they are imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def inner_imports(path, tree):
    """Names of the rooms of this package that a file imports from."""
    package = ("napari_microgen", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            full = [*base, *(node.module.split(".") if node.module else [])]
            if full[:1] != ["napari_microgen"]:
                continue
            if len(full) > 1:
                yield full[1]
            else:
                yield from (alias.name for alias in node.names if alias.name in LEVELS)


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_arrows_go_down_only(path):
    own = room(path)
    if own == "__init__":
        return
    assert own in LEVELS, f"{own} has no place in the house yet"
    for other in inner_imports(path, ast.parse(path.read_text(encoding="utf-8"))):
        if other in (own, "__version__"):
            continue
        assert other in LEVELS, f"{path.name} imports {other}, which has no place in the house"
        allowed = LEVELS[other] < LEVELS[own]
        for order in (GROUND_ORDER, OPERATIONS_ORDER):
            if own in order and other in order:
                allowed = order.index(other) < order.index(own)
        assert allowed, f"{own} (level {LEVELS[own]}) imports {other} (level {LEVELS[other]})"


def test_torch_only_where_networks_live_and_really_there():
    found = {str(path.relative_to(ROOT)) for path, tree in trees() if "torch" in set(imported_packages(tree))}
    assert found == TORCH_FILES


def test_the_window_stays_in_widgets():
    found = {
        str(path.relative_to(ROOT))
        for path, tree in trees()
        if WINDOW_PACKAGES & set(imported_packages(tree))
    }
    outside = {name for name in found if not name.startswith("widgets/")}
    assert outside == set()
    assert found, "the docks really use Qt"


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_file_is_read_in_one_sitting(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 400, f"{path.name} has {lines} lines; split it by what it does"
    assert path.stem not in ("utils", "helpers", "common", "misc")


def test_the_median_file_is_short():
    assert statistics.median(len(path.read_text(encoding="utf-8").splitlines()) for path in FILES) <= 150


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_function_fits_on_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            length = node.end_lineno - first.lineno + 1
            assert length <= 60, (
                f"{path.name}:{node.lineno} {node.name} has {length} lines below its docstring"
            )


FORBIDDEN_CALLS = {"eval", "exec", "compile"}
FORBIDDEN_ATTRIBUTES = {
    ("torch", "load"),
    ("pickle", "load"),
    ("pickle", "loads"),
    ("joblib", "load"),
    ("torch", "save"),
}


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_code_ever_comes_from_a_file(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"} & set(imported_packages(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func
        if isinstance(name, ast.Name):
            assert name.id not in FORBIDDEN_CALLS, f"{path.name}:{node.lineno} calls {name.id}"
        if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name):
            assert (name.value.id, name.attr) not in FORBIDDEN_ATTRIBUTES, f"{path.name}:{node.lineno}"
        for keyword in node.keywords:
            allowed = (
                keyword.arg == "allow_pickle"
                and isinstance(keyword.value, ast.Constant)
                and not keyword.value.value
            )
            assert keyword.arg != "allow_pickle" or allowed, f"{path.name}:{node.lineno} allows pickle"


def modules_after(code, names):
    script = f"import sys\n{code}\nprint(*sorted({names!r} & set(sys.modules)))"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()


HEAVY = {
    "torch",
    "sklearn",
    "porespy",
    "pandas",
    "dask",
    "matplotlib",
    "napari",
    "qtpy",
    "magicgui",
    "numba",
    "skimage",
    "zarr",
}


def test_importing_the_package_loads_nothing_heavy():
    assert modules_after("import napari_microgen", HEAVY | {"numpy"}) == []


def test_help_loads_nothing_heavy():
    code = "import sys; sys.stdout, out = sys.stderr, sys.stdout; from napari_microgen.cli import main"
    code += "; main(['--help']); sys.stdout = out"
    assert modules_after(code, HEAVY) == []


@pytest.mark.parametrize("identifier", [key for key, operation in OPERATIONS.items() if not operation.heavy])
def test_only_training_and_inference_load_torch(identifier):
    code = f"from napari_microgen.operations import OPERATIONS\nOPERATIONS[{identifier!r}].load()"
    assert "torch" not in modules_after(code, HEAVY)


def test_the_project_speaks_only_of_itself():
    checkout = ROOT.parents[1]
    if not (checkout / ".git").exists():
        pytest.skip("not a checkout: there are no tracked files to read")
    words = ("/wor" + "k/", "help" + "er session", "sub" + "agent", ".libr" + "ary")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout
    for name in listed.splitlines():
        path = checkout / name
        if path.suffix in (".py", ".md", ".toml", ".ini", ".yaml", ".txt", ".cfg", "") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not [word for word in words if word in text], name

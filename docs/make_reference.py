"""Write docs/reference.md from the table of operations. Run: python docs/make_reference.py."""

from pathlib import Path

from napari_microgen.operations import OPERATIONS
from napari_microgen.parameters import Parameter, describe

HEAD = """# Commands and operations

Each operation is a Python function, a command and a part of a dock; this page is made from the functions
themselves by `python docs/make_reference.py`. Every command also takes `--json`, `--quiet` and `--debug`;
commands that read an image take `--voxel-size Z,Y,X --unit nm`, `--axes`, `--channel` and `--allow-partial`
for what the file does not say. `microgen replay RECIPE` runs a recorded recipe again and compares the bytes.
"""


def option(parameter: Parameter) -> str:
    """Return one row of the table of options."""
    name = (
        parameter.name.upper()
        if parameter.positional
        else f"--{parameter.name.rstrip('_').replace('_', '-')}"
    )
    default = "required" if parameter.required else f"`{parameter.default}`"
    choices = f" One of {', '.join(map(str, parameter.choices))}." if parameter.choices else ""
    return f"| `{name}` | {default} | {parameter.help}{choices} |".replace("\n", " ")


def section(identifier: str) -> str:
    """Return what the page says of one operation."""
    operation = OPERATIONS[identifier]
    description = describe(operation.load())
    module, _, name = operation.function.partition(":")
    lines = [f"## microgen {identifier}", "", f"{description.summary} {description.text}".strip(), ""]
    lines += [
        f"In Python: `napari_microgen.{module}.{name}`",
        "",
        "| option | default | what it does |",
        "|---|---|---|",
    ]
    return "\n".join(lines + [option(parameter) for parameter in description.parameters]) + "\n"


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(section(identifier) for identifier in OPERATIONS)])


if __name__ == "__main__":
    (Path(__file__).parent / "reference.md").write_text(page(), encoding="utf-8")

"""Run one operation on many files for the command line."""

import argparse
import time
from typing import Any

from ..batch import run_batch
from ..errors import MicrogenError
from ..operations import Operation, plain
from ..parameters import Description
from .execution import checked_target, drive, written
from .messages import Messages, StdinWatch
from .parser import reading_arguments


class SomeFilesFailedError(MicrogenError, ValueError):
    """Some files of a batch could not be measured; the others were."""

    def __init__(self, message: str, content: dict[str, Any]) -> None:
        super().__init__(message)
        self.content = content


def execute_many(
    operation: Operation, description: Description, options: argparse.Namespace, said: Messages
) -> Any:
    """Run ``operation`` on every file that was named and return the JSON object of the joint table.

    Raises
    ------
    SomeFilesFailedError
        If a file could not be measured; its ``content`` holds what the others gave.
    """
    start = time.monotonic()
    target = checked_target(description, options)
    name = next(p.name for p in description.parameters if p.positional)
    arguments = {p.name: getattr(options, p.name) for p in description.parameters if not p.positional}
    paths, reading = getattr(options, name), reading_arguments(options)
    steps = run_batch(operation.id, paths, arguments=arguments, reading=reading, scheduler=options.scheduler)
    batch = drive(steps, said, StdinWatch() if options.watch_stdin else None)
    content: dict[str, Any] = written(batch.table, target if len(batch.table) else None)
    content["failed"] = [{"path": path, "error": error} for path, error in batch.failed]
    content = plain(content | {"seconds": round(time.monotonic() - start, 3)})
    said.done()
    if batch.failed:
        why = "; ".join(error for _, error in batch.failed)
        count = f"{len(batch.failed)} of {len(paths)} files could not be measured"
        raise SomeFilesFailedError(f"{count}: {why}", content)
    return content

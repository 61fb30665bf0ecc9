"""Executes notebooks headless; prints the message of a cell that fails. usage: execute.py [--save] FILE …"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

LARGEST = 500_000  # bytes of a notebook with its outputs


def run(file: Path, save: bool) -> str | None:
    """What went wrong, or None."""
    notebook = nbformat.read(file, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=900,
        kernel_name="tslab",
        record_timing=False,
        resources={"metadata": {"path": str(file.parent)}},
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError) as error:
        return message(notebook, error)
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if save:
        file.write_text(text)
    print(f"  {size / 1e6:.2f} MB", end="")
    return f"its outputs make it {size} bytes, more than {LARGEST}" if size > LARGEST else None


def message(notebook: nbformat.NotebookNode, error: Exception) -> str:
    """tslab sends what went wrong as a stream of standard error: the last code cell that ran has it."""
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.get("execution_count")]
    if not ran:
        return str(error)
    said = [out.text for out in ran[-1].outputs if out.output_type == "stream" and out.name == "stderr"]
    return "\n".join(["this cell failed:", indent(ran[-1].source), "it said:", indent("".join(said) or str(error))])


def indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())


def main(words: list[str]) -> int:
    save = "--save" in words
    failed = 0
    for file in [Path(word) for word in words if word != "--save"]:
        print(f"{file.name:32}", end="", flush=True)
        started = time.monotonic()
        problem = run(file, save)
        print(f"  {time.monotonic() - started:.0f} s  {'FAILED' if problem else 'ok'}", flush=True)
        if problem:
            failed += 1
            print(f"{file.name}: {problem}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

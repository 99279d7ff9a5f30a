"""`python -m bench` runs all and prints a table; `python -m bench NAME --json` runs one and prints one line."""

import argparse
import asyncio
import json
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

import bench
from bench._calibration import machine

Figures = Mapping[str, float | str]
"""What was measured, by name with its unit; `skipped` says why there is nothing."""


def modules() -> dict[str, ModuleType]:
    """The benches by name."""
    found = [import_module(f"bench.{m.name}") for m in pkgutil.iter_modules(bench.__path__) if m.name[0] != "_"]
    return {module.NAME: module for module in found if hasattr(module, "run")}


def main() -> int:
    benches = modules()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(benches), help="all without it")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each")
    options = parser.parse_args()
    names = [options.name] if options.name else sorted(benches)
    failed = False
    for name in names:
        figures = measure(benches[name]) if options.name else measure_apart(name)
        failed |= "failed" in figures
        print(json.dumps({"name": name, **figures}) if options.json else row(name, benches[name].GOAL, figures))
    return 1 if failed else 0


def measure(module: ModuleType) -> Figures:
    """On the event loop that the hub runs on."""
    try:
        import uvloop  # absent where it is not built, as on Windows
    except ImportError:
        figures: Figures = asyncio.run(module.run())
    else:
        figures = uvloop.run(module.run())
    return {**figures, "on a machine of": machine()}


def measure_apart(name: str) -> Figures:
    """In a process of its own, so that one bench does not warm or burden the next."""
    command = [sys.executable, "-m", "bench", name, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return {"failed": f"exit code {done.returncode}"}
    figures: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    del figures["name"]
    return figures


def row(name: str, goal: str, figures: Figures) -> str:
    shown = ", ".join(
        f"{key} {f'{value:,.6g}' if isinstance(value, float | int) else value}" for key, value in figures.items()
    )
    return f"{name:<14} {shown}  (goal: {goal})"


if __name__ == "__main__":
    sys.exit(main())

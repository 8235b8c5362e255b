"""How long a cold `python -m generator build` takes, and `make templates` with nothing changed, as multiples of a cold
`import troposphere` in the same run.

    make timing

The commands take turns, so that other work on the machine weighs on both; the smallest time of each counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 20


def seconds(*arguments: str) -> float:
    """Wall time of a fresh Python process with `arguments`; raises CalledProcessError if it fails."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the times and their ratios to the import."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "generation": ("-m", "generator", "build", "--output", str(Path(folder, "build"))),
            "make templates, nothing changed": ("-m", "generator", "build", "--lint"),
        }
        for command in commands.values():
            seconds(*command)  # compiles the bytecode, and finds the project clean
        rounds = [
            (seconds("-c", "import troposphere"), *(seconds(*command) for command in commands.values()))
            for _ in range(ROUNDS)
        ]
    base, *times = map(min, zip(*rounds, strict=True))
    print(f"import troposphere {base:.3f} s")
    for name, time_ in zip(commands, times, strict=True):
        print(f"{name} {time_:.3f} s: {time_ / base:.2f} times")


if __name__ == "__main__":
    main()

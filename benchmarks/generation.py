"""How long a cold `python -m generator build` takes, as a multiple of a cold `import troposphere` in the same run.

    make timing

The two commands take turns, so that other work on the machine weighs on both; the smallest time of each counts.
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
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print both times and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        generate = ("-m", "generator", "build", "--output", str(Path(folder, "build")))
        seconds(*generate)  # compiles the bytecode
        rounds = [(seconds("-c", "import troposphere"), seconds(*generate)) for _ in range(ROUNDS)]
    base, generation = map(min, zip(*rounds, strict=True))
    print(f"import troposphere {base:.3f} s, generation {generation:.3f} s: {generation / base:.2f} times")


if __name__ == "__main__":
    main()

"""`make bench`: prepares the image, then runs the bench's tests in namespaces of their own, which end with them.

python -m tests.bench.run [pytest's options and tests]
python -m tests.bench.run --image   # no tests, only the image
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from generator.text.sources import ROOT
from tests.bench import image

# What `ip netns` binds stays inside, and the machines' addresses are nobody else's. The shell stays as the first process:
# it buries what machines leave behind, without which their namespaces would not end.
INSIDE = 'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && ip link set lo up && "$@"; exit $?'


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status if the bench cannot start, and does not return otherwise."""
    try:
        image.prepare()
    except image.Unable as problem:
        print(problem, file=sys.stderr)
        return 1
    if arguments == ["--image"]:
        return 0
    os.chdir(ROOT)
    named = any(Path(argument.partition("::")[0]).exists() for argument in arguments)
    tests = [*arguments, *([] if named else ["tests/bench"])]
    spaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests]
    sys.stdout.flush()
    os.execvp(spaces[0], [*spaces, "sh", "-c", INSIDE, "bench", *pytest])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

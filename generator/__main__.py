"""The one command line: `python -m generator COMMAND`.

A command is a module with `add_arguments(parser)` and `run(options) -> exit status`; only the module of the command at
hand is imported. Exit status: 0; 1 after one sentence on standard error; 2 for a wrong command line; 130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from generator.errors import GeneratorError

PROGRAM = "python -m generator"
# Command: the module that carries it out, and its line in the help.
COMMANDS = {
    "build": ("generator.release.build", "write build/ and the documents that derive from it"),
    "check": ("generator.release.check", "fail if anything that `build` writes is stale"),
    "lint": ("generator.release.lint", "lint the templates in every supported region"),
    "pin": ("generator.release.pin", "pin the certificate function's packages by their SHA-256"),
    "package": ("generator.release.package", "write the release's files to a folder"),
    "publish": ("generator.release.publish", "lint, publish the release to a bucket and print its launch links"),
    "links": ("generator.release.launch_links", "write the README's table of launch links"),
    "release": ("generator.release.cut", "check, set the version, date the changelog, rebuild, commit and tag"),
    "taskcat": ("generator.release.taskcat", "check the answers for taskcat and lay out the project that it uploads"),
    "updates": ("generator.documents.updates", "print what an update of each answer does"),
    "preflight": ("generator.operate.preflight", "check a launch against an account, making nothing"),
    "why": ("generator.operate.why", "tell the first cause of a failed launch, update or delete, with its log"),
    "status": ("generator.operate.status", "watch a launch, update or delete until it ends"),
    "leftovers": ("generator.operate.leftovers", "list what deleted deployments left, and how to remove it"),
}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage lines."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command, with its module as `module`; ends the program with 2 for a wrong command line."""
    parser = Parser(prog=PROGRAM, description="Generator of the templates, and what an operator needs beside them.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = parser
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, allow_abbrev=False)
        if name in arguments[:1]:
            loaded = importlib.import_module(module)
            command.description = loaded.__doc__
            command.formatter_class = argparse.RawDescriptionHelpFormatter
            command.set_defaults(module=loaded)
            loaded.add_arguments(command)
            chosen = command
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        chosen.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def explain(error: Exception) -> str:
    """The sentence for what a command was stopped by; raises `error` again if nobody foresaw it."""
    if isinstance(error, GeneratorError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be used: {error.strerror or error}"
    if type(error).__module__.startswith("botocore."):
        from generator.aws import explain_call

        return explain_call(error)  # type: ignore[arg-type]
    raise error


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit status."""
    command = " ".join(arguments[:1])
    # What imports and a build allocate stays to the end: looking for garbage in it costs a seventh of a run.
    gc.set_threshold(1_000_000)
    try:
        options = parse(arguments)
        status = int(options.module.run(options))
        sys.stdout.flush()
        gc.freeze()  # nor at the end, when Python looks once more
        return status
    except KeyboardInterrupt:
        print(f"\n{command}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        print(f"{command}: {explain(error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What `make local` and `make local-down` do: `up` and `down` of the local deployment.

`up` generates, packs, starts the emulator, publishes into its S3 and creates the `main` stack. `down` deletes the stack,
also while it is created, tells what is left of it and ends the emulator.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from generator import __version__, release_folder
from generator.cfn.regions import REGIONS
from generator.errors import GeneratorError
from generator.operate.progress import Progress, duration
from tests.emulator.client import Emulator
from tests.emulator.interruption import put_off
from tests.emulator.leftovers import Leftover
from tests.emulator.outcome import Outcome
from tests.emulator.process import EmulatorError, number, start, take_port, wait_until_ready
from tests.emulator.release import BUCKET, PREFIX, answers, prepare, release
from tests.emulator.state import State, command_of, forget, locked, record, recorded

STACK = "hpc-portal"
# What pasted commands go by must not come from elsewhere.
UNSET = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION")
BUCKETS = "AWS::S3::Bucket "


def inventory(port: int, region: str) -> dict[str, Leftover]:
    """Everything that is there, by kind and name."""
    return {f"{item.kind} {item.name}": item for item in Emulator(port).leftovers(region)}


def look_around(state: State) -> None:
    """Print what makes the project's commands and AWS's own talk to the emulator, to be pasted into a shell."""
    print("To look around, paste this into a shell in the project's folder:\n")
    print(f"  unset {' '.join(UNSET)}")
    settings = {
        "AWS_ENDPOINT_URL": Emulator(state.port).endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": state.region,
    }
    for name, value in settings.items():
        print(f"  export {name}={value}")
    for command in (f"status STACK={STACK}", f"why STACK={STACK}", "leftovers"):
        print(f"  make {command}")
    print("\nIn the end: make local-down")


def show(outputs: Mapping[str, str]) -> None:
    """Outputs as an aligned table; values are never wrapped, so that they can be copied."""
    width = max(map(len, outputs), default=0)
    for name, value in outputs.items():
        print(f"{name:<{width}}  {value}")


def is_launch(process: int) -> bool:
    """Whether a process is `up`."""
    command = command_of(process)
    return "tests.emulator.local" in command and "up" in command


def refuse(process: int) -> None:
    """Raise GeneratorError for a launch while another command works on the deployment."""
    if is_launch(process):
        raise GeneratorError("A local deployment is being started already: wait for it, or run `make local-down`.")
    raise GeneratorError("The local deployment is being deleted: wait for that, then run `make local` again.")


def interrupt(process: int) -> None:
    """Have a launch end, so that its deployment can be deleted."""
    if is_launch(process):
        print("The launch is interrupted.", flush=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)


def up(options: argparse.Namespace) -> int:
    """Deploy; returns 0, or 1 after the first cause if the stack fails. Raises GeneratorError if nothing was launched."""
    regions = [region for partition in REGIONS.values() for region in partition]
    if options.region not in regions:
        raise GeneratorError(f"{options.region} is no supported region: choose from {', '.join(regions)}.")
    given = answers(options.parameters, options.region)
    with take_port(options.port or 0) as taken, locked(options.folder, refuse):
        before = recorded(options.folder)
        if before and before.alive:
            raise GeneratorError(
                f"A local deployment runs already, on port {before.port}: run `make local-down` first."
            )
        if before:
            forget(options.folder, before)
        files = release(options.zones)
        return launch(options.folder, begin(options, taken), files, given)


def begin(options: argparse.Namespace, taken: socket.socket) -> State:
    """Start the emulator on a port that was taken and write down that it runs."""
    home = options.folder / "emulator"
    shutil.rmtree(home, ignore_errors=True)
    port = number(taken)
    with put_off():
        process = start(taken, home, watched=False)
        state = State(port, process.pid, str(home), options.region, options.zones)
        record(options.folder, state)
    try:
        wait_until_ready(port, process, home)
    except EmulatorError:
        forget(options.folder, state)
        raise
    return state


def launch(folder: Path, state: State, files: dict[str, bytes], given: dict[str, str]) -> int:
    """Publish and create the stack; returns 0, or 1 after the first cause of a failure."""
    emulator, region = Emulator(state.port), state.region
    place = PREFIX + release_folder(__version__, state.zones)
    emulator.publish(files, BUCKET, place, region)
    url = emulator.url(BUCKET, f"{place}templates/main.template.yaml", region)
    given = prepare(emulator, given, region)
    state = replace(state, before=list(inventory(state.port, region)))
    record(folder, state)
    progress = Progress(STACK)
    try:
        with progress.shown():
            outcome = emulator.create_stack(STACK, region=region, url=url, parameters=given, on_event=progress)
    except ClientError as refused:
        forget(folder, state)
        raise GeneratorError(f"CloudFormation refuses the launch: {refused.response['Error']['Message']}") from None
    record(folder, replace(state, launched=list(inventory(state.port, region))))
    if outcome.complete:
        show(outcome.outputs)
        print(f"\n{STACK} is up after {duration(progress.seconds())} in {region}. ", end="")
    else:
        print(f"{outcome.status}: {outcome.reason}", file=sys.stderr, flush=True)
        print("\nThe emulator is still up. ", end="")
    look_around(state)
    return 0 if outcome.complete else 1


def down(folder: Path) -> int:
    """Delete the deployment, tell what is left of it, end the emulator. Raises GeneratorError if the delete fails."""
    with locked(folder, interrupt):
        state = recorded(folder)
        if not state:
            print("There is no local deployment.")
            return 0
        if not state.alive:
            forget(folder, state)
            print("The emulator of the local deployment had ended already.")
            return 0
        try:
            deleted = delete(folder, state)
        except (ClientError, BotoCoreError, OSError) as problem:
            forget(folder, state)
            raise GeneratorError(f"The stack cannot be deleted, and the emulator has ended: {problem}") from None
        forget(folder, state)
    return deleted.tell()


@dataclass(frozen=True)
class Deleted:
    """How a delete ended, None if there was no stack; what is left; what else there is that the stack did not make."""

    outcome: Outcome | None
    left: list[Leftover]
    others: list[str]

    def tell(self) -> int:
        """Print it; returns 0. Raises GeneratorError if the stack could not be deleted as a whole."""
        for item in self.left:
            print(f"left behind: {item}")
        if self.others:
            print(f"not made by {STACK}, and gone with the emulator: {', '.join(self.others)}")
        if self.outcome and not self.outcome.complete:
            raise GeneratorError(f"{self.outcome.status}: {self.outcome.reason}")
        if any(not item.retained for item in self.left):
            raise GeneratorError("The deleted stack left behind what no DeletionPolicy retains.")
        print(f"{STACK} is deleted and the emulator has ended." if self.outcome else "The emulator has ended.")
        return 0


def delete(folder: Path, state: State) -> Deleted:
    """Delete the stack, and compare what is there with what was there before the launch.

    An earlier delete may have been interrupted: then it may have ended since, and has told already what is not the
    stack's.
    """
    emulator, region = Emulator(state.port), state.region
    # A launch that was interrupted so early has asked for no stack, and its emulator may not answer yet.
    stack = settled(emulator, region) if state.before is not None else None
    if not stack:
        return Deleted(None, [], [])
    if state.others is None:
        state = replace(state, others=sorted(not_made(emulator, stack, state)))
        record(folder, state)
    with Progress(STACK).shown() as progress:
        outcome = emulator.delete_stack(stack, region=region, on_event=progress)
    known = {*(state.before or ()), *(state.others or ())}
    left = [item for name, item in inventory(state.port, region).items() if name not in known]
    return Deleted(outcome, left, state.others or [])


def settled(emulator: Emulator, region: str) -> str | None:
    """The stack's id, once no update is under way, which CloudFormation would not interrupt; None if there was no stack."""
    pages = emulator.client("cloudformation", region).get_paginator("list_stacks").paginate()
    found = [stack for page in pages for stack in page["StackSummaries"] if stack["StackName"] == STACK]
    if not found:
        return None
    stack = str(found[0]["StackId"])
    if found[0]["StackStatus"].startswith("UPDATE_"):
        emulator.wait(stack, region)
    return stack


def not_made(emulator: Emulator, stack: str, state: State) -> set[str]:
    """What came after the launch and is none of the stack's resources: of a trial `make publish`, say.

    Nobody knows when a launch that was interrupted made its last resource; the stack's buckets are all in its events.
    """
    there = inventory(state.port, state.region)
    launched = {name for name in there if not name.startswith(BUCKETS)} if state.launched is None else state.launched
    made = {event["PhysicalResourceId"] for event in emulator.events(stack, state.region)}
    return {name for name, item in there.items() if item.name not in made} - {*launched, *(state.before or ())}

"""`make local` and `make local-down`: the whole stack, deployed to an emulator on this machine and deleted again.

    python -m tests.emulator.local up [--region eu-west-1] [--parameters parameters/minimal.json] [--port 4566]
    python -m tests.emulator.local down

`up` generates, packages, starts the emulator, publishes into its S3 and creates the `main` stack; the emulator stays up
for whoever wants to look around. `down` deletes the stack, tells what is left, and ends the emulator. What `down` has to
know is in .cache/local/state.json.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from generator import RELEASE_FOLDER
from generator.operate.progress import Progress, duration
from generator.text.sources import ROOT
from tests.emulator.client import Emulator
from tests.emulator.outcome import Outcome
from tests.emulator.process import EmulatorError, end, free_port, start, wait_until_ready

FOLDER = ROOT / ".cache" / "local"  # the build, the emulator's files and state.json
STACK = "hpc-portal"
BUCKET, PREFIX = "publisher", "hpc-portal/"
VENDOR = "vendor"  # a bucket with stand-ins of what the portal's vendor offers for download


class Failure(Exception):
    """What ends the command with a sentence."""


@dataclass(frozen=True)
class State:
    """A running local deployment: the emulator's port and process group, the folder it writes to, the stack's region."""

    port: int
    group: int
    home: str
    region: str

    @property
    def alive(self) -> bool:
        """Whether the emulator still runs, and the recorded group is not somebody else's by now."""
        try:
            command = Path(f"/proc/{self.group}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return b"tests.emulator" in command and str(self.port).encode() in command


def recorded(folder: Path) -> State | None:
    """The deployment that an earlier `up` left running."""
    path = folder / "state.json"
    return State(**json.loads(path.read_text())) if path.exists() else None


def forget(folder: Path, state: State) -> None:
    """End the emulator and remove all that is known of it."""
    if state.alive:
        end(state.group)
    while state.alive:  # killed, but perhaps not dead yet
        time.sleep(0.01)
    shutil.rmtree(state.home, ignore_errors=True)
    (folder / "state.json").unlink(missing_ok=True)


def release(folder: Path) -> dict[str, bytes]:
    """Everything that a publisher's bucket holds, by relative key.

    The certificate function is packed without its packages: functions run on the emulator's own Python, which has them,
    and could not load those built for Lambda's.
    """
    from generator.text import archives

    build = folder / "build"
    generated = subprocess.run(
        [sys.executable, "-m", "generator", "build", "--output", str(build)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if generated.returncode:
        raise Failure(generated.stderr.strip() or "The generator failed without a word.")
    files = {f"templates/{path.name}": path.read_bytes() for path in (build / "templates").iterdir()}
    with tempfile.TemporaryDirectory() as no_wheels:
        files |= archives.packed(ROOT, wheels=Path(no_wheels))
    return {**files, "SHA256SUMS": archives.sha256sums(files)}


def answers(path: Path, region: str) -> dict[str, str]:
    """The answers to the form in a parameter file, with those that only a launch knows."""
    try:
        given = {item["ParameterKey"]: item["ParameterValue"] for item in json.loads(path.read_text())}
    except (OSError, ValueError, TypeError, KeyError) as problem:
        form = "a list of {ParameterKey, ParameterValue}"
        raise Failure(f"{path} cannot be used ({problem!r}): name a JSON file with {form}.") from None
    return {**given, "AssetsBucket": BUCKET, "AssetsBucketRegion": region, "AssetsPrefix": PREFIX}


def prepare(emulator: Emulator, given: dict[str, str], region: str) -> dict[str, str]:
    """Make in the emulator what the answers name, and return them with what had to be changed.

    The vendor's downloads are replaced by stand-ins in S3, so that nothing leaves this machine.
    """
    for name, file in (("PortalInstallerUrl", "installer.jar"), ("JdbcDriverUrl", "driver.jar")):
        emulator.publish({file: b"a stand-in\n" * 1000}, VENDOR, region=region)
        given[name] = f"s3://{VENDOR}/{file}"
    for name in ("PortalInstallerSha256", "JdbcDriverSha256"):
        given.pop(name, None)
    if given.get("KeyName"):
        emulator.client("ec2", region).create_key_pair(KeyName=given["KeyName"])
    return given


def show(outputs: Mapping[str, str]) -> None:
    """Outputs as an aligned table; values are never wrapped, so that they can be copied."""
    width = max(map(len, outputs), default=0)
    for name, value in outputs.items():
        print(f"{name:<{width}}  {value}")


def up(options: argparse.Namespace) -> None:
    """Deploy; raises Failure with the first real cause if the stack fails."""
    state = recorded(options.folder)
    if state and state.alive:
        raise Failure(f"A local deployment runs already, on port {state.port}: run `make local-down` first.")
    if state:
        forget(options.folder, state)
    given = answers(options.parameters, options.region)
    files = release(options.folder)
    home = options.folder / "emulator"
    shutil.rmtree(home, ignore_errors=True)
    port = options.port or free_port()
    process = start(port, home, watched=False)
    state = State(port, process.pid, str(home), options.region)
    (options.folder / "state.json").write_text(json.dumps(asdict(state)))
    emulator = Emulator(port)
    try:
        wait_until_ready(port, process, home)
    except EmulatorError:
        forget(options.folder, state)
        raise
    emulator.publish(files, BUCKET, PREFIX + RELEASE_FOLDER, options.region)
    url = emulator.url(BUCKET, f"{PREFIX}{RELEASE_FOLDER}templates/main.template.yaml", options.region)
    progress = Progress(STACK)
    try:
        with progress.shown():
            outcome = emulator.create_stack(
                STACK,
                region=options.region,
                url=url,
                parameters=prepare(emulator, given, options.region),
                on_event=progress,
            )
    except ClientError as refused:
        forget(options.folder, state)
        raise Failure(f"CloudFormation refuses the launch: {refused.response['Error']['Message']}") from None
    if not outcome.complete:
        raise Failure(
            f"{outcome.status}: {outcome.reason}\nThe emulator is still up: AWS_ENDPOINT_URL={emulator.endpoint}"
        )
    show(outcome.outputs)
    print(f"\n{STACK} is up after {duration(progress.seconds())} in {options.region}. To look around:")
    print(f"  AWS_ENDPOINT_URL={emulator.endpoint} aws cloudformation describe-stacks --region {options.region}")


def down(options: argparse.Namespace) -> None:
    """Delete the deployment, tell what is left of it, end the emulator; raises Failure if the delete fails."""
    state = recorded(options.folder)
    if not state:
        print("There is no local deployment.")
        return
    if not state.alive:
        forget(options.folder, state)
        print("The emulator of the local deployment had ended already.")
        return
    emulator = Emulator(state.port)
    outcome: Outcome | None = None
    with contextlib.suppress(ClientError), Progress(STACK).shown() as progress:  # no stack: there is nothing to delete
        outcome = emulator.delete_stack(STACK, region=state.region, on_event=progress)
    left = [item for item in emulator.leftovers(state.region) if item.name not in (BUCKET, VENDOR)]
    forget(options.folder, state)
    for item in left:
        print(f"left behind: {item}")
    if outcome and not outcome.complete:
        raise Failure(f"{outcome.status}: {outcome.reason}")
    if any(not item.retained for item in left):
        raise Failure("The deleted stack left behind what no DeletionPolicy retains.")
    print(f"{STACK} is deleted and the emulator ended.")


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="local.py", description="Deploy the whole stack to an emulator, or delete it."
    )
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--parameters", type=Path, default=ROOT / "parameters" / "minimal.json", metavar="FILE")
    parser.add_argument("--port", type=int, default=0, help="port of the emulator on 127.0.0.1 (default: a free one)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the deployment keeps its files")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        {"up": up, "down": down}[options.command](options)
    except (Failure, EmulatorError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

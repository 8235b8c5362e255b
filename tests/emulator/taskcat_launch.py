"""What `make taskcat-local` does: taskcat itself launches the scenarios of .taskcat.yml on an emulator of its own.

The emulator starts and ends with the command, and holds what the scenarios need: stand-ins of the vendor's downloads,
and a VPC for the scenario that wants an existing one. What became of each launch is asked of the emulator, not of
taskcat.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from botocore.exceptions import ClientError

from generator import __version__, form, release_folder
from generator.errors import GeneratorError
from generator.release import taskcat
from generator.stack import DEFAULT_ZONES
from generator.text.sources import Sources
from tests.emulator import history
from tests.emulator.client import Emulator
from tests.emulator.release import prepare, release

BUCKETS = re.compile("tcat-[0-9a-f]{32}-.+")  # that taskcat makes; a stack's own begin with its name
VPC_STACK = "existing-vpc"
ACCOUNT_ROLE = "AWSServiceRoleFor"  # of a service-linked role, which AWS and preflight make once for an account
LIMIT = 600  # seconds that taskcat may take before it is killed
UPLOAD = b"[S3: -> ]"
CREATED, DELETED = "CREATE_COMPLETE", "DELETE_COMPLETE"


@dataclass(frozen=True)
class Launch:
    """A scenario in a region."""

    scenario: str
    region: str


def launches(tests: str, regions: str) -> list[Launch]:
    """Those of .taskcat.yml, or of the comma-separated `tests` in the comma-separated `regions`."""
    configured = yaml.safe_load(taskcat.CONFIGURATION.read_text(encoding="utf-8"))["tests"]
    if unknown := {name for name in tests.split(",") if tests and name not in configured}:
        raise GeneratorError(f"There is no scenario {', '.join(sorted(unknown))}: choose from {', '.join(configured)}.")
    found = [
        Launch(name, region)
        for name, scenario in configured.items()
        for region in scenario["regions"]
        if (not tests or name in tests.split(",")) and (not regions or region in regions.split(","))
    ]
    if not found:
        raise GeneratorError("No scenario is for these regions: see .taskcat.yml.")
    return found


def stage(folder: Path, zones: int = DEFAULT_ZONES) -> None:
    """Lay out the project that taskcat uploads in `folder`, its configuration for so many zones, and an empty home, so
    that it reads no settings of yours."""
    shutil.rmtree(folder, ignore_errors=True)
    for key, content in release(zones).items():
        path = folder / "project" / release_folder(__version__, zones) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "home").mkdir()
    (folder / taskcat.CONFIGURATION.name).write_text(taskcat.configuration(Sources(), zones), encoding="utf-8")


def vpc(emulator: Emulator, folder: Path, region: str, count: int) -> dict[str, str]:
    """A VPC in `count` zones of `region`, made by the network tier as a stack of its own, as the answers that name it."""
    zones = emulator.client("ec2", region).describe_availability_zones()["AvailabilityZones"]
    given = {f"PickedZone{number}": zone["ZoneName"] for number, zone in enumerate(zones[:count], 1)}
    given |= {"VpcCidr": "10.9.0.0/16", "LogRetentionDays": "7", "PermissionsBoundaryArn": ""}
    template = (
        folder / "project" / release_folder(__version__, count) / "templates" / "network.template.yaml"
    ).read_text(encoding="utf-8")
    made = emulator.create_stack(VPC_STACK, template, region=region, parameters=given)
    if not made.complete:
        raise GeneratorError(f"No VPC could be made in {region}: {made.reason}")
    return {name: value for name, value in made.outputs.items() if name == "VpcId" or "SubnetId" in name}


def overrides(emulator: Emulator, folder: Path, chosen: list[Launch], zones: int) -> dict[str, str]:
    """The answers that only this emulator knows; what they name is made."""
    found = prepare(emulator, {}, chosen[0].region)
    for launch in chosen:
        if taskcat.SCENARIOS[launch.scenario].parent == form.EXISTING_VPC:
            found |= vpc(emulator, folder, launch.region, zones)
    return found


def run(emulator: Emulator, folder: Path, chosen: list[Launch], command: list[str]) -> int:
    """Run taskcat, `command`, for the launches, and show what it says but for the uploads; returns its exit status."""
    theirs = ("AWS_", "PYTHON", "TASKCAT_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    environment |= {
        "HPC_PORTAL_TASKCAT_LOCAL": "1",
        "HOME": str(folder / "home"),
        "NO_PROXY": "127.0.0.1",
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    arguments = {
        "--input-file": folder / taskcat.CONFIGURATION.name,
        "--project-root": folder / "project",
        "--output-directory": folder / "outputs",
        "--test-names": ",".join(dict.fromkeys(launch.scenario for launch in chosen)),
        "--regions": ",".join(dict.fromkeys(launch.region for launch in chosen)),
    }
    words = [str(word) for pair in arguments.items() for word in pair]
    # Linting is left out: `make templates` lints the same templates in every region, with the same cfn-lint.
    line = [*command, "test", "run", "--lint-disable", "--minimal-output", *words]
    with subprocess.Popen(
        line, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        timer = threading.Timer(LIMIT, process.kill)
        timer.daemon = True
        timer.start()
        try:
            for told in process.stdout or ():
                if UPLOAD not in told:
                    print(told.decode(errors="replace"), end="", flush=True)
        except BaseException:
            process.kill()  # it would be waited for
            raise
    timer.cancel()
    return process.returncode


def verdict(emulator: Emulator, launch: Launch, zones: int) -> str:
    """What became of a launch: blank if its stack had the scenario's answers, was created and deleted; else why not."""
    cloudformation = emulator.client("cloudformation", launch.region)
    pages = cloudformation.get_paginator("list_stacks").paginate()
    name = re.compile(f"tCaT-{launch.scenario}-[0-9a-f]+")  # names of nested stacks go on
    stacks = [summary for page in pages for summary in page["StackSummaries"]]
    ours = [stack["StackId"] for stack in stacks if name.fullmatch(stack["StackName"])]
    if not ours:
        return "was not launched"
    events = history.own_events(cloudformation, ours[0])
    states = [event["ResourceStatus"] for event in events if event.get("PhysicalResourceId") == ours[0]]
    if CREATED not in states or states[-1] != DELETED:
        return ": ".join([f"was {', '.join(states)}", *emulator.failures(ours[0], launch.region)[:1]])
    [stack] = cloudformation.describe_stacks(StackName=ours[0])["Stacks"]
    had = {given["ParameterKey"]: given["ParameterValue"] for given in stack["Parameters"]}
    asked = taskcat.answers(taskcat.SCENARIOS[launch.scenario], Sources(), zones)
    lost = [name for name, answer in asked.items() if "$[" not in answer and had.get(name) != answer]
    return f"was launched with other answers than the scenario's: {', '.join(lost)}" if lost else ""


def clear(emulator: Emulator, regions: list[str]) -> list[str]:
    """Remove taskcat's buckets and the VPC; returns what else is left unpromised, a line each."""
    s3 = emulator.client("s3", regions[0])
    for bucket in filter(BUCKETS.fullmatch, [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=item["Key"])
        s3.delete_bucket(Bucket=bucket)
    for region in regions:
        with contextlib.suppress(ClientError):  # most regions have none
            emulator.delete_stack(VPC_STACK, region=region)
    left = [(region, item) for region in regions for item in emulator.leftovers(region)]
    return [
        f"{region} still has {item}." for region, item in left if not item.retained and ACCOUNT_ROLE not in item.name
    ]


def launch_all(chosen: list[Launch], folder: Path, command: list[str], zones: int) -> list[str]:
    """Launch everything, tell what became of each, and return what went wrong, a line each."""
    if not Path(command[0]).exists():
        raise GeneratorError(f"{command[0]} does not exist: run `make taskcat-local`, which sets taskcat up.")
    stage(folder, zones)
    with Emulator() as emulator:
        (folder / ".taskcat_overrides.yml").write_text(yaml.safe_dump(overrides(emulator, folder, chosen, zones)))
        began = time.monotonic()
        status = run(emulator, folder, chosen, command)
        faults = [f"taskcat ended with status {status}."] if status else []
        print(f"\n{'scenario':<16} {'region':<16} result")
        for launch in chosen:
            why = verdict(emulator, launch, zones)
            print(f"{launch.scenario:<16} {launch.region:<16} {'FAIL' if why else 'PASS'}")
            faults += [f"{launch.scenario} in {launch.region} {why}."] if why else []
        faults += clear(emulator, list(dict.fromkeys(launch.region for launch in chosen)))
        print(f"{len(chosen)} launches in {time.monotonic() - began:.0f} s; taskcat's report: {folder / 'outputs'}")
    return faults

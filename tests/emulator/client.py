"""How tests and `make local` use the emulator: start it, publish to its S3, run stacks, ask what failed and what is left.

    with Emulator() as emulator:
        emulator.publish({"templates/main.template.yaml": text}, bucket="assets", prefix="v1/", region="eu-west-1")
        outcome = emulator.create_stack("portal", region="eu-west-1", url=emulator.url("assets", "v1/templates/…"))
        assert outcome.status == "CREATE_COMPLETE", outcome.reason

Runs in the tests' own virtual environment: boto3 and the standard library.
"""

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator import leftovers
from emulator.regions import suffix

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "emulator" / "bin" / "python"
CACHE = ROOT / ".cache" / "emulator"
ACCOUNT = "123456789012"
CAPABILITIES = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
POLL = 0.05  # seconds between two looks at a stack
START = 60.0  # seconds for a start with nothing compiled yet, on a busy machine
Event = Mapping[str, Any]


class EmulatorError(RuntimeError):
    """The emulator could not be started, or has ended."""


@dataclass(frozen=True)
class Outcome:
    """How an operation on a stack ended. `reason` is the first real cause of a failure, empty after a success."""

    name: str
    stack_id: str
    region: str
    status: str
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the operation did what it was asked to do."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")


@dataclass(frozen=True)
class Fault:
    """A failure to inject (see Emulator.inject).

    `operation` is create, update, delete or boot (the stand-in node of an Auto Scaling group); `path` is a regular
    expression searched for in `stack name/logical id`; `times` how often it strikes.
    """

    operation: str
    resource_type: str
    message: str
    path: str = ""
    times: int = 1


def python() -> str:
    """The Python of the emulator's virtual environment; HPC_PORTAL_EMULATOR_PYTHON names another one."""
    chosen = os.environ.get("HPC_PORTAL_EMULATOR_PYTHON", str(PYTHON))
    if not Path(chosen).exists():
        raise EmulatorError(f"{chosen} does not exist: run `make local` or `make test`, which set the emulator up.")
    return chosen


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(port: int, home: Path, *, watched: bool) -> subprocess.Popen[bytes]:
    """Start a launcher that keeps everything it writes under `home`, its log in home/emulator.log.

    A `watched` one ends, and removes `home`, as soon as its standard input is closed: when this process dies, however
    it dies. The other one lives on until its process group is ended.
    """
    home.mkdir(parents=True, exist_ok=True)
    command = [python(), "-m", "emulator", "--port", str(port), "--home", str(home), "--cache", str(CACHE)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    with (home / "emulator.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--watch-stdin"] if watched else command,
            stdin=subprocess.PIPE if watched else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={**environment, "PYTHONPATH": str(ROOT / "tests")},
            start_new_session=True,
        )


def end(group: int) -> None:
    """End a launcher's process group: the launcher and every Lambda function it runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


class Emulator:
    """A running emulator: one that this object starts and ends, or with `port` one that runs already."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.home = Path(tempfile.gettempdir()) / f"hpc-portal-emulator-{os.getpid()}-{self.port}"
        self._own = port is None
        self._process: subprocess.Popen[bytes] | None = None
        self._published: set[str] = set()

    def __enter__(self) -> "Emulator":
        if self._own:
            self._process = start(self.port, self.home, watched=True)
            try:
                self.wait_until_ready(self._process, self.home)
            except BaseException:
                self.stop()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the launcher that this object has started, and remove what it has written."""
        if self._process:
            end(self._process.pid)
            self._process.wait()
            shutil.rmtree(self.home, ignore_errors=True)
            self._process = None

    def wait_until_ready(self, process: subprocess.Popen[bytes], home: Path) -> None:
        """Wait until the emulator answers; raises EmulatorError with its log's end when it does not come up."""
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_ministack/health", timeout=5).close()
                return
            time.sleep(POLL)
        log = (home / "emulator.log").read_text(errors="replace")
        raise EmulatorError(f"The emulator did not start; the end of its log:\n{log[-2000:]}")

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL must be for programs that shall talk to this emulator."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The launcher's log file; gone when the emulator is."""
        return self.home / "emulator.log"

    @functools.lru_cache(maxsize=None)  # noqa: B019 - an emulator lives as long as the session
    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of the emulator."""
        settings = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=600)
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=settings,
        )

    def _ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}{path}", data=data, method="PUT" if data else "GET")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    # S3

    def publish(self, files: Mapping[str, bytes], bucket: str, prefix: str = "", region: str = "us-east-1") -> None:
        """Put `files` (relative key: content) under `prefix` into `bucket`, which is made in `region` if missing."""
        s3 = self.client("s3", region)
        if bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **place)
        self._published.add(bucket)
        for key, content in files.items():
            s3.put_object(Bucket=bucket, Key=f"{prefix}{key}", Body=content)

    def url(self, bucket: str, key: str, region: str = "us-east-1") -> str:
        """The HTTPS URL of an object, for TemplateURL."""
        return f"https://{bucket}.s3.{region}.{suffix(region)}/{key}"

    # Stacks

    def _request(self, template: Any, url: str | None, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Any:
        body = template if isinstance(template, str) else json.dumps(template)
        return {
            **({"TemplateURL": url} if url else {"TemplateBody": body}),
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
        }

    def create_stack(
        self,
        name: str,
        template: Mapping[str, Any] | str = "",
        *,
        region: str = "us-east-1",
        url: str | None = None,
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        on_event: Callable[[Event], None] | None = None,
        **options: Any,
    ) -> Outcome:
        """Create a stack from a template (text or dict) or a TemplateURL and wait until it has ended one way or other.

        `options` go to CreateStack as they are (OnFailure, Capabilities, …). A template that CloudFormation refuses
        raises botocore's ClientError and leaves no stack. `on_event` gets every event, also of children, as it comes.
        """
        request = self._request(template, url, parameters or {}, tags or {})
        options.setdefault("Capabilities", list(CAPABILITIES))
        stack = self.client("cloudformation", region).create_stack(StackName=name, **request, **options)["StackId"]
        return self.wait(stack, region, on_event)

    def update_stack(
        self,
        name: str,
        template: Mapping[str, Any] | str = "",
        *,
        region: str = "us-east-1",
        url: str | None = None,
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        on_event: Callable[[Event], None] | None = None,
        **options: Any,
    ) -> Outcome:
        """Update a stack and wait, as create_stack does. Without template and url the previous template is used, and
        every parameter that is not given keeps its value. Raises ClientError when there is nothing to update."""
        cloudformation = self.client("cloudformation", region)
        request = self._request(template, url, parameters or {}, tags or {})
        if not template and not url:
            del request["TemplateBody"]
            request["UsePreviousTemplate"] = True
            described = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Parameters", [])
            for key in {p["ParameterKey"] for p in described} - set(parameters or {}):
                request["Parameters"].append({"ParameterKey": key, "UsePreviousValue": True})
        options.setdefault("Capabilities", list(CAPABILITIES))
        seen = self._seen(name, region)
        stack = cloudformation.update_stack(StackName=name, **request, **options)["StackId"]
        return self.wait(stack, region, on_event, seen)

    def delete_stack(
        self,
        name: str,
        *,
        region: str = "us-east-1",
        on_event: Callable[[Event], None] | None = None,
        **options: Any,
    ) -> Outcome:
        """Delete a stack and wait; a refusal (termination protection) raises ClientError."""
        cloudformation = self.client("cloudformation", region)
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        seen = self._seen(stack, region)
        cloudformation.delete_stack(StackName=stack, **options)
        return self.wait(stack, region, on_event, seen)

    def _seen(self, stack: str, region: str) -> set[str]:
        return {event["EventId"] for event in self.events(stack, region)}

    def wait(
        self,
        stack: str,
        region: str,
        on_event: Callable[[Event], None] | None = None,
        seen: set[str] | None = None,
    ) -> Outcome:
        """Wait until nothing is in progress in a stack; events that are not in `seen` go to `on_event`."""
        cloudformation, before = self.client("cloudformation", region), set(seen or ())
        told = set(before)
        while True:
            described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            over = not described["StackStatus"].endswith("_IN_PROGRESS")
            if on_event:
                for event in self.events(stack, region):
                    if event["EventId"] not in told:
                        told.add(event["EventId"])
                        on_event(event)
            if over:
                break
            time.sleep(POLL)
        outcome = Outcome(
            name=described["StackName"],
            stack_id=described["StackId"],
            region=region,
            status=described["StackStatus"],
            outputs={o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])},
        )
        if outcome.complete:
            return outcome
        causes = self.failures(stack, region, before)
        reason = causes[0] if causes else described.get("StackStatusReason", "no event says why")
        return Outcome(**{**asdict(outcome), "reason": reason})

    def _own_events(self, stack: str, region: str) -> list[dict[str, Any]]:
        pages = self.client("cloudformation", region).get_paginator("describe_stack_events").paginate(StackName=stack)
        found = [event for page in pages for event in page["StackEvents"]]
        return list(reversed(found))

    def events(self, stack: str, region: str = "us-east-1") -> list[dict[str, Any]]:
        """Every event of a stack and of the stacks in it, oldest first."""
        own = self._own_events(stack, region)
        found = list(own)
        for child in self._children(own):
            found += self.events(child, region)
        return sorted(found, key=lambda event: event["Timestamp"])

    @staticmethod
    def _children(events: list[dict[str, Any]]) -> list[str]:
        """The nested stacks that events speak of. A child's id is known only from its parent's later events."""
        ids = {
            event.get("PhysicalResourceId", "")
            for event in events
            if event["ResourceType"] == "AWS::CloudFormation::Stack"
        }
        return sorted(i for i in ids if i.startswith("arn:") and i != events[0]["StackId"])

    def failures(self, stack: str, region: str = "us-east-1", seen: set[str] | None = None) -> list[str]:
        """What failed first of all, then the rest: `Tier/Resource (type): reason` a line, across nested stacks.

        A nested stack's own failure is left out where something in it explains it, and so is what CloudFormation merely
        cancelled. Events in `seen` are skipped.
        """
        lines = []
        events = [event for event in self._own_events(stack, region) if event["EventId"] not in (seen or ())]
        for event in events:
            reason, kind = event.get("ResourceStatusReason", ""), event["ResourceType"]
            own = event.get("PhysicalResourceId") == event["StackId"]
            if not event["ResourceStatus"].endswith("_FAILED") or own or "cancelled" in reason:
                continue
            below: list[str] = []
            if kind == "AWS::CloudFormation::Stack":
                children = [part for part in reason.split() if part.startswith("arn:") and ":stack/" in part]
                below = self.failures(children[0], region, seen) if children else []
            name = event["LogicalResourceId"]
            lines += [f"{name}/{line}" for line in below] or [f"{name} ({kind}): {reason}"]
        return lines

    # What is there

    def leftovers(self, region: str = "us-east-1") -> list[leftovers.Leftover]:
        """Everything in the region that a stack may have made and that is still there; the published buckets are not."""
        found = leftovers.everything(lambda service: self.client(service, region), region)
        found += [leftovers.Leftover(*line.split(" ", 1)) for line in self._ask(f"/_emulator/records?region={region}")]
        kept = self._retained(region)
        return [
            leftovers.Leftover(item.kind, item.name, retained=item.retained or item.name in kept)
            for item in found
            if not (item.kind == "AWS::S3::Bucket" and item.name in self._published)
        ]

    def _retained(self, region: str) -> set[str]:
        """The physical ids that some stack kept by its DeletionPolicy."""
        cloudformation = self.client("cloudformation", region)
        stacks = [
            s["StackId"] for p in cloudformation.get_paginator("list_stacks").paginate() for s in p["StackSummaries"]
        ]
        kept = set()
        for stack in stacks:
            with contextlib.suppress(ClientError):  # a name used twice hides the earlier stack
                kept |= {
                    event["PhysicalResourceId"]
                    for event in self._own_events(stack, region)
                    if event["ResourceStatus"] == "DELETE_SKIPPED"
                }
        return kept

    def set_quotas(self, **quotas: float) -> None:
        """Service quotas by code (RDS: by name) from now on; every other one is large, and without arguments all are."""
        self._ask("/_emulator/quotas", quotas)

    def inject(self, *faults: Fault) -> None:
        """Make operations on resources fail from now on; without arguments none does any more."""
        self._ask("/_emulator/faults", [asdict(fault) for fault in faults])

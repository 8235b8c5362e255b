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
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from generator.cfn.regions import url_suffix
from tests.emulator import history, leftovers
from tests.emulator.outcome import Listener, Outcome, wait
from tests.emulator.process import LOG, end, number, start, take_port, wait_until_ready

CAPABILITIES = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


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


class Emulator:
    """A running emulator: one that this object starts and ends, or with `port` one that runs already."""

    def __init__(self, port: int | None = None) -> None:
        self._taken: socket.socket | None = None
        if port is None:
            self._taken = take_port()
            port = number(self._taken)
        self.port = port
        self.home = Path(tempfile.gettempdir()) / f"hpc-portal-emulator-{os.getpid()}-{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.published: set[str] = set()  # the buckets made by publish()

    def __enter__(self) -> "Emulator":
        if self._taken:
            self._process = start(self._taken, self.home, watched=True)
            try:
                wait_until_ready(self.port, self._process, self.home)
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

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL must be for programs that shall talk to this emulator."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The launcher's log file; gone when the emulator is."""
        return self.home / LOG

    @functools.cache  # noqa: B019 - an emulator lives as long as the session
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
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.loads(answer.read())

    # S3

    def publish(self, files: Mapping[str, bytes], bucket: str, prefix: str = "", region: str = "us-east-1") -> None:
        """Put `files` (relative key: content) under `prefix` into `bucket`, which is made in `region` if missing."""
        s3 = self.client("s3", region)
        if bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):  # another thread was quicker
                s3.create_bucket(Bucket=bucket, **place)
        self.published.add(bucket)
        for key, content in files.items():
            s3.put_object(Bucket=bucket, Key=f"{prefix}{key}", Body=content)

    def url(self, bucket: str, key: str, region: str = "us-east-1") -> str:
        """The HTTPS URL of an object, for TemplateURL."""
        return f"https://{bucket}.s3.{region}.{url_suffix(region)}/{key}"

    # Stacks

    def request(self, template: Any, url: str | None, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Any:
        """What CreateStack and UpdateStack take of a template (or its `url`), parameters and tags."""
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
        on_event: Listener | None = None,
        **options: Any,
    ) -> Outcome:
        """Create a stack from a template (text or dict) or a TemplateURL and wait until it has ended one way or other.

        `options` go to CreateStack as they are (OnFailure, Capabilities, …). A template that CloudFormation refuses
        raises botocore's ClientError and leaves no stack. `on_event` gets every event, also of children, as it comes.
        """
        request = self.request(template, url, parameters or {}, tags or {})
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
        on_event: Listener | None = None,
        **options: Any,
    ) -> Outcome:
        """Update a stack and wait, as create_stack does. Without template and url the previous template is used, and
        every parameter that is not given keeps its value. Raises ClientError when there is nothing to update."""
        cloudformation = self.client("cloudformation", region)
        request = self.request(template, url, parameters or {}, tags or {})
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
        on_event: Listener | None = None,
        **options: Any,
    ) -> Outcome:
        """Delete a stack and wait; a refusal (termination protection) raises ClientError."""
        cloudformation = self.client("cloudformation", region)
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        seen = self._seen(stack, region)
        cloudformation.delete_stack(StackName=stack, **options)
        return self.wait(stack, region, on_event, seen)

    def _seen(self, stack: str, region: str) -> frozenset[str]:
        return frozenset(event["EventId"] for event in self.events(stack, region))

    def wait(
        self,
        stack: str,
        region: str = "us-east-1",
        on_event: Listener | None = None,
        seen: frozenset[str] = frozenset(),
    ) -> Outcome:
        """Wait until nothing is in progress in a stack; events whose ids are not in `seen` go to `on_event`."""
        return wait(self.client("cloudformation", region), stack, region, on_event, seen)

    def status(self, stack: str, region: str = "us-east-1") -> str:
        """A stack's status."""
        described = self.client("cloudformation", region).describe_stacks(StackName=stack)["Stacks"]
        return str(described[0]["StackStatus"])

    def events(self, stack: str, region: str = "us-east-1") -> list[history.Event]:
        """Every event of a stack and of the stacks in it, oldest first."""
        return history.all_events(self.client("cloudformation", region), stack)

    def failures(self, stack: str, region: str = "us-east-1", seen: frozenset[str] = frozenset()) -> list[str]:
        """What failed in a stack, the first real cause first, a line each; see history.failures."""
        return history.failures(self.client("cloudformation", region), stack, seen)

    # What is there

    def leftovers(self, region: str = "us-east-1") -> list[leftovers.Leftover]:
        """Everything in the region that a stack may have made and that is still there; the published buckets are not."""
        found = leftovers.everything(lambda service: self.client(service, region), region)
        found += [leftovers.Leftover(*line.split(" ", 1)) for line in self._ask(f"/_emulator/records?region={region}")]
        kept = history.retained(self.client("cloudformation", region))
        return [
            leftovers.Leftover(item.kind, item.name, item.retained or item.name in kept or leftovers.of_lambda(item))
            for item in found
            if not (item.kind == "AWS::S3::Bucket" and item.name in self.published)
        ]

    def set_account(self, **settings: Any) -> None:
        """Settings of the account (account.py) from now on; without arguments it is as nobody has changed it."""
        self._ask("/_emulator/account", settings)

    def alarms(self, region: str = "us-east-1", *, ahead: float = 0) -> dict[str, str]:
        """The states that the region's alarms have `ahead` seconds from now, by name, if nothing is measured until then."""
        states: dict[str, str] = self._ask(f"/_emulator/alarms?region={region}", ahead)
        return states

    def wait_for_certificates(self, *, minute: float) -> None:
        """From now on no certificate is validated, and a minute of TimeoutInMinutes has so many seconds."""
        self._ask("/_emulator/waiting", [minute, True])

    def validate_certificates(self) -> None:
        """From now on certificates are validated at once again, and minutes are minutes."""
        self._ask("/_emulator/waiting", [60, False])

    def set_quotas(self, **quotas: float) -> None:
        """Service quotas by code (RDS: by name) from now on; every other one is large, and without arguments all are."""
        self._ask("/_emulator/quotas", quotas)

    def leave_booting(self) -> None:
        """From now on Auto Scaling groups wait for signals of machines that somebody else boots; see `launched`."""
        self._ask("/_emulator/instances", True)

    def launched(self) -> list[dict[str, str]]:
        """What the groups have launched since: instance, address, subnet, zone, profile, stack, logical_id, user_data."""
        found: list[dict[str, str]] = self._ask("/_emulator/instances")
        return found

    def inject(self, *faults: Fault) -> None:
        """Make operations on resources fail from now on; without arguments none does any more."""
        self._ask("/_emulator/faults", [asdict(fault) for fault in faults])

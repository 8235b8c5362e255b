"""The operator's tools as a person runs them, and the small stacks that they are run on."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import pytest

from generator.__main__ import main
from generator.aws import Account
from tests.emulator.client import Emulator
from tests.support.small_templates import Template, att, resource, template

# A function that logs, and answers as its properties say: Fail names a request type, Wait is in seconds.
ANSWERS = """
import json, time, urllib.request

def handler(event, context):
    properties, kind = event["ResourceProperties"], event["RequestType"]
    print("looking at " + properties.get("Text", "nothing"))
    time.sleep(float(properties.get("Wait", 0)))
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body.update(Status="SUCCESS", PhysicalResourceId=event.get("PhysicalResourceId", "thing"))
    if kind in properties.get("Fail", ""):
        print("ERROR: the thing is broken")
        where = f" (log group {context.log_group_name}, stream {context.log_stream_name})"
        words = where if properties.get("Words") == "yes" else ""
        body.update(Status="FAILED", Reason="Mend the thing." + words)
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""


@dataclass(frozen=True)
class Said:
    """What a tool printed, and its exit status."""

    status: int
    out: str
    err: str


class Tools:
    """Runs the tools against an emulator, which their environment names and nothing else."""

    def __init__(
        self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], region: str
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        self.region = region
        self._capsys = capsys

    @property
    def account(self) -> Account:
        """What the tools themselves look through."""
        return Account(self.region)

    def __call__(self, tool: str, stack: str = "", *more: str) -> Said:
        self._capsys.readouterr()
        try:
            status = main([tool, *(["--stack", stack] if stack else []), "--region", self.region, *more])
        except SystemExit as ended:  # a wrong command line
            status = int(ended.code or 0)
        return Said(status, *self._capsys.readouterr())


def thing(**properties: Any) -> Template:
    """A template with a custom resource `Thing` and its function, which logs to a group of the stack."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    code = resource(
        "AWS::Lambda::Function",
        Runtime="python3.13",
        Handler="index.handler",
        Timeout=20,
        Role=att("Role", "Arn"),
        LoggingConfig={"LogGroup": {"Ref": "Logs"}},
        Code={"ZipFile": textwrap.dedent(ANSWERS)},
    )
    return template(
        {
            "Logs": resource("AWS::Logs::LogGroup", RetentionInDays=1),
            "Role": resource(
                "AWS::IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]}
            ),
            "Function": code,
            "Thing": resource("Custom::Thing", ServiceToken=att("Function", "Arn"), **properties),
        }
    )

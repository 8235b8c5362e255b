"""Small templates for the emulator's own tests, and what those tests ask it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator

Template = dict[str, Any]
REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")
PARTITIONS = {"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}


def ref(name: str) -> Template:
    """!Ref"""
    return {"Ref": name}


def att(name: str, attribute: str) -> Template:
    """!GetAtt"""
    return {"Fn::GetAtt": [name, attribute]}


def resource(kind: str, /, **properties: Any) -> Template:
    """A resource without attributes."""
    return {"Type": kind, "Properties": properties}


def template(resources: Template, **sections: Any) -> Template:
    """A template with these resources."""
    return {"Resources": resources, **sections}


def refusal(emulator: Emulator, name: str, body: Template, **options: Any) -> str:
    """What CreateStack answers; no stack must be there afterwards."""
    with pytest.raises(ClientError) as refused:
        emulator.create_stack(name, body, **options)
    region = options.get("region", "us-east-1")
    stacks = emulator.client("cloudformation", region).describe_stacks()["Stacks"]
    assert name not in [stack["StackName"] for stack in stacks]
    return str(refused.value)


def left(emulator: Emulator, name: str, region: str = "us-east-1") -> list[str]:
    """What is left of a stack: leftovers that carry its name, in this or the other letters."""
    return [str(item) for item in emulator.leftovers(region) if name in item.name.lower()]


def network() -> Template:
    """A VPC with one subnet and one security group."""
    zone = {"Fn::Sub": "${AWS::Region}a"}
    return {
        "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        "Subnet": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/24", AvailabilityZone=zone),
        "Group": resource("AWS::EC2::SecurityGroup", GroupDescription="Test", VpcId=ref("Vpc")),
    }


def nested(emulator: Emulator, child: Template, key: str, **properties: Any) -> Template:
    """A nested stack resource of a child template that is published under `key`."""
    emulator.publish({key: json.dumps(child).encode()}, "templates-test")
    return resource("AWS::CloudFormation::Stack", TemplateURL=emulator.url("templates-test", key), **properties)

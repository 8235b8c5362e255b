"""A deployment of the real templates on the emulator, for tests of its life: updated, broken, mended, deleted.

    site = Site(emulator, "us-east-1", publish(emulator, files, "us-east-1"))
    portal = Deployment(site, name)
    assert portal.create(AccessLogs="yes").complete
    change = portal.update(DatabaseBackupDays="14")
    assert change.touched == {"database.DatabaseCluster"}

Resources go by `tier.LogicalId`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from generator import RELEASE_FOLDER
from tests.emulator import history
from tests.emulator.client import Emulator
from tests.emulator.leftovers import Leftover
from tests.emulator.outcome import Outcome
from tests.emulator.release import BUCKET, PREFIX, VENDOR, prepare, release

STACK = "AWS::CloudFormation::Stack"
# Architecture.md's table of retention, of a deployment without access logs. The provider's own log group is AWS's doing.
PROMISED = {"AWS::EFS::FileSystem", "AWS::RDS::DBClusterSnapshot", "AWS::Logs::LogGroup"}
MUST_SURVIVE = {
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::EFS::FileSystem",
    "AWS::FSx::FileSystem",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::EC2::NetworkInterface",
    "Custom::PclusterCluster",
}


@cache
def files() -> Mapping[str, bytes]:
    """A release, as it is published; made once per process."""
    return release()


@dataclass(frozen=True)
class Resource:
    """One resource of a deployment."""

    type: str
    physical_id: str


@dataclass(frozen=True)
class Change:
    """An update: how it ended, what it touched (`tier.LogicalId`), and the events it made."""

    outcome: Outcome
    touched: frozenset[str]
    events: tuple[history.Event, ...]

    def reasons(self, title: str) -> list[str]:
        """What the events of the resource `title` (LogicalId) say of failures."""
        return [
            event["ResourceStatusReason"]
            for event in self.events
            if event["LogicalResourceId"] == title and event["ResourceStatus"].endswith("_FAILED")
        ]


class Deployment:
    """One deployment, published and created in one region of an emulator."""

    def __init__(self, emulator: Emulator, name: str, region: str = "us-east-1") -> None:
        self.emulator, self.name, self.region = emulator, name, region
        self.stack = name  # its id, once there is one: a deleted stack is found by nothing else
        self.cloudformation = emulator.client("cloudformation", region)

    def url(self, parent: str = "main") -> str:
        """Publish the release, if that has not been done, and return the parent template's location."""
        bucket, key = f"{BUCKET}-{self.region}", f"{PREFIX}{RELEASE_FOLDER}templates/{parent}.template.yaml"
        if bucket not in self.emulator.published:
            self.emulator.publish(files(), bucket, PREFIX + RELEASE_FOLDER, self.region)
        return self.emulator.url(bucket, key, self.region)

    def answers(self, **given: str) -> dict[str, str]:
        """`given` with what every launch answers; downloads are the vendor's stand-ins."""
        required = {"PortalAccessCidr": "203.0.113.0/24", "AssetsPrefix": PREFIX}
        place = {"AssetsBucket": f"{BUCKET}-{self.region}", "AssetsBucketRegion": self.region}
        return prepare(self.emulator, {**required, **place, **given}, self.region)

    def create(self, parent: str = "main", **given: str) -> Outcome:
        """Launch the template `parent` with these answers and wait."""
        url = self.url(parent)
        made = self.emulator.create_stack(self.name, region=self.region, url=url, parameters=self.answers(**given))
        self.stack = made.stack_id
        return made

    def update(self, **given: str) -> Change:
        """Update to these answers, the others as they are, and wait."""
        seen = {event["EventId"] for event in self.events()}
        outcome = self.emulator.update_stack(self.stack, region=self.region, parameters=given)
        new = tuple(event for event in self.events() if event["EventId"] not in seen)
        touched = {
            f"{self.tier(event['StackName'])}.{event['LogicalResourceId']}"
            for event in new
            if event["ResourceType"] != STACK and self.tier(event["StackName"])
        }
        return Change(outcome, frozenset(touched), new)

    def delete(self) -> Outcome:
        """Delete and wait."""
        return self.emulator.delete_stack(self.stack, region=self.region)

    def events(self) -> list[history.Event]:
        """Every event, also of nested stacks, oldest first."""
        return self.emulator.events(self.stack, self.region)

    def event(self, title: str, status: str) -> str:
        """The reason in the parent's own first event of the nested stack `title` with this status."""
        own = history.own_events(self.cloudformation, self.stack)
        found = [e for e in own if (e["LogicalResourceId"], e["ResourceStatus"]) == (title, status)]
        return str(found[0].get("ResourceStatusReason", ""))

    def tier(self, stack_name: str) -> str:
        """`file-system` of `NAME-FileSystemStack-0123456789AB`; blank for the parent, and what a tier nests."""
        parts = stack_name.removeprefix(f"{self.name}-").split("-")
        title = parts[0].removesuffix("Stack") if len(parts) == 2 and "Stack" in parts[0] else ""
        return re.sub("(?<!^)([A-Z])", r"-\1", title).lower()

    def resources(self) -> dict[str, Resource]:
        """Everything in the tiers, by `tier.LogicalId`."""
        found = {}
        for stack in self._resources(self.stack):
            tier = self.tier(stack["PhysicalResourceId"].split("/")[1])
            for item in self._resources(stack["PhysicalResourceId"]):
                kept = Resource(item["ResourceType"], item["PhysicalResourceId"])
                found[f"{tier}.{item['LogicalResourceId']}"] = kept
        return found

    def _resources(self, stack: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        return [item for item in items if not item["ResourceStatus"].startswith("DELETE")]

    def nested(self, title: str) -> str:
        """The id of the nested stack `title`."""
        [found] = [item for item in self._resources(self.stack) if item["LogicalResourceId"] == title]
        return str(found["PhysicalResourceId"])

    def stateful(self) -> dict[str, str]:
        """The physical ids of everything that must survive an update."""
        return {title: item.physical_id for title, item in self.resources().items() if item.type in MUST_SURVIVE}

    def status(self) -> str:
        """The parent's status."""
        return str(self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"])


def left(emulator: Emulator, region: str, before: set[Leftover] = frozenset()) -> tuple[set[str], list[str]]:  # type: ignore[assignment]
    """Kinds of what is retained in a region, and the rest, but for what was there `before`."""
    found = [item for item in emulator.leftovers(region) if item.name != VENDOR and item not in before]
    return {item.kind for item in found if item.retained}, [str(item) for item in found if not item.retained]


def secret(emulator: Emulator, region: str, name: str, text: str) -> str:
    """Make a secret and return its ARN."""
    return str(emulator.client("secretsmanager", region).create_secret(Name=name, SecretString=text)["ARN"])


def policy(emulator: Emulator, region: str, name: str) -> str:
    """Make a policy that may serve as a permissions boundary, and return its ARN."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = emulator.client("iam", region)
    return str(iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(everything))["Policy"]["Arn"])


def vpc(emulator: Emulator, region: str) -> dict[str, str]:
    """A VPC with a public and a private subnet in two zones, as the guide asks for."""
    ec2 = emulator.client("ec2", region)
    made = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=made, **{attribute: {"Value": True}})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=made, InternetGatewayId=gateway)
    place = {"VpcId": made}
    for number, letter in enumerate("ab", 1):
        for kind, third in (("LoadBalancer", number), ("Private", 16 * number)):
            size = 24 if kind == "LoadBalancer" else 20
            subnet = ec2.create_subnet(
                VpcId=made, CidrBlock=f"10.9.{third}.0/{size}", AvailabilityZone=f"{region}{letter}"
            )["Subnet"]["SubnetId"]
            place[f"{kind}SubnetId{number}"] = subnet
            table = ec2.create_route_table(VpcId=made)["RouteTable"]["RouteTableId"]
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
            if kind == "LoadBalancer":
                ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
                address = ec2.allocate_address(Domain="vpc")["AllocationId"]
                nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
            else:
                ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    return place


def set_fleet(emulator: Emulator, cluster: str, status: str, region: str) -> None:
    """Set the status of a cluster's compute fleet, as `pcluster update-compute-fleet` and the head node do."""
    emulator.client("dynamodb", region).update_item(
        TableName=f"parallelcluster-slurm-{cluster}",
        Key={"Id": {"S": "COMPUTE_FLEET"}},
        UpdateExpression="SET #data.#status = :status",
        ExpressionAttributeNames={"#data": "Data", "#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
    )

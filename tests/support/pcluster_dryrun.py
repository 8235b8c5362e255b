"""ParallelCluster's real validators, run in this process against an account that moto plays.

They are what `pcluster create-cluster --dryrun true` checks: instance types, image, subnets, security groups and their
rules, file systems, secrets, policies, scripts in S3. (The command itself would want Node.js.) The account holds what
the stack's other tiers make for zone 1. Nothing leaves this machine.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import yaml
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from moto.ec2.responses.instances import InstanceResponse
from moto.fsx.models import fsx_backends

from generator.cfn.regions import partition_of
from generator.stack import build
from generator.text.archives import cluster_scripts
from tests.support.account_names import checkable
from tests.support.cluster_configuration import CLUSTER_NAME, PARAMETERS

IMAGE = "aws-parallelcluster-3.16.1-amzn2023-hvm-x86_64-202601010000"
SCRIPTS = tuple(cluster_scripts(Path(__file__).parents[2])[1])
NODE_POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]}'


@contextmanager
def account(region: str) -> Iterator[dict[str, str]]:
    """An account in that region with one zone of a deployment; hands out the parameters of its configuration."""
    from pcluster.aws.aws_api import AWSApi
    from pcluster.aws.common import Cache
    from pcluster.aws.ec2 import Ec2Client

    environment = {
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, environment))
        stack.enter_context(mock_aws(config={"iam": {"load_aws_managed_policies": True}}))
        stack.enter_context(mock.patch.object(InstanceResponse, "run_instances", _dry_run))
        key_pair = _with_key_type(Ec2Client.describe_key_pair)
        stack.enter_context(mock.patch.object(Ec2Client, "describe_key_pair", key_pair))
        for kind, offers in _offers(region).items():
            stack.enter_context(mock.patch.dict(INSTANCE_TYPE_OFFERINGS[kind], {region: offers}))
        AWSApi.reset()
        Cache.clear_all()
        yield _deployment(region)
        AWSApi.reset()
        Cache.clear_all()


@dataclass(frozen=True)
class Verdict:
    """What ParallelCluster has against a configuration, and the names that only the operator's own account can check."""

    faults: list[str]
    unknown: list[str]


def verdict(configuration: dict[str, Any], parameters: dict[str, str]) -> Verdict:
    """The faults of the configuration apart from names that are not among `parameters`, and those names.

    To be called inside `account`. Such names (a role, an image, a reservation of the operator's own) are taken out before
    the rest is checked, and a warning reports them.
    """
    left = checkable(configuration, {*PARAMETERS.values(), *parameters.values()})
    for name in left.unknown:
        warnings.warn(
            f"templates/cluster.yaml: {name} is a name of your own account, and was not checked: look it up there",
            stacklevel=2,
        )
    return Verdict(faults(left.configuration), left.unknown)


def faults(configuration: dict[str, Any], level: str = "ERROR") -> list[str]:
    """What ParallelCluster has against the configuration, in its own sentences; [] if it would go ahead.

    To be called inside `account`. `level` WARNING tells its warnings too. The configuration goes in as text with every
    scalar quoted, as its CloudFormation provider hands it over.
    """
    from pcluster.models.cluster import Cluster, ConfigValidationError
    from pcluster.validators.common import FailureLevel

    cluster = Cluster(CLUSTER_NAME, yaml.safe_dump(configuration, default_style='"', sort_keys=False))
    try:
        found = cluster.validate_create_request(set(), FailureLevel.ERROR)
    except ConfigValidationError as error:
        found = error.validation_failures or [SimpleNamespace(level=FailureLevel.ERROR, message=str(error))]
    return [failure.message for failure in found if failure.level.value >= FailureLevel[level].value]


def _deployment(region: str) -> dict[str, str]:
    """Makes what the other tiers make, and returns the parameters that name it."""
    partition = partition_of(region)
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone=f"{region}a")["Subnet"]["SubnetId"]
    groups = _security_groups(vpc)
    _official_image(region)

    efs = boto3.client("efs")
    file_system = efs.create_file_system(CreationToken="shared", Encrypted=True)["FileSystemId"]
    efs.create_mount_target(
        FileSystemId=file_system, SubnetId=subnet, SecurityGroups=[groups["FileSystemSecurityGroup"]]
    )
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[groups["LustreSecurityGroup"]])[
        "NetworkInterface"
    ]
    _lustre(region, vpc, subnet, interface["NetworkInterfaceId"])

    secrets = boto3.client("secretsmanager")
    munge = secrets.create_secret(Name="munge", SecretString="M" * 128)["ARN"]
    password = secrets.create_secret(Name="database", SecretString="correct-horse")["ARN"]
    reader = secrets.create_secret(Name="directory", SecretString="battery-staple")["ARN"]
    iam = boto3.client("iam")
    policy = iam.create_policy(PolicyName="nodes", Path="/parallelcluster/", PolicyDocument=NODE_POLICY)["Policy"][
        "Arn"
    ]
    bucket, prefix = PARAMETERS["LocalAssetsBucket"], PARAMETERS["ClusterScripts"]
    s3 = boto3.client("s3")
    placed = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **placed)
    for key in (f"{folder}/{name}" for folder in ("userdata/cluster", prefix) for name in SCRIPTS):
        s3.put_object(Bucket=bucket, Key=key, Body=b"#!/bin/bash\n")
    ec2.create_key_pair(KeyName="operators")
    return {
        "AWS::Partition": partition,
        "AWS::Region": region,
        "ComputeNodeSecurityGroupId": groups["ComputeNodeSecurityGroup"],
        "DatabaseSecretArn": password,
        "DirectorySecret": reader,  # to be given as DirectoryPasswordSecretArn
        "FileSystemId": file_system,
        "HeadNodeSecurityGroupId": groups["HeadNodeSecurityGroup"],
        "LustreId": PARAMETERS["LustreId"],
        "MungeSecretArn": munge,
        "NodePolicyArn": policy,
        "PrivateSubnetId": subnet,
    }


def _security_groups(vpc: str) -> dict[str, str]:
    """The groups of the firewall tier, by logical id, with the rules that it gives them among each other."""
    resources = build()["security-groups.template.yaml"]["Resources"]
    ec2 = boto3.client("ec2")
    groups = {}
    for title, resource in resources.items():
        if resource["Type"] == "AWS::EC2::SecurityGroup":
            groups[title] = ec2.create_security_group(GroupName=title, Description=title, VpcId=vpc)["GroupId"]
            everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ec2.revoke_security_group_egress(GroupId=groups[title], IpPermissions=[everything])
    for resource in resources.values():
        rule = resource["Properties"]
        peer = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
        if peer:
            permission = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort")}
            permission["UserIdGroupPairs"] = [{"GroupId": groups[peer["Ref"]]}]
            inward = "SourceSecurityGroupId" in rule
            authorize = ec2.authorize_security_group_ingress if inward else ec2.authorize_security_group_egress
            authorize(GroupId=groups[rule["GroupId"]["Ref"]], IpPermissions=[permission])
    return groups


def _official_image(region: str) -> None:
    """ParallelCluster's own image, which no API of EC2 can make: it belongs to Amazon."""
    backend = ec2_backends[DEFAULT_ACCOUNT_ID][region]
    image = Ami(
        backend,
        "ami-0123456789abcdef0",
        name=IMAGE,
        owner_id="247102896272",
        owner_alias="amazon",
        public=True,
        architecture="x86_64",
        virtualization_type="hvm",
        root_device_type="ebs",
        root_device_name="/dev/xvda",
    )
    backend.amis[image.id] = image


def _lustre(region: str, vpc: str, subnet: str, interface: str) -> None:
    """The file system as AWS describes it; moto's own has a short id, and neither VPC, interface nor mount name."""
    identifier = PARAMETERS["LustreId"]
    description = {
        "FileSystemId": identifier,
        "FileSystemType": "LUSTRE",
        "VpcId": vpc,
        "SubnetIds": [subnet],
        "NetworkInterfaceIds": [interface],
        "DNSName": f"{identifier}.fsx.{region}.amazonaws.com",
        "LustreConfiguration": {"MountName": "abcdefgh", "DeploymentType": "SCRATCH_2"},
    }
    known = SimpleNamespace(file_system_id=identifier, resource_arn=identifier, to_dict=lambda: description)
    fsx_backends[DEFAULT_ACCOUNT_ID][region].file_systems[identifier] = known  # type: ignore[assignment]


def _dry_run(response: InstanceResponse) -> None:
    """RunInstances as the validators use it; moto would first refuse the encrypted volume without a KMS key."""
    response.error_on_dryrun()
    raise AssertionError("A validator has asked for an instance without DryRun.")


def _with_key_type(describe_key_pair: Callable[..., Any]) -> Callable[..., Any]:
    """The call with the type of the key in its answer, which moto leaves out."""

    def described(client: Any, key_name: str) -> Any:
        answer = describe_key_pair(client, key_name)
        answer["KeyPairs"][0]["KeyType"] = "rsa"
        return answer

    return described


def _offers(region: str) -> dict[str, list[dict[str, str]]]:
    """Instance types offered in the region: those of us-east-1, since moto knows none for China and GovCloud."""
    return {
        kind: [
            {**offer, "Location": offer["Location"].replace("us-east-1", region)}
            for offer in INSTANCE_TYPE_OFFERINGS[kind]["us-east-1"]
        ]
        for kind in ("availability-zone", "region")
    }

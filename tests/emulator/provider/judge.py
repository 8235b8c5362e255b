"""What the provider's function finds wrong with a cluster configuration: the schema and the update rules are AWS
ParallelCluster's own, and what the configuration refers to must exist.

This text is put into the function in place of the line `from judge import …`, so it stands alone.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError
from marshmallow import ValidationError

Configuration = dict[str, Any]
AWS_POLICIES = {"AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy", "AmazonS3ReadOnlyAccess"}


class Refused(Exception):
    """What the provider would answer with FAILED; the text is the reason."""


def api(service: str) -> Any:
    """A client of the emulator in the function's region."""
    return boto3.client(service)


def find(configuration: Any, key: str) -> Iterator[Any]:
    """Every value under `key`, anywhere in the configuration."""
    if isinstance(configuration, dict):
        for name, value in configuration.items():
            if name == key:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from find(value, key)
    elif isinstance(configuration, list):
        for item in configuration:
            yield from find(item, key)


def must_exist(what: str, call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer of a describing call; Refused if AWS does not know the thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        raise Refused(f"{what} cannot be used: {error}") from None


def check_schema(name: str, configuration: Configuration) -> None:
    """ParallelCluster's own schema, with all scalars as strings as CloudFormation sends them."""
    from pcluster.schemas.cluster_schema import ClusterSchema

    try:
        ClusterSchema(cluster_name=name).load(configuration)
    except ValidationError as error:
        raise Refused(f"Invalid cluster configuration: {json.dumps(error.messages, default=str)}") from None


def check_network(configuration: Configuration) -> None:
    """Subnets and security groups exist."""
    ec2 = api("ec2")
    for key in ("SubnetId", "SubnetIds"):
        for subnet in find(configuration, key):
            must_exist(f"subnet {subnet}", ec2.describe_subnets, SubnetIds=[subnet])
    for key in ("AdditionalSecurityGroups", "SecurityGroups"):
        for group in find(configuration, key):
            must_exist(f"security group {group}", ec2.describe_security_groups, GroupIds=[group])
    key = configuration["HeadNode"].get("Ssh", {}).get("KeyName")
    if key:
        must_exist(f"key pair {key}", ec2.describe_key_pairs, KeyNames=[key])


def check_storage(configuration: Configuration) -> None:
    """Existing file systems are there, EFS with a mount target in every zone that nodes use."""
    subnets = {s for key in ("SubnetId", "SubnetIds") for s in find(configuration, key)}
    described = api("ec2").describe_subnets(SubnetIds=sorted(subnets))["Subnets"]
    zones = {subnet["AvailabilityZone"] for subnet in described}
    for storage in configuration.get("SharedStorage", []):
        efs = storage.get("EfsSettings", {}).get("FileSystemId")
        lustre = storage.get("FsxLustreSettings", {}).get("FileSystemId")
        if efs:
            found = must_exist(f"EFS {efs}", api("efs").describe_mount_targets, FileSystemId=efs)["MountTargets"]
            missing = zones - {target["AvailabilityZoneName"] for target in found}
            if missing:
                raise Refused(f"EFS {efs} has no mount target in {', '.join(sorted(missing))}")
        if lustre and not api("fsx").describe_file_systems(FileSystemIds=[lustre])["FileSystems"]:
            raise Refused(f"FSx for Lustre {lustre} does not exist")


def check_secrets(configuration: Configuration) -> None:
    """The munge key decodes to 256 to 8192 bits, the database's password is plain text, the directory's is there."""
    slurm = configuration["Scheduling"].get("SlurmSettings", {})
    secrets = api("secretsmanager")
    munge, database = slurm.get("MungeKeySecretArn"), slurm.get("Database", {}).get("PasswordSecretArn")
    if munge:
        text = must_exist("the munge key", secrets.get_secret_value, SecretId=munge)["SecretString"]
        try:
            bits = 8 * len(base64.b64decode(text, validate=True))
        except binascii.Error as error:
            raise Refused(f"The content of the secret {munge} is invalid: it must be base64 ({error})") from None
        if not 256 <= bits <= 8192:
            raise Refused(f"The size of the decoded munge key in the secret {munge} must be between 256 and 8192 bits")
    directory = configuration.get("DirectoryService", {}).get("PasswordSecretArn")
    if directory:
        must_exist("the directory's password", secrets.describe_secret, SecretId=directory)
    if database:
        password = must_exist("the password", secrets.get_secret_value, SecretId=database)["SecretString"]
        if password.startswith("{") or "#" in password:
            raise Refused(f"The secret {database} must hold the plain password, without # in it")


def check_policies(configuration: Configuration) -> None:
    """The provider may attach few of AWS's policies, and customer policies by name or path only."""
    for policy in find(configuration, "Policy"):
        name = policy.partition(":policy/")[2]
        if policy.split(":")[4] == "aws":
            if name.split("/")[-1] not in AWS_POLICIES:
                raise Refused(f"User is not authorized to perform: iam:AttachRolePolicy with policy ARN {policy}")
        elif not re.match("parallelcluster", name):
            raise Refused(f"The policy {policy} needs a name parallelcluster* or the path /parallelcluster/")
        else:
            must_exist(f"policy {policy}", api("iam").get_policy, PolicyArn=policy)


def check_scripts(configuration: Configuration) -> None:
    """Nodes read their custom actions through S3Access; one that is missing kills the bootstrap after half an hour."""
    s3 = api("s3")
    for script in find(configuration, "Script"):
        if script.startswith("s3://"):
            bucket, _, key = script.removeprefix("s3://").partition("/")
            try:
                s3.head_object(Bucket=bucket, Key=key)
            except ClientError:
                raise Refused(f"HeadNodeBootstrapFailure: the custom action {script} cannot be downloaded") from None


def table_of(name: str) -> str:
    """The table in which a cluster keeps the status of its compute fleet."""
    return f"parallelcluster-slurm-{name}"


def fleet(name: str) -> str:
    """The status of the compute fleet, which `pcluster update-compute-fleet` sets."""
    item = api("dynamodb").get_item(TableName=table_of(name), Key={"Id": {"S": "COMPUTE_FLEET"}}).get("Item")
    return str(item["Data"]["M"]["status"]["S"]) if item else "UNKNOWN"


def check_update(name: str, old: Configuration, new: Configuration) -> None:
    """ParallelCluster's update policies, for a cluster whose head node runs."""
    from pcluster.config.config_patch import ConfigPatch

    class Cluster:
        stack_name = name

        def __init__(self) -> None:
            self.name = name

        head_node_instance = type("Instance", (), {"state": "running"})

        def has_running_capacity(self) -> bool:
            return fleet(name) != "STOPPED"

        def has_running_login_nodes(self, pool_name: str | None = None) -> bool:
            return False

    allowed, rows = ConfigPatch(Cluster(), base_config=old, target_config=new).check()
    if not allowed:
        head, *changes = rows
        told = [dict(zip(head, change, strict=True)) for change in changes]
        failed = [
            f"{'.'.join(map(str, t['param_path']))}.{t['parameter']}: {t['reason']}"
            for t in told
            if t["check"] != "SUCCEEDED"
        ]
        raise Refused(f"Update failure: {'; '.join(failed)}")


def check(name: str, configuration: Configuration) -> None:
    """Raises Refused with the first thing that is wrong with the configuration of the cluster `name`."""
    check_schema(name, configuration)
    for judge in (check_network, check_storage, check_secrets, check_policies, check_scripts):
        judge(configuration)

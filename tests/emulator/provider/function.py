"""The provider's Lambda function, as far as it can be without EC2: AWS ParallelCluster's own schema and update rules
judge the configuration, what it refers to must exist, and a CloudFormation stack named after the cluster is made, whose
one resource is the head node's interface with its security groups.

It runs inside the emulator, so its text stands alone. Behaviour that must not be prettier than the real provider's:
a Delete removes the cluster that ClusterName names, whoever made it.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import urllib.request

import boto3
from botocore.exceptions import ClientError
from marshmallow import ValidationError

VERSION = os.environ.get("PARALLELCLUSTER_VERSION", "")
META = {"ServiceToken", "DeletionPolicy"}  # for the provider itself; all else goes to pcluster's functions
ARGUMENTS = {
    "Create": {
        "ClusterName",
        "ClusterConfiguration",
        "RollbackOnFailure",
        "SuppressValidators",
        "ValidationFailureLevel",
    },
    "Update": {"ClusterName", "ClusterConfiguration", "SuppressValidators", "ValidationFailureLevel", "ForceUpdate"},
}
AWS_POLICIES = {"AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy", "AmazonS3ReadOnlyAccess"}


class Refused(Exception):
    """What the provider would answer with FAILED; the text is the reason."""


def api(service):
    """A client of the emulator in the function's region."""
    return boto3.client(service)


def find(configuration, key):
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


def must_exist(what, call, **arguments):
    """The answer of a describing call; Refused if AWS does not know the thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        raise Refused(f"{what} cannot be used: {error}") from None


def check_schema(name, configuration):
    """ParallelCluster's own schema, with all scalars as strings as CloudFormation sends them."""
    from pcluster.schemas.cluster_schema import ClusterSchema

    try:
        ClusterSchema(cluster_name=name).load(configuration)
    except ValidationError as error:
        raise Refused(f"Invalid cluster configuration: {json.dumps(error.messages, default=str)}") from None


def check_network(configuration):
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


def check_storage(configuration):
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


def check_secrets(configuration):
    """The munge key decodes to 256 to 8192 bits, the database's password is plain text."""
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
    if database:
        password = must_exist("the password", secrets.get_secret_value, SecretId=database)["SecretString"]
        if password.startswith("{") or "#" in password:
            raise Refused(f"The secret {database} must hold the plain password, without # in it")


def check_policies(configuration):
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


def check_scripts(configuration):
    """Nodes read their custom actions through S3Access; one that is missing kills the bootstrap after half an hour."""
    s3 = api("s3")
    for script in find(configuration, "Script"):
        if script.startswith("s3://"):
            bucket, _, key = script.removeprefix("s3://").partition("/")
            try:
                s3.head_object(Bucket=bucket, Key=key)
            except ClientError:
                raise Refused(f"HeadNodeBootstrapFailure: the custom action {script} cannot be downloaded") from None


def check_update(name, old, new):
    """ParallelCluster's update policies, for a cluster whose fleet is running."""
    from pcluster.config.config_patch import ConfigPatch

    class Cluster:
        stack_name = name
        head_node_instance = type("Instance", (), {"state": "running"})

        def has_running_capacity(self):
            return True

        def has_running_login_nodes(self, pool_name=None):
            return False

    cluster = Cluster()
    cluster.name = name
    allowed, rows = ConfigPatch(cluster, base_config=old, target_config=new).check()
    if not allowed:
        head, *changes = rows
        told = [dict(zip(head, change)) for change in changes]
        failed = [
            f"{'.'.join(map(str, t['param_path']))}.{t['parameter']}: {t['reason']}"
            for t in told
            if t["check"] != "SUCCEEDED"
        ]
        raise Refused(f"Update failure: {'; '.join(failed)}")


def template(name, configuration):
    """The cluster's own stack: the head node's interface, and the configuration to compare an update with."""
    head = configuration["HeadNode"]["Networking"]
    head_node = {"SubnetId": head["SubnetId"], "GroupSet": head.get("AdditionalSecurityGroups", [])}
    return {
        "Description": f"Stand-in of the ParallelCluster cluster {name}",
        "Metadata": {"ParallelCluster": {"Version": VERSION, "Configuration": configuration}},
        "Resources": {
            "HeadNodeEni": {"Type": "AWS::EC2::NetworkInterface", "Properties": head_node},
            # Changes with the configuration, so that an update is one.
            "Configuration": {
                "Type": "AWS::CloudFormation::WaitConditionHandle",
                "Metadata": hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest(),
            },
        },
        "Outputs": {"Address": {"Value": {"Fn::GetAtt": ["HeadNodeEni", "PrimaryPrivateIpAddress"]}}},
    }


def existing(name):
    """The cluster's stack, or None."""
    try:
        found = api("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return None
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def settle(name, operation):
    """Wait for the cluster's stack; Refused if it failed."""
    while True:
        found = api("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
    if found["StackStatus"] != f"{operation}_COMPLETE":
        events = api("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            e.get("ResourceStatusReason", "") for e in reversed(events) if e["ResourceStatus"].endswith("FAILED")
        ]
        raise Refused(f"{name}: {operation} failed: {'; '.join(reasons)}")
    return found


def attributes(stack):
    """What the real provider answers about a cluster, flattened; a private head node has no public address."""
    name, arn = stack["StackName"], stack["StackId"]
    address = stack["Outputs"][0]["OutputValue"]
    return {
        "clusterName": name,
        "clusterStatus": stack["StackStatus"],
        "cloudFormationStackStatus": stack["StackStatus"],
        "cloudformationStackArn": arn,
        "computeFleetStatus": "RUNNING",
        "headNode.instanceId": "i-" + hashlib.sha256(arn.encode()).hexdigest()[:17],
        "headNode.instanceType": "stand-in",
        "headNode.privateIpAddress": address,
        "headNode.state": "running",
        "region": os.environ["AWS_REGION"],
        "validationMessages": "[]",
        "version": VERSION,
    }


def create_or_update(event):
    """Physical id and attributes of the cluster after a Create or Update."""
    request, properties = event["RequestType"], event["ResourceProperties"]
    unexpected = set(properties) - META - ARGUMENTS[request]
    if unexpected:
        raise Refused(f"<{request.lower()}-cluster> got unexpected arguments: {sorted(unexpected)}")
    if properties.get("DeletionPolicy", "Delete") not in ("Retain", "Delete"):
        raise Refused('DeletionPolicy must be one of ["Retain", "Delete"].')
    name, configuration = properties.get("ClusterName"), properties.get("ClusterConfiguration")
    if not name:
        raise Refused("Couldn't find a ClusterName in the properties.")
    if request == "Update" and event["PhysicalResourceId"] != name:
        raise Refused("Cannot update the ClusterName in the properties.")
    longest = 40 if configuration.get("Scheduling", {}).get("SlurmSettings", {}).get("Database") else 60
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]+", name) or len(name) > longest:
        raise Refused(
            f"The cluster name {name} is no letter followed by letters, digits and hyphens, {longest} at most"
        )
    stack = existing(name)
    if request == "Create" and stack:
        raise Refused(f"Cluster {name} already exists")
    check_schema(name, configuration)
    for check in (check_network, check_storage, check_secrets, check_policies, check_scripts):
        check(configuration)
    cloudformation = api("cloudformation")
    body = json.dumps(template(name, configuration))
    if request == "Create":
        tags = [{"Key": "parallelcluster:version", "Value": VERSION}]
        cloudformation.create_stack(StackName=name, TemplateBody=body, Tags=tags)
        return name, attributes(settle(name, "CREATE"))
    if stack is None:
        raise Refused(f"Cluster {name} does not exist")
    previous = cloudformation.get_template(StackName=name)["TemplateBody"]  # boto3 has parsed the JSON
    old = previous["Metadata"]["ParallelCluster"]["Configuration"]
    if old != configuration:
        check_update(name, old, configuration)
        cloudformation.update_stack(StackName=name, TemplateBody=body)
    return name, attributes(settle(name, "UPDATE" if old != configuration else stack["StackStatus"].partition("_")[0]))


def delete(event):
    """Remove the cluster that the properties name, and wait until it is gone."""
    properties = event["ResourceProperties"]
    name = properties.get("ClusterName")
    if name and properties.get("DeletionPolicy", "Delete") == "Delete" and existing(name):
        arn = existing(name)["StackId"]
        api("cloudformation").delete_stack(StackName=name)
        settle(arn, "DELETE")
    return event["PhysicalResourceId"], {}


def handler(event, context):
    """Answer one event of a Custom::PclusterCluster."""
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    try:
        made = delete(event) if event["RequestType"] == "Delete" else create_or_update(event)
        answer.update(Status="SUCCESS", PhysicalResourceId=made[0], Data=made[1])
    except Exception as error:  # whatever it is, CloudFormation must hear of it
        reason = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        # crhelper, which the real one uses, makes an id of its own for a resource that was not created.
        physical_id = event.get("PhysicalResourceId") or f"{event['LogicalResourceId']}-not-created"
        answer.update(Status="FAILED", Reason=reason[:2000], PhysicalResourceId=physical_id)
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=body, method="PUT"), timeout=30).close()

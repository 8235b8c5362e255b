"""The provider's Lambda function, as far as it can be without EC2: the configuration is judged (judge.py), and a
CloudFormation stack named after the cluster is made, with the head node's interface and its security groups in it.

Behaviour that must not be prettier than the real provider's: a Delete removes the cluster that ClusterName names,
whoever made it.
"""

import hashlib
import json
import os
import re
import urllib.request
from typing import Any

from botocore.exceptions import ClientError
from judge import Refused, api, check, check_update, fleet

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


def template(name: str, configuration: dict[str, Any]) -> dict[str, Any]:
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


def existing(name: str) -> Any:
    """The cluster's stack, or None."""
    try:
        found = api("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return None
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def settle(name: str, operation: str) -> Any:
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


def attributes(stack: dict[str, Any]) -> dict[str, str]:
    """What the real provider answers about a cluster, flattened; a private head node has no public address."""
    name, arn = stack["StackName"], stack["StackId"]
    address = stack["Outputs"][0]["OutputValue"]
    return {
        "clusterName": name,
        "clusterStatus": stack["StackStatus"],
        "cloudFormationStackStatus": stack["StackStatus"],
        "cloudformationStackArn": arn,
        "computeFleetStatus": fleet(name),
        "headNode.instanceId": "i-" + hashlib.sha256(arn.encode()).hexdigest()[:17],
        "headNode.instanceType": "stand-in",
        "headNode.privateIpAddress": address,
        "headNode.state": "running",
        "region": os.environ["AWS_REGION"],
        "validationMessages": "[]",
        "version": VERSION,
    }


def create_or_update(event: dict[str, Any]) -> tuple[str, dict[str, str]]:
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
    check(name, configuration)
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


def delete(event: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Remove the cluster that the properties name, and wait until it is gone."""
    properties = event["ResourceProperties"]
    name = properties.get("ClusterName")
    if name and properties.get("DeletionPolicy", "Delete") == "Delete" and existing(name):
        arn = existing(name)["StackId"]
        api("cloudformation").delete_stack(StackName=name)
        settle(arn, "DELETE")
    return event["PhysicalResourceId"], {}


def handler(event: dict[str, Any], context: object) -> None:
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

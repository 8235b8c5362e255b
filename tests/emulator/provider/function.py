"""The provider's Lambda function, as far as it can be without EC2: the configuration is judged (judge.py), and a
CloudFormation stack named after the cluster is made, with the head node's interface and its security groups in it.

Behaviour that must not be prettier than the real provider's:

* a Delete removes the cluster that ClusterName names, whoever made it;
* each event lies in the provider's own bucket before anything else happens, and a Delete removes those of its cluster;
* a cluster whose stack is being changed refuses an update;
* a cluster whose update failed has failed until another update succeeds: that nothing is left to change does not help;
* CloudFormation waits an hour for the answer to a request, and this function does not answer when that is over.
"""

import hashlib
import json
import os
import re
import urllib.request
from typing import Any

import boto3
from botocore.exceptions import ClientError
from judge import Refused, api, check, check_update, fleet, table_of

VERSION = os.environ.get("PARALLELCLUSTER_VERSION", "")
BUCKET = os.environ.get("BUCKET", "")
# The status of a cluster by that of its stack, where they differ (pcluster/api/converters.py).
CLUSTER_STATUS = {
    "ROLLBACK_FAILED": "CREATE_FAILED",
    "ROLLBACK_COMPLETE": "CREATE_FAILED",
    "UPDATE_ROLLBACK_FAILED": "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE": "UPDATE_FAILED",
}
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
    # Changes with the configuration, so that an update is one.
    told = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()
    groups = head.get("AdditionalSecurityGroups", [])
    head_node = {"SubnetId": head["SubnetId"], "GroupSet": groups, "Description": f"Head node of {name}, {told}"}
    return {
        "Description": f"Stand-in of the ParallelCluster cluster {name}",
        "Metadata": {"ParallelCluster": {"Version": VERSION, "Configuration": configuration}},
        "Resources": {
            "HeadNodeEni": {"Type": "AWS::EC2::NetworkInterface", "Properties": head_node},
            "DynamoDBTable": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "TableName": table_of(name),
                    "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
                    "BillingMode": "PAY_PER_REQUEST",
                },
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


def settle(name: str) -> Any:
    """Wait for the cluster's stack and describe it."""
    while True:
        found = api("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            return found


def why(name: str) -> str:
    """What has failed in a cluster's stack, first one first."""
    events = api("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return "; ".join(
        e.get("ResourceStatusReason", "") for e in reversed(events) if e["ResourceStatus"].endswith("FAILED")
    )


def completed(name: str) -> Any:
    """The cluster's stack once it is at rest; Refused if its last operation failed, whichever that was."""
    found = settle(name)
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise Refused(f"{name}: {CLUSTER_STATUS.get(found['StackStatus'], found['StackStatus'])}: {why(name)}")
    return found


def attributes(stack: dict[str, Any]) -> dict[str, str]:
    """What the real provider answers about a cluster, flattened; a private head node has no public address."""
    name, arn = stack["StackName"], stack["StackId"]
    address = stack["Outputs"][0]["OutputValue"]
    return {
        "clusterName": name,
        "clusterStatus": CLUSTER_STATUS.get(stack["StackStatus"], stack["StackStatus"]),
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


def with_tags(event: dict[str, Any], configuration: dict[str, Any]) -> dict[str, Any]:
    """The configuration with the tags of the stack that holds the resource, and one of the provider's own."""
    own = configuration.get("Tags", [])
    stack = api("cloudformation").describe_stacks(StackName=event["StackId"])["Stacks"][0]
    overridden = {tag["Key"] for tag in own}
    of_stack = [t for t in stack.get("Tags", []) if not t["Key"].startswith("aws:") and t["Key"] not in overridden]
    mark = {"Key": "parallelcluster:custom_resource", "Value": "cluster"}
    return {**configuration, "Tags": [*of_stack, *own, mark]}


def refuse(event: dict[str, Any], properties: dict[str, Any]) -> None:
    """Raise Refused for a request that the provider does not pass on."""
    request, name = event["RequestType"], properties.get("ClusterName")
    unexpected = set(properties) - META - ARGUMENTS[request]
    if unexpected:
        raise Refused(f"<{request.lower()}-cluster> got unexpected arguments: {sorted(unexpected)}")
    if properties.get("DeletionPolicy", "Delete") not in ("Retain", "Delete"):
        raise Refused('DeletionPolicy must be one of ["Retain", "Delete"].')
    if not name:
        raise Refused("Couldn't find a ClusterName in the properties.")
    if request == "Update" and event["PhysicalResourceId"] != name:
        raise Refused("Cannot update the ClusterName in the properties.")
    settings = properties["ClusterConfiguration"].get("Scheduling", {}).get("SlurmSettings", {})
    longest = 40 if settings.get("Database") else 60
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]+", name) or len(name) > longest:
        raise Refused(
            f"The cluster name {name} is no letter followed by letters, digits and hyphens, {longest} at most"
        )


def create(name: str, configuration: dict[str, Any]) -> None:
    """Make the cluster's stack; its head node starts the compute fleet."""
    if existing(name):
        raise Refused(f"Cluster {name} already exists")
    check(name, configuration)
    api("cloudformation").create_stack(StackName=name, **request_of(name, configuration))
    if settle(name)["StackStatus"] == "CREATE_COMPLETE":
        data = {"M": {"status": {"S": "RUNNING"}, "lastStatusUpdatedTime": {"S": "2026-01-01 00:00:00+00:00"}}}
        api("dynamodb").put_item(TableName=table_of(name), Item={"Id": {"S": "COMPUTE_FLEET"}, "Data": data})


def update(name: str, configuration: dict[str, Any]) -> None:
    """Change the cluster's stack, if its configuration differs."""
    stack = existing(name)
    if stack is None:
        raise Refused(f"Cluster {name} does not exist")
    if "IN_PROGRESS" in stack["StackStatus"]:
        raise Refused(f"Cannot execute update while stack is in {stack['StackStatus']} status.")
    check(name, configuration)
    previous = api("cloudformation").get_template(StackName=name)["TemplateBody"]  # boto3 has parsed the JSON
    old = previous["Metadata"]["ParallelCluster"]["Configuration"]
    if old != configuration:
        check_update(name, old, configuration)
        api("cloudformation").update_stack(StackName=name, **request_of(name, configuration))


def request_of(name: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """The arguments of CreateStack and UpdateStack."""
    marks = [
        {"Key": "parallelcluster:version", "Value": VERSION},
        {"Key": "parallelcluster:cluster-name", "Value": name},
    ]
    return {"TemplateBody": json.dumps(template(name, configuration)), "Tags": [*configuration["Tags"], *marks]}


def create_or_update(event: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Physical id and attributes of the cluster after a Create or Update."""
    properties = event["ResourceProperties"]
    refuse(event, properties)
    name = properties["ClusterName"]
    kept = api("s3").get_object(Bucket=BUCKET, Key=f"{name}/event.json")["Body"].read()
    configuration = with_tags(event, json.loads(kept)["ResourceProperties"]["ClusterConfiguration"])
    {"Create": create, "Update": update}[event["RequestType"]](name, configuration)
    return name, attributes(completed(name))


def delete(event: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Remove the cluster that the properties name, and wait until it is gone."""
    properties = event["ResourceProperties"]
    name = properties.get("ClusterName")
    boto3.resource("s3").Bucket(BUCKET).objects.filter(Prefix=f"{name}/").delete()
    if name and properties.get("DeletionPolicy", "Delete") == "Delete" and existing(name):
        arn = existing(name)["StackId"]
        api("cloudformation").delete_stack(StackName=name)
        if settle(arn)["StackStatus"] != "DELETE_COMPLETE":
            raise Refused(f"{name}: DELETE_FAILED: {why(arn)}")
    return event["PhysicalResourceId"], {}


def keep(event: dict[str, Any]) -> None:
    """Put the event into the provider's bucket."""
    properties = event["ResourceProperties"]
    if properties.get("ClusterConfiguration"):
        key = f"{properties.get('ClusterName')}/event.json"
        api("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(event).encode())


def takes_more_than_an_hour(name: str) -> bool:
    """Whether a test has put a file into the provider's bucket that says so."""
    return bool(api("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"more-than-an-hour/{name}")["KeyCount"])


def handler(event: dict[str, Any], context: object) -> None:
    """Answer one event of a Custom::PclusterCluster."""
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    try:
        keep(event)
        made = delete(event) if event["RequestType"] == "Delete" else create_or_update(event)
        answer.update(Status="SUCCESS", PhysicalResourceId=made[0], Data=made[1])
    except Exception as error:  # whatever it is, CloudFormation must hear of it
        reason = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        # crhelper, which the real one uses, makes an id of its own for a resource that was not created.
        physical_id = event.get("PhysicalResourceId") or f"{event['LogicalResourceId']}-not-created"
        answer.update(Status="FAILED", Reason=reason[:2000], PhysicalResourceId=physical_id)
    if event["RequestType"] == "Update" and takes_more_than_an_hour(str(answer["PhysicalResourceId"])):
        return
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=body, method="PUT"), timeout=30).close()

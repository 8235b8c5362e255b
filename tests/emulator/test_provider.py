"""The stand-in of the ParallelCluster provider is as strict as the real one, and as dangerous."""

import json
import re
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator, Fault
from tests.support.deployment import set_fleet
from tests.support.small_templates import PARTITIONS, REGIONS, Template, att, network, ref, resource, template

PROVIDER = (
    "https://${AWS::Region}-aws-parallelcluster.s3.${AWS::Region}.${AWS::URLSuffix}/parallelcluster/3.16.1/templates"
)


def cluster(name: str, **changes: Any) -> Template:
    """A network, the provider and one small cluster."""
    queue = {
        "Name": "jobs",
        "ComputeResources": [{"Name": "nodes", "InstanceType": "c6i.2xlarge", "MinCount": "0", "MaxCount": "4"}],
        "Networking": {"SubnetIds": [ref("Subnet")], "AdditionalSecurityGroups": [ref("Group")]},
    }
    configuration = {
        "Region": ref("AWS::Region"),
        "Image": {"Os": "alinux2023"},
        "HeadNode": {
            "InstanceType": "m6i.xlarge",
            "Networking": {"SubnetId": ref("Subnet"), "AdditionalSecurityGroups": [ref("Group")]},
            "Imds": {"Secured": True},
        },
        "Scheduling": {
            "Scheduler": "slurm",
            "SlurmSettings": {"QueueUpdateStrategy": "DRAIN", "MungeKeySecretArn": ref("Munge")},
            "SlurmQueues": [queue],
        },
        **changes,
    }
    wish = {"PasswordLength": 128, "ExcludePunctuation": True}
    url = {"Fn::Sub": f"{PROVIDER}/custom_resource/cluster.yaml"}
    return template(
        {
            **network(),
            "Munge": resource("AWS::SecretsManager::Secret", GenerateSecretString=wish),
            "Provider": resource("AWS::CloudFormation::Stack", TemplateURL=url),
            "Cluster": resource(
                "Custom::PclusterCluster",
                ServiceToken=att("Provider", "Outputs.ServiceToken"),
                ClusterName=f"hpc-{name}",
                ClusterConfiguration=configuration,
            ),
        },
        Outputs={
            "Address": {"Value": att("Cluster", "headNode.privateIpAddress")},
            "Instance": {"Value": att("Cluster", "headNode.instanceId")},
            "Stack": {"Value": att("Cluster", "cloudformationStackArn")},
            "Version": {"Value": att("Cluster", "version")},
            "Name": {"Value": att("Cluster", "clusterName")},
        },
    )


EFS = {
    "Name": "home",
    "MountDir": "/efs",
    "StorageType": "Efs",
    "EfsSettings": {"FileSystemId": "fs-01234567"},
}


def provider_log(items: list[str]) -> list[str]:
    """Without the log group that the provider retains by design."""
    return [item for item in items if not (item.startswith("AWS::Logs::LogGroup") and item.endswith("(retained)"))]


@pytest.mark.parametrize("region", REGIONS)
def test_the_provider_makes_updates_and_removes_a_cluster(emulator: Emulator, name: str, region: str) -> None:
    before = {str(item) for item in emulator.leftovers(region)}
    made = emulator.create_stack(name, cluster(name), region=region)
    assert made.complete, made.reason
    assert made.outputs["Address"] == "10.0.0.4" and made.outputs["Version"] == "3.16.1"
    assert made.outputs["Name"] == f"hpc-{name}" and made.outputs["Instance"].startswith("i-")
    assert made.outputs["Stack"].startswith(f"arn:{PARTITIONS[region]}:cloudformation:{region}:")
    larger = cluster(name)
    configuration = larger["Resources"]["Cluster"]["Properties"]["ClusterConfiguration"]
    configuration["Scheduling"]["SlurmQueues"][0]["ComputeResources"][0]["MaxCount"] = "8"
    updated = emulator.update_stack(name, larger, region=region)
    assert updated.complete, updated.reason
    configuration["HeadNode"]["InstanceType"] = "m6i.2xlarge"
    refused = emulator.update_stack(name, larger, region=region)
    assert refused.status == "UPDATE_ROLLBACK_COMPLETE" and "HeadNode.InstanceType" in refused.reason
    deleted = emulator.delete_stack(name, region=region)
    assert deleted.complete, deleted.reason
    after = {str(item) for item in emulator.leftovers(region)}
    assert provider_log(sorted(after - before)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Imagination": "none"}, "Unknown field"),
        ({"Image": {"Os": "alinux2"}}, "alinux2"),
        ({"SharedStorage": [EFS]}, "fs-01234567"),
        ({"Iam": {"PermissionsBoundary": "no arn"}}, "PermissionsBoundary"),
    ],
)
def test_the_provider_refuses_a_bad_configuration(
    emulator: Emulator, name: str, change: Template, complaint: str
) -> None:
    outcome = emulator.create_stack(name, cluster(name, **change))
    assert outcome.status == "ROLLBACK_COMPLETE" and complaint in outcome.reason
    emulator.delete_stack(name)


def test_the_provider_refuses_properties_that_it_does_not_know(emulator: Emulator, name: str) -> None:
    body = cluster(name)
    body["Resources"]["Cluster"]["Properties"]["ServiceTimeout"] = 60
    assert "unexpected arguments: ['ServiceTimeout']" in emulator.create_stack(name, body).reason
    emulator.delete_stack(name)


def test_a_name_collision_destroys_the_other_cluster_as_it_does_on_aws(emulator: Emulator, name: str) -> None:
    assert emulator.create_stack(name, cluster(name)).complete
    collision = emulator.create_stack(f"{name}-2", cluster(name))
    assert f"Cluster hpc-{name} already exists" in collision.reason
    with pytest.raises(ClientError, match="does not exist"):
        emulator.client("cloudformation").describe_stacks(StackName=f"hpc-{name}")
    for stack in (name, f"{name}-2"):
        assert emulator.delete_stack(stack).complete


def test_the_provider_demands_auto_expand(emulator: Emulator, name: str) -> None:
    outcome = emulator.create_stack(name, cluster(name), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert "CAPABILITY_AUTO_EXPAND" in outcome.reason
    emulator.delete_stack(name)


def grown(name: str, nodes: int) -> Template:
    """The cluster's template with another number of nodes."""
    body = cluster(name)
    queues = body["Resources"]["Cluster"]["Properties"]["ClusterConfiguration"]["Scheduling"]["SlurmQueues"]
    queues[0]["ComputeResources"][0]["MaxCount"] = str(nodes)
    return body


def own_bucket(emulator: Emulator, name: str) -> str:
    """The bucket of the provider below the stack `name`."""
    made = re.compile(rf"{name}-provider-.*-pclustercustomresource")
    [bucket] = [item.name for item in emulator.leftovers() if made.match(item.name)]
    return bucket


def test_the_bucket_of_the_provider_has_a_cut_name_and_holds_the_events_until_the_stack_goes(
    emulator: Emulator, name: str
) -> None:
    assert emulator.create_stack(name, cluster(name)).complete
    bucket = own_bucket(emulator, name)
    assert len(bucket) <= 63 and "-pclustercustomresourcebu-" in bucket
    found = emulator.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in found] == [f"hpc-{name}/event.json"]
    emulator.client("s3").put_object(Bucket=bucket, Key="somebody-elses", Body=b"x")
    assert emulator.delete_stack(name).complete
    assert not [item for item in emulator.leftovers() if item.name == bucket]


HEAD_NODE = "AWS::EC2::NetworkInterface"


def test_a_cluster_whose_update_failed_has_failed_until_an_update_succeeds(faults: Emulator, name: str) -> None:
    assert faults.create_stack(name, cluster(name)).complete
    faults.inject(Fault("update", HEAD_NODE, "the head node does not answer", path=f"hpc-{name}/"))
    failed = faults.update_stack(name, grown(name, 5))
    assert failed.status == "UPDATE_ROLLBACK_FAILED" and f"hpc-{name}: UPDATE_FAILED" in failed.reason
    client = faults.client("cloudformation")
    client.continue_update_rollback(StackName=name)
    assert faults.wait(name).status == "UPDATE_ROLLBACK_FAILED", "there is nothing to change, and so it stays failed"
    client.continue_update_rollback(StackName=name, ResourcesToSkip=["Cluster"])
    assert faults.wait(name).status == "UPDATE_ROLLBACK_COMPLETE"
    assert faults.update_stack(name, grown(name, 6)).complete
    assert faults.delete_stack(name).complete


def test_an_update_is_refused_while_the_stack_of_the_cluster_is_changed(emulator: Emulator, name: str) -> None:
    assert emulator.create_stack(name, cluster(name)).complete
    client = emulator.client("cloudformation")
    body = client.get_template(StackName=f"hpc-{name}")["TemplateBody"]
    handle = resource("AWS::CloudFormation::WaitConditionHandle")
    wait = resource("AWS::CloudFormation::WaitCondition", Handle=ref("Until"), Timeout="600", Count=1)
    body["Resources"].update({"Until": handle, "Waits": wait})
    client.update_stack(StackName=f"hpc-{name}", TemplateBody=json.dumps(body))
    refused = emulator.update_stack(name, grown(name, 5))
    assert "Cannot execute update while stack is in UPDATE_IN_PROGRESS status" in refused.reason
    assert refused.status == "UPDATE_ROLLBACK_FAILED"
    until = client.describe_stack_resource(StackName=f"hpc-{name}", LogicalResourceId="Until")["StackResourceDetail"]
    signal = json.dumps({"Status": "SUCCESS", "UniqueId": "1", "Reason": "", "Data": ""}).encode()
    put = urllib.request.Request(until["PhysicalResourceId"], signal, {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(put).close()
    assert emulator.wait(f"hpc-{name}").complete
    assert emulator.delete_stack(name).complete


def test_an_update_that_takes_more_than_an_hour_is_answered_by_nobody(emulator: Emulator, name: str) -> None:
    assert emulator.create_stack(name, cluster(name)).complete
    emulator.client("s3").put_object(Bucket=own_bucket(emulator, name), Key=f"more-than-an-hour/hpc-{name}", Body=b"")
    late = emulator.update_stack(name, grown(name, 5))
    assert "did not receive a response from your Custom Resource" in late.reason
    assert emulator.delete_stack(name).complete


def test_stack_tags_reach_the_cluster(emulator: Emulator, name: str) -> None:
    assert emulator.create_stack(name, cluster(name), tags={"CostCenter": "42"}).complete
    described = emulator.client("cloudformation").describe_stacks(StackName=f"hpc-{name}")["Stacks"][0]
    tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
    assert tags == {
        "CostCenter": "42",
        "parallelcluster:cluster-name": f"hpc-{name}",
        "parallelcluster:custom_resource": "cluster",
        "parallelcluster:version": "3.16.1",
    }
    assert emulator.delete_stack(name).complete


@pytest.mark.parametrize("status", ["RUNNING", "STOP_REQUESTED", "STOPPING", "PROTECTED"])
def test_a_queue_is_not_shrunk_before_the_fleet_has_stopped(emulator: Emulator, name: str, status: str) -> None:
    assert emulator.create_stack(name, cluster(name)).complete
    set_fleet(emulator, f"hpc-{name}", status, "us-east-1")
    refused = emulator.update_stack(name, grown(name, 1))
    assert refused.status == "UPDATE_ROLLBACK_COMPLETE" and "All compute nodes must be stopped" in refused.reason
    set_fleet(emulator, f"hpc-{name}", "STOPPED", "us-east-1")
    assert emulator.update_stack(name, grown(name, 1)).complete
    assert emulator.delete_stack(name).complete

"""The stand-in of the ParallelCluster provider is as strict as the real one, and as dangerous."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator
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

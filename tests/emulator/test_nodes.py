"""Auto Scaling groups on the emulator: a stand-in node reads its user data and signals."""

import hashlib

import pytest

from tests.emulator.client import Emulator, Fault
from tests.support.small_templates import Template, att, left, network, ref, resource, template

HEADER = """\
#!/bin/bash
STACK_ID='{stack}' LOGICAL='unused'
STACK_ID='{stack}'
LOGICAL_ID=Nodes
BUCKET={bucket}
KEY=userdata/portal.tar
aws s3 cp "s3://$BUCKET/$KEY" /tmp/portal.tar
echo '{checksum}  /tmp/portal.tar' | sha256sum -c
"""
BUNDLE = b"a bundle"


def nodes(script: str, version: str = "1") -> Template:
    """An Auto Scaling group of one on a fixed interface, waiting for its node's signal."""
    data = {
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t3.2xlarge",
        "IamInstanceProfile": {"Arn": att("Profile", "Arn")},
        "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": ref("Interface")}],
        "UserData": {"Fn::Base64": {"Fn::Sub": script}},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "release", "Value": version}]}],
    }
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    launched = {"LaunchTemplateId": ref("Template"), "Version": att("Template", "LatestVersionNumber")}
    group = resource(
        "AWS::AutoScaling::AutoScalingGroup",
        MinSize="1",
        MaxSize="1",
        AvailabilityZones=[{"Fn::Sub": "${AWS::Region}a"}],
        LaunchTemplate=launched,
    )
    group["CreationPolicy"] = {"ResourceSignal": {"Count": 1, "Timeout": "PT30M"}}
    group["UpdatePolicy"] = {
        "AutoScalingRollingUpdate": {"MinInstancesInService": 0, "WaitOnResourceSignals": True, "PauseTime": "PT30M"}
    }
    return template(
        {
            **network(),
            "Role": resource(
                "AWS::IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]}
            ),
            "Profile": resource("AWS::IAM::InstanceProfile", Roles=[ref("Role")]),
            "Interface": resource("AWS::EC2::NetworkInterface", SubnetId=ref("Subnet"), GroupSet=[ref("Group")]),
            "Template": resource("AWS::EC2::LaunchTemplate", LaunchTemplateData=data),
            "Nodes": group,
        }
    )


@pytest.fixture(scope="module")
def header(emulator: Emulator) -> str:
    """User data whose bundle is there."""
    emulator.publish({"userdata/portal.tar": BUNDLE}, "bundles-test")
    checksum = hashlib.sha256(BUNDLE).hexdigest()
    return HEADER.format(stack="${AWS::StackId}", bucket="bundles-test", checksum=checksum)


def test_a_launch_into_an_interface_that_exists_does_not_tag_it(faults: Emulator, name: str, header: str) -> None:
    body = nodes(header)
    specifications = body["Resources"]["Template"]["Properties"]["LaunchTemplateData"]["TagSpecifications"]
    specifications.append({"ResourceType": "network-interface", "Tags": [{"Key": "Owner", "Value": "hpc"}]})
    made = faults.create_stack(name, body)
    assert not made.complete and "only for network interfaces that are created by the request" in made.reason
    faults.delete_stack(name)


def test_a_group_waits_for_its_nodes_and_rolls_them(faults: Emulator, name: str, header: str) -> None:
    made = faults.create_stack(name, nodes(header))
    assert made.complete, made.reason
    signals = [e for e in faults.events(name) if "SUCCESS signal" in e.get("ResourceStatusReason", "")]
    assert len(signals) == 1
    faults.inject(Fault("boot", "AWS::AutoScaling::AutoScalingGroup", "EnginFrame did not start"))
    failed = faults.update_stack(name, nodes(header, version="2"))
    assert failed.status == "UPDATE_ROLLBACK_COMPLETE" and "EnginFrame did not start" in failed.reason
    assert faults.update_stack(name, nodes(header, version="2")).complete
    assert faults.delete_stack(name).complete
    assert left(faults, name) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("LOGICAL_ID=Nodes\n", "LOGICAL_ID=Node\n", "its signal to Node of"),
        ("LOGICAL_ID=Nodes\n", "\n", "does not set LOGICAL_ID"),
        ("portal.tar\naws", "portal-2.tar\naws", "s3://bundles-test/userdata/portal-2.tar cannot be fetched"),
        (hashlib.sha256(BUNDLE).hexdigest(), "0" * 64, "does not have the SHA-256"),
        ("LOGICAL_ID=Nodes\n", "LOGICAL_ID=Nodes\nif true; then\n", "no bash script"),
        ("LOGICAL_ID=Nodes\n", f"LOGICAL_ID=Nodes\n# {'x' * 16384}\n", "EC2 takes 16384"),
        ("#!/bin/bash\n", "", "does not start with #!"),
    ],
)
def test_a_node_that_would_not_come_up_fails_the_stack(
    emulator: Emulator, name: str, header: str, old: str, new: str, complaint: str
) -> None:
    assert old in header
    outcome = emulator.create_stack(name, nodes(header.replace(old, new)))
    assert outcome.status == "ROLLBACK_COMPLETE" and complaint in outcome.reason
    emulator.delete_stack(name)
    assert left(emulator, name) == []


def test_an_interface_in_another_zone_cannot_be_launched_into(emulator: Emulator, name: str, header: str) -> None:
    body = nodes(header)
    body["Resources"]["Nodes"]["Properties"]["AvailabilityZones"] = [{"Fn::Sub": "${AWS::Region}b"}]
    assert "is in us-east-1a, the group is not" in emulator.create_stack(name, body).reason
    emulator.delete_stack(name)


def with_volume(body: Template, **volume: object) -> Template:
    """The template whose nodes have such a root volume."""
    data = body["Resources"]["Template"]["Properties"]["LaunchTemplateData"]
    data["BlockDeviceMappings"] = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50, **volume}}]
    return body


@pytest.mark.parametrize(
    ("volume", "fails"),
    [
        ({"Encrypted": True}, True),
        ({"Encrypted": True, "KmsKeyId": "alias/aws/ebs"}, False),
        ({"Encrypted": False}, False),
    ],
)
def test_a_volume_without_a_key_has_the_account_s_default_one(
    emulator: Emulator, name: str, header: str, volume: dict[str, object], fails: bool
) -> None:
    """To which Auto Scaling's role has no right, so that the instance ends at once."""
    emulator.set_account(ebs_default_key="arn:aws:kms:us-east-1:123456789012:key/k")
    try:
        made = emulator.create_stack(name, with_volume(nodes(header), **volume))
    finally:
        emulator.set_account()
    assert ("Client.InternalError: Client error on launch" in made.reason) == fails
    assert made.complete != fails
    emulator.delete_stack(name)

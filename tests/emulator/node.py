"""The stand-in of a node that an Auto Scaling group launches: it reads its user data and says what it would signal.

Nothing is executed. The user data must be what EC2 takes (at most 16 KiB), parse as bash, name the stack and logical id
that it will signal (STACK_ID and LOGICAL_ID), and its bundle, an S3 object with a SHA-256, must be there to fetch.
Values that the script puts together from variables of its own header are expanded first. Whatever else the header of
portal nodes names (userdata/header.sh: secrets, file systems, peers) must exist.
"""

import base64
import binascii
import hashlib
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.services.cloudformation import provisioners

from tests.emulator import account, fsx
from tests.emulator.handlers import Properties, api, only

USER_DATA_BYTES = 16384
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+|readonly\s+)?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{?([A-Z][A-Z0-9_]*)\}?")
_FETCHED = re.compile(r"""\bs3 cp\s[^\n]*?s3://([a-z0-9][a-z0-9.-]+)/([^\s"']+)""")
_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


class Broken(Exception):
    """The node would not come up; the text says why."""


@dataclass(frozen=True)
class Script:
    """A decoded user-data script and the variables it assigns."""

    text: str
    variables: Mapping[str, str]

    @property
    def expanded(self) -> str:
        """The text with the header's variables in place; what it does not assign itself stays."""
        text = self.text
        for _ in range(3):  # variables made of variables
            text = _VARIABLE.sub(lambda name: self.variables.get(name[1], name[0]), text)
        return text


def decode(data: Mapping[str, Any]) -> Script:
    """The script in a launch template's data; raises Broken where EC2 or bash would not take it."""
    try:
        raw = base64.b64decode(data.get("UserData", ""), validate=True)
    except binascii.Error as problem:
        raise Broken(f"the user data is not base64: {problem}") from None
    if not raw:
        raise Broken("the launch template has no user data")
    if len(raw) > USER_DATA_BYTES:
        raise Broken(f"the user data has {len(raw)} bytes, but EC2 takes {USER_DATA_BYTES}")
    text = raw.decode()
    if not text.startswith("#!"):
        raise Broken("the user data does not start with #!, so cloud-init would not run it")
    parsed = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    if parsed.returncode:
        raise Broken(f"the user data is no bash script: {parsed.stderr.strip()}")
    variables = {}
    for name, value in _ASSIGNMENT.findall(text):
        try:
            words = shlex.split(value, comments=True)
        except ValueError:
            continue  # the beginning of a multi-line string
        variables[name] = words[0] if words else ""
    return Script(text, variables)


def _bundle(script: Script) -> None:
    """Fetch what the script fetches and compare the checksum."""
    found, sums = _FETCHED.search(script.expanded), set(_SHA256.findall(script.expanded))
    if not found:
        raise Broken("the user data fetches nothing with `aws s3 cp`")
    bucket, key = found.groups()
    s3 = api("s3")
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.ClientError as problem:
        raise Broken(f"s3://{bucket}/{key} cannot be fetched: {problem}") from None
    if hashlib.sha256(body).hexdigest() not in sums:
        raise Broken(f"s3://{bucket}/{key} does not have the SHA-256 that the user data names")


def _launchable(data: Mapping[str, Any], group: Mapping[str, Any]) -> Iterator[str]:
    """What EC2 would refuse in the launch template, given the group's zones."""
    profile = data.get("IamInstanceProfile", {})
    known = provisioners._iam._instance_profiles
    if profile and profile.get("Name") not in known and profile.get("Arn") not in [p["Arn"] for p in known.values()]:
        yield f"the instance profile {profile} does not exist"
    interfaces = data.get("NetworkInterfaces", [])
    if interfaces and (data.get("SecurityGroupIds") or data.get("SecurityGroups")):
        yield "network interfaces and instance-level security groups may not be specified on the same request"
    tagged = {item.get("ResourceType") for item in data.get("TagSpecifications", [])}
    if "network-interface" in tagged and any("NetworkInterfaceId" in interface for interface in interfaces):
        yield "tags can be specified only for network interfaces that are created by the request"
    for interface in interfaces:
        name = interface.get("NetworkInterfaceId")
        if not name:
            continue
        if group.get("VPCZoneIdentifier"):
            yield f"a group with VPCZoneIdentifier cannot launch into the existing interface {name}"
        record = provisioners._ec2._network_interfaces.get(name)
        if record is None:
            yield f"the network interface {name} does not exist"
        elif record["AvailabilityZone"] not in group.get("AvailabilityZones", []):
            yield f"the interface {name} is in {record['AvailabilityZone']}, the group is not"
    for needed in ("ImageId", "InstanceType"):
        if not data.get(needed):
            yield f"the launch template has no {needed}"
    if data.get("KeyName"):
        names = [pair["KeyName"] for pair in api("ec2").describe_key_pairs()["KeyPairs"]]
        if data["KeyName"] not in names:
            yield f"the key pair '{data['KeyName']}' does not exist"


def _surroundings(variables: Mapping[str, str], addresses: set[str]) -> Iterator[str]:
    """What the header names and is not there; `addresses` are those of the node's own interfaces."""
    for name, value in variables.items():
        if "${" in value:
            yield f"{name} is {value!r}: CloudFormation has not filled it in"
        secrets = api("secretsmanager")
        if name.endswith("_SECRET_ARN") and value:
            try:
                secrets.describe_secret(SecretId=value)
            except secrets.exceptions.ClientError as problem:
                yield f"{name}: {problem}"
    file_system = variables.get("FILE_SYSTEM_ID")
    if file_system and file_system not in [
        f["FileSystemId"] for f in api("efs").describe_file_systems()["FileSystems"]
    ]:
        yield f"the file system {file_system} does not exist"
    lustre = [f"{f['DNSName']}@{f['LustreConfiguration']['MountName']}" for f in map(fsx.described, fsx.FILE_SYSTEMS)]
    for mount in set(variables.get("LUSTRE", "").split()) - set(lustre):
        yield f"there is no Lustre file system {mount}"
    peers = variables.get("PEERS", "").split()
    if peers and not addresses & set(peers):
        yield f"none of the PEERS ({' '.join(peers)}) is the node's own address ({' '.join(addresses)})"


def template_data(group: Properties) -> Properties:
    """The launch template data that a group's properties point to; raises Broken where there is none."""
    wanted = group.get("LaunchTemplate", {})
    templates = provisioners._ec2._launch_templates.values()
    names = only(wanted, "LaunchTemplateId", "LaunchTemplateName")
    record = next((t for t in templates if any(t[key] == value for key, value in names.items())), None)
    if record is None:
        raise Broken(f"the launch template {wanted} does not exist")
    default, latest = record["DefaultVersionNumber"], record["LatestVersionNumber"]
    number = {"$Default": default, "$Latest": latest}.get(wanted["Version"], wanted["Version"])
    for version in record["Versions"]:
        if str(version["VersionNumber"]) == str(number):
            data: Properties = version["LaunchTemplateData"]
            return data
    raise Broken(f"the launch template {record['LaunchTemplateId']} has no version {number}")


def surface(group: Properties) -> dict[str, str]:
    """What whoever really boots a node of this group has to know beside its user data."""
    data = template_data(group)
    [interface] = [i["NetworkInterfaceId"] for i in data["NetworkInterfaces"]]
    return {
        "address": provisioners._ec2._network_interfaces[interface]["PrivateIpAddress"],
        "subnet": provisioners._ec2._network_interfaces[interface]["SubnetId"],
        "profile": data["IamInstanceProfile"].get("Arn", ""),
    }


def boot(group: Properties) -> Script:
    """What a node of this group would run; raises Broken with the first thing that would stop it."""
    data = template_data(group)
    for complaint in [*_launchable(data, group), *map(account.volume_complaint, data.get("BlockDeviceMappings", []))]:
        if complaint:
            raise Broken(complaint)
    script = decode(data)
    for name in ("STACK_ID", "LOGICAL_ID"):
        if not script.variables.get(name):
            raise Broken(f"the user data does not set {name}, so the node cannot signal")
    _bundle(script)
    known = provisioners._ec2._network_interfaces
    interfaces = [
        known[i["NetworkInterfaceId"]] for i in data.get("NetworkInterfaces", []) if "NetworkInterfaceId" in i
    ]
    for complaint in _surroundings(script.variables, {i["PrivateIpAddress"] for i in interfaces}):
        raise Broken(complaint)
    return script

"""FSx for Lustre, kept in memory: ministack has no FSx service at all.

What AWS refuses is refused here as far as the registry schema does not say it: sizes, throughput, and scratch file
systems in China.
"""

from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, new_uuid

from generator.cfn.regions import partition_of, url_suffix
from tests.emulator.handlers import Made, Properties, api, handles

FILE_SYSTEMS: Any = AccountRegionScopedDict()
THROUGHPUTS = {"PERSISTENT_1": (12, 40, 50, 100, 200), "PERSISTENT_2": (125, 250, 500, 1000)}


def refuse(properties: Properties) -> None:
    """Raise ValueError for a Lustre file system that FSx would refuse."""
    capacity, lustre = int(properties.get("StorageCapacity", 0)), properties.get("LustreConfiguration", {})
    deployment = lustre.get("DeploymentType", "SCRATCH_1")
    throughput = lustre.get("PerUnitStorageThroughput")
    if capacity != 1200 and (capacity < 2400 or capacity % 2400):
        raise ValueError(
            f"StorageCapacity is {capacity}, but Lustre on SSD comes in 1200, 2400 and multiples of 2400 GiB"
        )
    if deployment.startswith("SCRATCH") and partition_of(get_region()) == "aws-cn":
        raise ValueError(f"DeploymentType {deployment} is not available in {get_region()}")
    if deployment.startswith("SCRATCH") and throughput is not None:
        raise ValueError(f"PerUnitStorageThroughput is not supported for {deployment}")
    if deployment in THROUGHPUTS and throughput not in THROUGHPUTS[deployment]:
        allowed = ", ".join(map(str, THROUGHPUTS[deployment]))
        raise ValueError(f"PerUnitStorageThroughput of {deployment} is {throughput}, but must be one of {allowed}")
    if len(properties["SubnetIds"]) != 1:
        raise ValueError("a Lustre file system takes exactly one subnet")


@handles("AWS::FSx::FileSystem")
class FileSystem:
    """A Lustre file system with DNS and mount name; its interface in the subnet holds the security groups."""

    @staticmethod
    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        if properties["FileSystemType"] != "LUSTRE":
            raise ValueError(f"the emulator knows FileSystemType LUSTRE only, not {properties['FileSystemType']}")
        refuse(properties)
        subnet = api("ec2").describe_subnets(SubnetIds=properties["SubnetIds"])["Subnets"][0]
        if properties.get("SecurityGroupIds"):
            api("ec2").describe_security_groups(GroupIds=properties["SecurityGroupIds"])
        interface = api("ec2").create_network_interface(
            SubnetId=properties["SubnetIds"][0], Groups=properties.get("SecurityGroupIds", []), Description="FSx"
        )["NetworkInterface"]["NetworkInterfaceId"]
        region = get_region()
        name = f"fs-{new_uuid().replace('-', '')[:17]}"
        arn = f"arn:{partition_of(region)}:fsx:{region}:{get_account_id()}:file-system/{name}"
        dns = f"{name}.fsx.{region}.{url_suffix(region)}"
        attributes = {"DNSName": dns, "LustreMountName": name[-8:], "ResourceARN": arn, "Id": name}
        FILE_SYSTEMS[name] = {
            "properties": properties,
            "attributes": attributes,
            "interface": interface,
            "vpc": subnet["VpcId"],
        }
        return name, attributes

    @staticmethod
    def update(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
        record = FILE_SYSTEMS[physical_id]
        refuse(new)
        if int(new["StorageCapacity"]) < int(old["StorageCapacity"]):
            raise ValueError("StorageCapacity of a Lustre file system can only grow")
        record["properties"] = new
        return physical_id, record["attributes"]

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        record = FILE_SYSTEMS.pop(physical_id, None)
        if record:
            api("ec2").delete_network_interface(NetworkInterfaceId=record["interface"])


def described(name: str) -> Properties:
    """A file system as FSx's DescribeFileSystems answers it."""
    record = FILE_SYSTEMS[name]
    properties, attributes = record["properties"], record["attributes"]
    lustre = dict(properties.get("LustreConfiguration", {}), MountName=attributes["LustreMountName"])
    return {
        "FileSystemId": name,
        "FileSystemType": properties["FileSystemType"],
        "FileSystemTypeVersion": properties.get("FileSystemTypeVersion", "2.10"),
        "Lifecycle": "AVAILABLE",
        "StorageCapacity": properties.get("StorageCapacity"),
        "VpcId": record["vpc"],
        "SubnetIds": properties["SubnetIds"],
        "NetworkInterfaceIds": [record["interface"]],
        "DNSName": attributes["DNSName"],
        "ResourceARN": attributes["ResourceARN"],
        "Tags": properties.get("Tags", []),
        "LustreConfiguration": lustre,
    }

"""EC2 types that ministack's CloudFormation lacks, made through its EC2 API, and attributes that its own handlers miss."""

import ipaddress
import itertools
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import ec2 as store

from tests.emulator.handlers import Made, Properties, api, handles, only, tags, wraps


@wraps("AWS::EC2::VPC")
class Vpc:
    """The VPC, with the attributes that templates read and ministack leaves out."""

    @staticmethod
    def attributes(made: Made, properties: Properties) -> Made:
        vpc, attributes = made
        return vpc, {**attributes, "CidrBlock": properties.get("CidrBlock"), "VpcId": vpc}

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        return Vpc.attributes(stock(logical_id, properties, stack), properties)

    @staticmethod
    def update(stock: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        return Vpc.attributes(stock(physical_id, old, new, stack, logical_id), new)


@handles("AWS::EC2::EIP")
class ElasticAddress:
    """Ref is the address; AllocationId an attribute."""

    @staticmethod
    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        made = api("ec2").allocate_address(Domain="vpc", **tags(properties, "elastic-ip"))
        return made["PublicIp"], {"PublicIp": made["PublicIp"], "AllocationId": made["AllocationId"]}

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        for address in api("ec2").describe_addresses()["Addresses"]:
            if address["PublicIp"] == physical_id:
                api("ec2").release_address(AllocationId=address["AllocationId"])


@handles("AWS::EC2::NatGateway")
class NatGateway:
    """A gateway is gone at once when deleted; AWS takes minutes."""

    @staticmethod
    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        given = only(properties, "SubnetId", "AllocationId", "ConnectivityType")
        api("ec2").describe_subnets(SubnetIds=[properties["SubnetId"]])
        made = api("ec2").create_nat_gateway(**given, **tags(properties, "natgateway"))["NatGateway"]
        return made["NatGatewayId"], {"NatGatewayId": made["NatGatewayId"]}

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        api("ec2").delete_nat_gateway(NatGatewayId=physical_id)


class Rule:
    """What security-group rules of both directions share."""

    @staticmethod
    def permission(properties: Properties, group: str, prefix_list: str) -> list[Properties]:
        """The rule in the words of the EC2 API; `group` and `prefix_list` name the properties of the other side."""
        about = only(properties, "Description")
        permission: Properties = only(properties, "IpProtocol", "FromPort", "ToPort")
        if "CidrIp" in properties:
            permission["IpRanges"] = [{"CidrIp": properties["CidrIp"], **about}]
        if "CidrIpv6" in properties:
            permission["Ipv6Ranges"] = [{"CidrIpv6": properties["CidrIpv6"], **about}]
        if group in properties:
            permission["UserIdGroupPairs"] = [{"GroupId": properties[group], **about}]
        if prefix_list in properties:
            permission["PrefixListIds"] = [{"PrefixListId": properties[prefix_list], **about}]
        return [permission]

    @staticmethod
    def made() -> Made:
        rule = f"sgr-{new_uuid().replace('-', '')[:17]}"
        return rule, {"Id": rule}


@handles("AWS::EC2::SecurityGroupIngress")
class Ingress:
    """One incoming rule."""

    @staticmethod
    def permission(properties: Properties) -> Properties:
        rule = Rule.permission(properties, "SourceSecurityGroupId", "SourcePrefixListId")
        return {"GroupId": properties["GroupId"], "IpPermissions": rule}

    @staticmethod
    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        api("ec2").authorize_security_group_ingress(**Ingress.permission(properties))
        return Rule.made()

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        api("ec2").revoke_security_group_ingress(**Ingress.permission(properties))


@handles("AWS::EC2::SecurityGroupEgress")
class Egress:
    """One outgoing rule."""

    @staticmethod
    def permission(properties: Properties) -> Properties:
        rule = Rule.permission(properties, "DestinationSecurityGroupId", "DestinationPrefixListId")
        return {"GroupId": properties["GroupId"], "IpPermissions": rule}

    @staticmethod
    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        api("ec2").authorize_security_group_egress(**Egress.permission(properties))
        return Rule.made()

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        api("ec2").revoke_security_group_egress(**Egress.permission(properties))


@wraps("AWS::EC2::SecurityGroup")
class SecurityGroup:
    """A group that something still uses cannot be deleted, as on AWS; ministack lets it go."""

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        interfaces = api("ec2").describe_network_interfaces()["NetworkInterfaces"]
        users = [i["NetworkInterfaceId"] for i in interfaces for g in i["Groups"] if g["GroupId"] == physical_id]
        for group in api("ec2").describe_security_groups()["SecurityGroups"]:
            rules = group["IpPermissions"] + group["IpPermissionsEgress"]
            peers = {pair.get("GroupId") for rule in rules for pair in rule.get("UserIdGroupPairs", [])}
            if physical_id in peers and group["GroupId"] != physical_id:
                users.append(group["GroupId"])
        if users:
            raise ValueError(f"resource {physical_id} has a dependent object: {', '.join(sorted(set(users)))}")
        stock(physical_id, properties)


@wraps("AWS::EC2::Subnet")
class Subnet:
    """A subnet with interfaces in it cannot be deleted, as on AWS; ministack lets it go."""

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        filters = [{"Name": "subnet-id", "Values": [physical_id]}]
        interfaces = api("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        users = [i["NetworkInterfaceId"] for i in interfaces if i["SubnetId"] == physical_id]
        if users:
            raise ValueError(f"The subnet '{physical_id}' has dependencies and cannot be deleted: {', '.join(users)}")
        stock(physical_id, properties)


@handles("AWS::EC2::NetworkInterface")
class NetworkInterface:
    """An interface with its address, asked for or the next one free in the subnet (ministack draws one at random)."""

    @staticmethod
    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        subnet = api("ec2").describe_subnets(SubnetIds=[properties["SubnetId"]])["Subnets"][0]
        made = api("ec2").create_network_interface(
            **only(properties, "SubnetId", "Description"),
            Groups=properties.get("GroupSet", []),
            **tags(properties, "network-interface"),
        )["NetworkInterface"]
        interface = made["NetworkInterfaceId"]
        taken = {
            i["PrivateIpAddress"] for i in store._network_interfaces.values() if i["SubnetId"] == subnet["SubnetId"]
        }
        # AWS keeps the first four addresses of a subnet for itself.
        free = (str(host) for host in itertools.islice(ipaddress.ip_network(subnet["CidrBlock"]).hosts(), 3, None))
        address = properties.get("PrivateIpAddress") or next(host for host in free if host not in taken)
        store._network_interfaces[interface]["PrivateIpAddress"] = address
        return interface, {"Id": interface, "PrimaryPrivateIpAddress": address, "VpcId": subnet["VpcId"]}

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        api("ec2").delete_network_interface(NetworkInterfaceId=physical_id)


@handles("AWS::EC2::FlowLog")
class FlowLog:
    """Flow logs of a VPC, subnet or interface; nothing flows."""

    @staticmethod
    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        given = only(
            properties,
            "ResourceType",
            "TrafficType",
            "LogDestinationType",
            "LogDestination",
            "LogGroupName",
            "DeliverLogsPermissionArn",
        )
        log = api("ec2").create_flow_logs(ResourceIds=[properties["ResourceId"]], **given)["FlowLogIds"][0]
        return log, {"Id": log}

    @staticmethod
    def delete(physical_id: str, properties: Properties) -> None:
        api("ec2").delete_flow_logs(FlowLogIds=[physical_id])

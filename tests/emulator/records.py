"""Types that the emulator only keeps on record: nothing in the tests asks their service for them.

A record has a physical id and the attributes that templates may read. The control endpoint lists what is on record, so
that a leftover shows.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, new_uuid

from generator.cfn.regions import partition_of
from tests.emulator.handlers import Made, Properties, api, handles

RECORDS: Any = AccountRegionScopedDict()


def _unique(prefix: str) -> str:
    return f"{prefix}{new_uuid().replace('-', '')[:17]}"


def _arn(service: str, resource: str) -> str:
    region = get_region()
    return f"arn:{partition_of(region)}:{service}:{region}:{get_account_id()}:{resource}"


def _alarm(logical_id: str, properties: Properties, stack: str) -> Made:
    name = properties.get("AlarmName") or f"{stack}-{logical_id}-{new_uuid()[:8]}"
    return name, {"Arn": _arn("cloudwatch", f"alarm:{name}")}


def _query(logical_id: str, properties: Properties, stack: str) -> Made:
    query = new_uuid()
    return query, {"QueryDefinitionId": query}


def _event_subscription(logical_id: str, properties: Properties, stack: str) -> Made:
    return _unique("es-"), {}


def _association(logical_id: str, properties: Properties, stack: str) -> Made:
    name = _unique("dra-")
    return name, {"AssociationId": name, "ResourceARN": _arn("fsx", f"association/{properties['FileSystemId']}/{name}")}


def _prefix_list(logical_id: str, properties: Properties, stack: str) -> Made:
    name = _unique("pl-")
    return name, {"PrefixListId": name, "Arn": _arn("ec2", f"prefix-list/{name}"), "Version": "1"}


def _rotation(logical_id: str, properties: Properties, stack: str) -> Made:
    return properties["SecretId"], {"Id": properties["SecretId"]}


def _waf_log(logical_id: str, properties: Properties, stack: str) -> Made:
    return properties["ResourceArn"], {}


def _waf_association(logical_id: str, properties: Properties, stack: str) -> Made:
    api("wafv2").associate_web_acl(WebACLArn=properties["WebACLArn"], ResourceArn=properties["ResourceArn"])
    return f"{properties['WebACLArn']}|{properties['ResourceArn']}", {}


def _backup_selection(logical_id: str, properties: Properties, stack: str) -> Made:
    selection = new_uuid()
    plan = properties["BackupPlanId"]
    return f"{selection}_{plan}", {"SelectionId": selection, "BackupPlanId": plan, "Id": f"{selection}_{plan}"}


def _address_association(logical_id: str, properties: Properties, stack: str) -> Made:
    api("ec2").describe_network_interfaces(NetworkInterfaceIds=[properties["NetworkInterfaceId"]])
    name = _unique("eipassoc-")
    return name, {"Id": name}


MAKERS: dict[str, Callable[[str, Properties, str], Made]] = {
    "AWS::Backup::BackupSelection": _backup_selection,
    "AWS::CloudWatch::CompositeAlarm": _alarm,
    "AWS::EC2::EIPAssociation": _address_association,
    "AWS::EC2::PrefixList": _prefix_list,
    "AWS::FSx::DataRepositoryAssociation": _association,
    "AWS::Logs::QueryDefinition": _query,
    "AWS::RDS::EventSubscription": _event_subscription,
    "AWS::SecretsManager::ResourcePolicy": _rotation,
    "AWS::SecretsManager::RotationSchedule": _rotation,
    "AWS::WAFv2::LoggingConfiguration": _waf_log,
    "AWS::WAFv2::WebACLAssociation": _waf_association,
}


def _register(resource_type: str, make: Callable[[str, Properties, str], Made]) -> None:
    @handles(resource_type)
    class Record:
        @staticmethod
        def create(logical_id: str, properties: Properties, stack: str) -> Made:
            physical_id, attributes = make(logical_id, properties, stack)
            RECORDS[f"{resource_type} {physical_id}"] = properties
            return physical_id, attributes

        @staticmethod
        def delete(physical_id: str, properties: Properties) -> None:
            RECORDS.pop(f"{resource_type} {physical_id}", None)
            if resource_type == "AWS::WAFv2::WebACLAssociation":
                api("wafv2").disassociate_web_acl(ResourceArn=properties["ResourceArn"])


for _type, _maker in MAKERS.items():
    _register(_type, _maker)

"""A Slurm cluster in each zone, made by AWS ParallelCluster from templates/cluster.yaml.

A cluster's name derives from the stack's id and is never the operator's: an equal name would destroy the other cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import Equals, GetAtt, Not, Ref, Select, Split, Sub

from generator import form
from generator.cfn import partition
from generator.cfn.custom_resources import VALUE, StrictCustomResource
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers.assets import Assets
from generator.tiers.conditions import BOUNDARY_GIVEN, DIRECTORY_CA_GIVEN, DIRECTORY_GIVEN, if_chosen, if_given
from generator.tiers.database import Database
from generator.tiers.file_system import FileSystem
from generator.tiers.lustre import Lustre
from generator.tiers.network import Network
from generator.tiers.provider import CLUSTER, Provider
from generator.tiers.secrets import Secrets
from generator.tiers.security_groups import SecurityGroups
from generator.tiers.tags import only_tags

CONFIGURATION = "templates/cluster.yaml"


class PclusterCluster(StrictCustomResource):
    """A cluster, made by ParallelCluster's own provider, which refuses ServiceTimeout and Tags."""

    resource_type = "Custom::PclusterCluster"
    props = {
        "ServiceToken": (VALUE, True),
        "ClusterName": (VALUE, True),
        "ClusterConfiguration": (dict, True),
    }


@dataclass(frozen=True)
class ClusterZone(Ports):
    """One zone's cluster."""

    cluster_name: Value = port("Name of the cluster")
    head_node_address: Value = port("Address of the head node")
    head_node_instance_id: Value = port("Instance id of the head node")
    session_link: Value = port("Session Manager on the head node")


@dataclass(frozen=True)
class Clusters(Ports):
    """The clusters, by zone."""

    zones: tuple[ClusterZone, ...]


def build(
    tier: Tier,
    clusters: form.Clusters,
    portal: form.Portal,
    storage: form.Storage,
    directory: form.Directory,
    operations: form.Operations,
    network: Network,
    security_groups: SecurityGroups,
    secrets: Secrets,
    database: Database,
    file_system: FileSystem,
    lustre: Lustre,
    assets: Assets,
    provider: Provider,
) -> Clusters:
    """The clusters. Their configuration's !Ref and !Sub name the ports, and the parameters of the groups, taken here."""
    t = tier.template
    if_given(t, "KeyGiven", portal.key_name)
    if_given(t, BOUNDARY_GIVEN, operations.permissions_boundary_arn)
    if_chosen(t, "EfaWanted", clusters.compute_efa)
    if_chosen(t, "AccountingWanted", clusters.slurm_accounting)
    t.add_condition("SpotWanted", Not(Equals(clusters.spot_max_nodes, "0")))
    if_given(t, DIRECTORY_GIVEN, directory.directory_password_secret_arn)
    if_given(t, DIRECTORY_CA_GIVEN, directory.directory_ca_cert_secret_arn)
    if_given(t, "DirectoryFilterGiven", directory.directory_ldap_access_filter)
    if_chosen(t, "DirectoryIdsMapped", directory.directory_ldap_schema, "AD")
    configuration = tier.sources.yaml(CONFIGURATION).content
    tags = only_tags(t, operations)
    zones = []
    for number, (place, system) in enumerate(zip(network.zones, lustre.zones, strict=True), 1):
        own: dict[str, Any] = {
            "OwnTags": tags,
            "ZoneNumber": str(number),
            "PrivateSubnetId": place.private_subnet_id,
            "LustreId": system.lustre_id,
        }
        cluster = t.add_resource(
            PclusterCluster(
                f"{CLUSTER}{number}",
                ServiceToken=provider.provider_token,
                ClusterName=Sub(
                    f"hpc-${{Unique}}-az{number}",
                    Unique=Select(0, Split("-", Select(2, Split("/", Ref("AWS::StackId"))))),
                ),
                ClusterConfiguration=of_zone(configuration, own),
            )
        )
        zones.append(
            ClusterZone(
                cluster_name=Ref(cluster),
                head_node_address=GetAtt(cluster, "headNode.privateIpAddress"),
                head_node_instance_id=GetAtt(cluster, "headNode.instanceId"),
                session_link=partition.console_url(
                    t,
                    "systems-manager/session-manager/${Instance}?region=${AWS::Region}",
                    Instance=GetAtt(cluster, "headNode.instanceId"),
                ),
            )
        )
    return Clusters(zones=tuple(zones))


def of_zone(node: Any, own: Mapping[str, Any]) -> Any:
    """The configuration `node` for one zone: `own` holds its values by name, of which Subs may name the texts."""
    if isinstance(node, list):
        return [of_zone(item, own) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"}:
        return own.get(node["Ref"], node)
    if isinstance(text := node.get("Fn::Sub"), str):
        filled = re.sub(r"\$\{(\w+)}", lambda found: str(own.get(found[1], found[0])), text)
        return {"Fn::Sub": filled} if "${" in filled else filled
    return {key: of_zone(value, own) for key, value in node.items()}

"""A Slurm cluster in each zone, made by AWS ParallelCluster from templates/cluster.yaml.

A cluster's name derives from the stack's id and is never the operator's: an equal name would destroy the other cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import Equals, GetAtt, Not, Ref, Select, Split, Sub

from generator import custom, partition
from generator.params import Form
from generator.policies import BOUNDARY_GIVEN, DIRECTORY_CA_GIVEN, DIRECTORY_GIVEN, chosen, given
from generator.tiers.assets import Assets
from generator.tiers.database import Database
from generator.tiers.filesystem import FileSystem
from generator.tiers.firewall import Firewall
from generator.tiers.lustre import Lustre
from generator.tiers.network import Network
from generator.tiers.provider import Provider
from generator.tiers.secrets import Secrets
from generator.wiring import Ports, Tier, Value, port

CONFIGURATION = "templates/cluster.yaml"


@dataclass(frozen=True)
class ClusterZone(Ports):
    """One zone's cluster."""

    cluster_name: Value = port("Name of the cluster")
    head_node_address: Value = port("Address of the head node")
    session_link: Value = port("Session Manager on the head node")


@dataclass(frozen=True)
class Clusters(Ports):
    """The clusters, by zone."""

    zones: tuple[ClusterZone, ...]


def build(
    tier: Tier,
    form: Form,
    network: Network,
    firewall: Firewall,
    secrets: Secrets,
    database: Database,
    file_system: FileSystem,
    lustre: Lustre,
    assets: Assets,
    provider: Provider,
) -> Clusters:
    """The clusters. Their configuration's own !Ref and !Sub name the ports and the form's parameters handed in here."""
    t = tier.template
    given(t, "KeyGiven", form.key_name)
    given(t, BOUNDARY_GIVEN, form.permissions_boundary_arn)
    chosen(t, "EfaWanted", form.compute_efa)
    chosen(t, "AccountingWanted", form.slurm_accounting)
    t.add_condition("SpotWanted", Not(Equals(form.spot_max_nodes, "0")))
    given(t, DIRECTORY_GIVEN, form.directory_password_secret_arn)
    given(t, DIRECTORY_CA_GIVEN, form.directory_ca_cert_secret_arn)
    given(t, "DirectoryFilterGiven", form.directory_ldap_access_filter)
    chosen(t, "DirectoryIdsMapped", form.directory_ldap_schema, "AD")
    configuration = tier.sources.yaml(CONFIGURATION)
    zones = []
    for number, (place, system) in enumerate(zip(network.zones, lustre.zones, strict=True), 1):
        own = {
            "ZoneNumber": str(number),
            "PrivateSubnetId": place.private_subnet_id,
            "LustreId": system.lustre_id,
        }
        cluster = t.add_resource(
            custom.PclusterCluster(
                f"Cluster{number}",
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
                session_link=partition.console_url(
                    t,
                    "systems-manager/session-manager/${Instance}?region=${AWS::Region}",
                    Instance=GetAtt(cluster, "headNode.instanceId"),
                ),
            )
        )
    return Clusters(zones=tuple(zones))


def of_zone(node: Any, own: Mapping[str, Value]) -> Any:
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

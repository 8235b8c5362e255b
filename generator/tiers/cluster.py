"""One zone's Slurm cluster, made by AWS ParallelCluster from templates/cluster.yaml.

The cluster's name derives from the stack's id and is never the operator's: an equal name would destroy the other cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import Equals, GetAtt, Not, Ref, Select, Split, Sub

from generator import custom, partition
from generator.params import Form
from generator.policies import BOUNDARY_GIVEN, chosen, given
from generator.tiers.assets import Assets
from generator.tiers.database import Database
from generator.tiers.filesystem import FileSystem
from generator.tiers.firewall import Firewall
from generator.tiers.lustre import Lustre
from generator.tiers.network import Network, NetworkZone
from generator.tiers.provider import Provider
from generator.tiers.secrets import Secrets
from generator.wiring import Ports, Tier, Value, port

CONFIGURATION = "templates/cluster.yaml"


@dataclass(frozen=True)
class ZoneNumber(Ports):
    """Which of the zones a template is for, counted from 1."""

    zone_number: Value = port("Number of the zone, from 1")


@dataclass(frozen=True)
class Cluster(Ports):
    """One zone's cluster."""

    cluster_name: Value = port("Name of the cluster")
    head_node_address: Value = port("Address of the head node")
    session_link: Value = port("Session Manager on the head node")


def build(
    tier: Tier,
    form: Form,
    zone: ZoneNumber,
    network: Network,
    network_zone: NetworkZone,
    firewall: Firewall,
    secrets: Secrets,
    database: Database,
    file_system: FileSystem,
    lustre: Lustre,
    assets: Assets,
    provider: Provider,
) -> Cluster:
    """The cluster. Its configuration's own !Ref and !Sub name the ports and the form's parameters handed in here."""
    t = tier.template
    given(t, "KeyGiven", form.key_name)
    given(t, BOUNDARY_GIVEN, form.permissions_boundary_arn)
    chosen(t, "EfaWanted", form.compute_efa)
    chosen(t, "AccountingWanted", form.slurm_accounting)
    t.add_condition("SpotWanted", Not(Equals(form.spot_max_nodes, "0")))
    cluster = t.add_resource(
        custom.PclusterCluster(
            "Cluster",
            ServiceToken=provider.provider_token,
            ClusterName=Sub(
                "hpc-${Unique}-az${ZoneNumber}",
                Unique=Select(0, Split("-", Select(2, Split("/", Ref("AWS::StackId"))))),
                ZoneNumber=zone.zone_number,
            ),
            ClusterConfiguration=tier.sources.yaml(CONFIGURATION),
        )
    )
    return Cluster(
        cluster_name=Ref(cluster),
        head_node_address=GetAtt(cluster, "headNode.privateIpAddress"),
        session_link=partition.console_url(
            t,
            "systems-manager/session-manager/${Instance}?region=${AWS::Region}",
            Instance=GetAtt(cluster, "headNode.instanceId"),
        ),
    )

"""The parent templates: read this first. It says which tiers there are, in which order, and what each hands to which.

`main` makes a VPC, `main-existing-vpc` takes one that exists; all else is the same assembly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from troposphere import Output, Ref

from generator import params, partition
from generator.errors import GeneratorError
from generator.params import Form, Location
from generator.policies import chosen
from generator.rules import rules
from generator.sources import Sources
from generator.tiers import (
    assets,
    balancer,
    cluster,
    database,
    entrance,
    filesystem,
    firewall,
    lustre,
    monitoring,
    network,
    portal,
    preflight,
    provider,
    secrets,
    waf,
)
from generator.wiring import Child, Parent, Value

MIN_ZONES, DEFAULT_ZONES, MAX_ZONES = 2, 2, network.MAX_ZONES
DESCRIPTIONS = {
    params.MAIN: "Highly available HPC portal in a new VPC",
    params.EXISTING_VPC: "Highly available HPC portal in an existing VPC",
}


def launch_url(form: Form, release: str) -> Callable[[str], Value]:
    """TemplateURLs as a launch needs them: in the publisher's bucket, naming that bucket's region."""
    # Seventeen of them: plain ${…} of the parameters keep the parents short.
    answers = (form.assets_bucket, form.assets_bucket_region, form.assets_prefix)
    bucket, region, prefix = (f"${{{cast(Ref, answer).data['Ref']}}}" for answer in answers)
    return lambda file_name: partition.s3_url(bucket, region, f"{prefix}{release}templates/{file_name}")


def local_url(form: Form, release: str) -> Callable[[str], Value]:
    """TemplateURLs as cfn-lint needs them to check the parent against its children: file names."""
    return lambda file_name: file_name


def assemble(
    name: str,
    zone_count: int,
    sources: Sources,
    view: Callable[[Form, str], Callable[[str], Value]],
    children: dict[str, Child],
) -> Parent:
    """Build the parent template `name` (one of params.PARENTS), and into `children` the tiers that are not there yet.

    Raises GeneratorError for a number of zones that is out of range, and for whatever does not fit together.
    """
    if not MIN_ZONES <= zone_count <= MAX_ZONES:
        raise GeneratorError(f"--zones {zone_count} is out of range: choose {MIN_ZONES} to {MAX_ZONES}")
    parent = Parent(name, f"{DESCRIPTIONS[name]} (version {sources.version}).", zone_count, sources, children)
    t = parent.template
    location, form = params.ask(t, name, zone_count)
    parent.template_url = view(form, sources.release)
    for title, rule in rules(location, form, name).items():
        t.add_rule(title, rule)
    chosen(t, "FirewallWanted", form.web_application_firewall)

    checks = parent.add(preflight.build, form, params.answers(location, form))
    if name == params.MAIN:
        net = parent.add(network.build, location, form, checks)
    else:
        net = existing_network(location, checks)
    files = parent.place(after=[checks]).add(assets.build, form)
    # An existing network waits for nothing, so it is said that what stands in it comes after the checks.
    walls = parent.place(after=[] if name == params.MAIN else [checks]).add(firewall.build, form, net)
    keys = parent.place(after=[checks]).add(secrets.build, form)
    data = parent.add(database.build, form, net, walls, keys)
    home = parent.add(filesystem.build, form, net, walls)
    scratch = parent.add(lustre.build, form, net, walls)
    front = parent.add(balancer.build, form, net, walls)
    parent.place(condition="FirewallWanted").add(waf.build, form, front)
    door = parent.add(entrance.build, form, front, files)
    maker = parent.add(provider.build, form, keys, files)
    clusters = parent.add(cluster.build, form, net, walls, keys, data, home, scratch, files, maker)
    nodes = parent.add(portal.build, form, checks, net, walls, keys, data, home, scratch, files, front, door)
    watch = parent.add(monitoring.build, form, front, data, home, scratch, nodes)
    _outputs(parent, net, front, keys, data, home, scratch, door, clusters, nodes, watch)
    parent.finish()
    return parent


def existing_network(location: Location, checks: preflight.Preflight) -> network.Network:
    """The operator's VPC in the shape of the network tier; preflight knows its zones and its address range."""
    return network.Network(
        vpc_id=location.vpc_id,
        vpc_cidr=checks.network_cidr,
        zones=tuple(
            network.NetworkZone(
                availability_zone=picked.picked_zone,
                private_subnet_id=asked.private_subnet_id,
                balancer_subnet_id=asked.balancer_subnet_id,
            )
            for asked, picked in zip(location.zones, checks.zones, strict=True)
        ),
    )


def _outputs(
    parent: Parent,
    net: network.Network,
    front: balancer.Balancer,
    keys: secrets.Secrets,
    data: database.Database,
    home: filesystem.FileSystem,
    scratch: lustre.Lustre,
    door: entrance.Entrance,
    clusters: cluster.Clusters,
    nodes: portal.Portal,
    watch: monitoring.Monitoring,
) -> None:
    """What an operator wants to know of a finished stack; the first ten are those of the CDK sample."""
    t = parent.template

    found: list[tuple[str, str, Value]] = [
        ("EnginFramePortalURL", "The portal: sign in as efadmin", door.portal_url),
        ("VPCId", "VPC", net.vpc_id),
        ("DatabaseName", "Schema of the portal", data.database_name),
        ("DatabaseClusterArn", "ARN of the database cluster", data.database_cluster_arn),
        ("DatabaseClusterID", "Identifier of the database cluster", data.database_cluster_id),
        ("DatabaseSecretArn", "Secret with the database master user's password", keys.database_secret_arn),
        ("AuroraEndpointAddress", "Host name of the database's writer", data.database_endpoint),
        ("DatabaseMasterUserName", "Master user of the database", data.database_master_username),
        ("EfsID", "EFS file system, mounted at /efs", home.file_system_id),
        ("StackName", "Name of this stack", Ref("AWS::StackName")),
        ("LoadBalancerDNSName", "What a domain name of your own must point to", front.load_balancer_dns_name),
        ("AdminSecretLink", "Console page of efadmin's password", keys.admin_secret_link),
        ("DatabaseSecretLink", "Console page of the database password", keys.database_secret_link),
        ("DashboardLink", "Console page of the dashboard", watch.dashboard_link),
        ("AlarmTopicArn", "SNS topic of the alarms", watch.topic_arn),
        ("PortalLogGroup", "Log group of the portal nodes", nodes.portal_log_group),
        ("Version", "Version of these templates", parent.sources.version),
    ]
    for number, (system, its_cluster) in enumerate(zip(scratch.zones, clusters.zones, strict=True), 1):
        found += [
            (f"Cluster{number}Name", f"Cluster in zone {number}", its_cluster.cluster_name),
            (
                f"Cluster{number}HeadNodeAddress",
                f"Head node in zone {number}",
                its_cluster.head_node_address,
            ),
            (
                f"Cluster{number}SessionLink",
                f"Session Manager on head node {number}",
                its_cluster.session_link,
            ),
            (f"Lustre{number}Id", f"Lustre at /fsx_cluster{number}", system.lustre_id),
            (
                f"Lustre{number}MountName",
                f"Mount name of /fsx_cluster{number}",
                system.lustre_mount_name,
            ),
        ]
    for title, description, value in found:
        t.add_output(Output(title, Description=description, Value=value))


def build(
    zone_count: int = DEFAULT_ZONES,
    sources: Sources | None = None,
    view: Callable[[Form, str], Callable[[str], Value]] = launch_url,
) -> dict[str, dict[str, Any]]:
    """Both parents and every tier by file name, as plain dictionaries; the tiers are the same for both parents.

    Raises GeneratorError for a number of zones that is out of range, and for a source that is missing or malformed.
    """
    children: dict[str, Child] = {}
    sources = sources or Sources()
    parents = [assemble(name, zone_count, sources, view, children) for name in params.PARENTS]
    templates = {f"{parent.name}.template.yaml": parent.document for parent in parents}
    return templates | {child.file_name: child.document for child in children.values()}

"""The parent templates: read this first. It says which tiers there are, in which order, and what each hands to which.

`main` makes a VPC, `main-existing-vpc` takes one that exists; all else is the same assembly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from troposphere import Output, Ref

from generator import DEFAULT_ZONES, MAX_ZONES, MIN_ZONES, form, release_folder, tiers
from generator.cfn import partition
from generator.cfn.template import StrictTemplate, Value, variable
from generator.cfn.wiring import Child, Parent
from generator.errors import GeneratorError
from generator.form import Form
from generator.form.rules import rules
from generator.text.sources import Sources
from generator.tiers.conditions import if_chosen

DESCRIPTIONS = {
    form.MAIN: "Highly available HPC portal in a new VPC",
    form.EXISTING_VPC: "Highly available HPC portal in an existing VPC",
}
View = Callable[[Form, str], Callable[[str], Value]]
"""From the form and the release's folder, a function from a child's file name to its TemplateURL."""


def launch_url(form: Form, release_folder: str) -> Callable[[str], Value]:
    """TemplateURLs as a launch needs them: in the publisher's bucket, naming that bucket's region."""
    # Seventeen of them: plain ${…} of the parameters keep the parents short.
    assets = form.assets
    bucket, region, prefix = map(variable, (assets.assets_bucket, assets.assets_bucket_region, assets.assets_prefix))
    return lambda file_name: partition.s3_url(bucket, region, f"{prefix}{release_folder}templates/{file_name}")


def local_url(form: Form, release_folder: str) -> Callable[[str], Value]:
    """TemplateURLs as cfn-lint needs them to check the parent against its children: file names."""
    return lambda file_name: file_name


@dataclass(frozen=True)
class Assembly:
    """What the tiers of a parent hand out, for its outputs."""

    sources: Sources
    network: tiers.network.Network
    secrets: tiers.secrets.Secrets
    database: tiers.database.Database
    file_system: tiers.file_system.FileSystem
    lustre: tiers.lustre.Lustre
    load_balancer: tiers.load_balancer.LoadBalancer
    https: tiers.https.Https
    clusters: tiers.clusters.Clusters
    portal: tiers.portal.Portal
    monitoring: tiers.monitoring.Monitoring


# The outputs: name, description, value. The first ten are those of the CDK sample.
OUTPUTS: tuple[tuple[str, str, Callable[[Assembly], Value]], ...] = (
    ("EnginFramePortalURL", "The portal: sign in as efadmin", lambda stack: stack.https.portal_url),
    ("VPCId", "VPC", lambda stack: stack.network.vpc_id),
    ("DatabaseName", "Schema of the portal", lambda stack: stack.database.database_name),
    ("DatabaseClusterArn", "ARN of the database cluster", lambda stack: stack.database.database_cluster_arn),
    ("DatabaseClusterID", "Identifier of the database cluster", lambda stack: stack.database.database_cluster_id),
    (
        "DatabaseSecretArn",
        "Secret with the database master user's password",
        lambda stack: stack.secrets.database_secret_arn,
    ),
    ("AuroraEndpointAddress", "Host name of the database's writer", lambda stack: stack.database.database_endpoint),
    (
        "DatabaseMasterUserName",
        "Master user of the database",
        lambda stack: stack.database.database_master_username,
    ),
    ("EfsID", "EFS file system, mounted at /efs", lambda stack: stack.file_system.file_system_id),
    ("StackName", "Name of this stack", lambda stack: Ref("AWS::StackName")),
    (
        "LoadBalancerDNSName",
        "Where a domain name of your own must point",
        lambda stack: stack.load_balancer.load_balancer_dns_name,
    ),
    ("AdminSecretLink", "Console page of efadmin's password", lambda stack: stack.secrets.admin_secret_link),
    (
        "DatabaseSecretLink",
        "Console page of the database password",
        lambda stack: stack.secrets.database_secret_link,
    ),
    ("DashboardLink", "Console page of the dashboard", lambda stack: stack.monitoring.dashboard_link),
    ("AlarmTopicArn", "SNS topic of the alarms", lambda stack: stack.monitoring.topic_arn),
    ("PortalLogGroup", "Log group of the portal nodes", lambda stack: stack.portal.portal_log_group),
    ("Version", "Version of these templates", lambda stack: stack.sources.version),
)
# The same for each zone, with its number and its index: cluster and Lustre file system.
ZONE_OUTPUTS: tuple[tuple[str, str, Callable[[Assembly, int], Value]], ...] = (
    ("Cluster{zone}Name", "Cluster in zone {zone}", lambda stack, n: stack.clusters.zones[n].cluster_name),
    (
        "Cluster{zone}HeadNodeAddress",
        "Head node in zone {zone}",
        lambda stack, n: stack.clusters.zones[n].head_node_address,
    ),
    (
        "Cluster{zone}SessionLink",
        "Session Manager on head node {zone}",
        lambda stack, n: stack.clusters.zones[n].session_link,
    ),
    ("Lustre{zone}Id", "Lustre at /fsx_cluster{zone}", lambda stack, n: stack.lustre.zones[n].lustre_id),
    (
        "Lustre{zone}MountName",
        "Mount name of /fsx_cluster{zone}",
        lambda stack, n: stack.lustre.zones[n].lustre_mount_name,
    ),
)


def check_zones(zone_count: int) -> None:
    """Raises GeneratorError for a number of Availability Zones that is out of range."""
    if not MIN_ZONES <= zone_count <= MAX_ZONES:
        raise GeneratorError(f"--zones {zone_count} is out of range: choose {MIN_ZONES} to {MAX_ZONES}")


def assemble(name: str, zone_count: int, sources: Sources, view: View, children: dict[str, Child]) -> dict[str, Any]:
    """Build the parent template `name` (one of form.PARENTS), and into `children` the tiers that are not there yet."""
    check_zones(zone_count)
    template = StrictTemplate(f"{DESCRIPTIONS[name]} (version {sources.version}).")
    asked = form.ask(template, name, zone_count)
    for title, rule in rules(asked, name).items():
        template.add_rule(title, rule)
    if_chosen(template, "WafWanted", asked.access.waf)
    template_url = view(asked, release_folder(sources.version, zone_count))
    parent = Parent(name, template, zone_count, sources, children, template_url)
    assembly = _tiers(parent, asked)
    for title, description, value in OUTPUTS:
        template.add_output(Output(title, Description=description, Value=value(assembly)))
    for index in range(zone_count):
        for title, description, zone_value in ZONE_OUTPUTS:
            title, description = (text.format(zone=index + 1) for text in (title, description))
            template.add_output(Output(title, Description=description, Value=zone_value(assembly, index)))
    return parent.finish()


def _tiers(parent: Parent, asked: Form) -> Assembly:
    """Add every tier to `parent`, in the order in which each needs what others hand out."""
    access, directory, operations = asked.access, asked.directory, asked.operations

    preflight = parent.add(tiers.preflight.build, asked)
    if parent.name == form.MAIN:
        network = parent.add(tiers.network.build, asked.location, operations, preflight)
        checked = parent.after()
    else:
        network = tiers.network.existing(asked.location, preflight)
        # An existing VPC does not depend on preflight, so add the dependency here.
        checked = parent.after(preflight)
    assets = parent.after(preflight).add(tiers.assets.build, asked.assets, operations, tiers.assets.Nested(""))
    security_groups = checked.add(tiers.security_groups.build, access, directory, operations, network)
    secrets = parent.after(preflight).add(tiers.secrets.build, asked.portal)
    database = parent.add(
        tiers.database.build, asked.database, asked.storage, operations, network, security_groups, secrets
    )
    file_system = parent.add(tiers.file_system.build, asked.storage, network, security_groups)
    lustre = parent.add(tiers.lustre.build, asked.storage, network, security_groups)
    load_balancer = parent.add(tiers.load_balancer.build, access, operations, network, security_groups)
    parent.when("WafWanted").add(tiers.waf.build, operations, load_balancer)
    https = parent.within(tiers.https.MINUTES).add(tiers.https.build, access, operations, load_balancer, assets)
    provider = parent.add(tiers.provider.build, asked.clusters, directory, operations, secrets, assets)
    clusters = parent.add(
        tiers.clusters.build,
        asked.clusters,
        asked.portal,
        asked.storage,
        directory,
        operations,
        network,
        security_groups,
        secrets,
        database,
        file_system,
        lustre,
        assets,
        provider,
    )
    portal = parent.add(
        tiers.portal.build,
        asked.portal,
        asked.clusters,
        directory,
        operations,
        preflight,
        network,
        security_groups,
        secrets,
        database,
        file_system,
        lustre,
        assets,
        load_balancer,
        https,
    )
    monitoring = parent.add(
        tiers.monitoring.build,
        access,
        asked.storage,
        operations,
        load_balancer,
        https,
        database,
        file_system,
        lustre,
        clusters,
        portal,
    )
    return Assembly(
        parent.sources,
        network,
        secrets,
        database,
        file_system,
        lustre,
        load_balancer,
        https,
        clusters,
        portal,
        monitoring,
    )


def build(
    zone_count: int = DEFAULT_ZONES, sources: Sources | None = None, view: View = launch_url
) -> dict[str, dict[str, Any]]:
    """Both parents and every tier by file name, as plain dictionaries; the tiers are the same for both parents.

    Raises GeneratorError for a number of zones that is out of range, and for a source that is missing or malformed.
    """
    children: dict[str, Child] = {}
    sources = sources or Sources()
    parents = {f"{name}.template.yaml": assemble(name, zone_count, sources, view, children) for name in form.PARENTS}
    return parents | {child.file_name: child.document for child in children.values()}

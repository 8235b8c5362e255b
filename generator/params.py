"""The form: every question that an operator answers, asked once, with group, label, description, pattern and default.

The parameters of both parents and of every tier, the console's groups and labels, and the parameter reference all
derive from the dataclasses `Location` and `Form`. Descriptions have one grammar: a sentence that says what the answer
does; an answer that may be left out begins "Optional - " and has a "Leave blank to …". One question has no default:
which addresses may reach the portal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, cast

from troposphere import Parameter, Ref, Sub

from generator import patterns
from generator.wiring import Port, Ports, StrictTemplate, Value, each_port, port, translate

WHERE = "Where it runs"
ACCESS = "Who may reach it"
PORTAL = "Portal"
DATABASE = "Database"
STORAGE = "Storage"
CLUSTERS = "Clusters"
DIRECTORY = "User directory"
OPERATIONS = "Operations"
ASSETS = "Assets"
GROUPS = (WHERE, ACCESS, PORTAL, DATABASE, STORAGE, CLUSTERS, DIRECTORY, OPERATIONS, ASSETS)

MAIN = "main"
EXISTING_VPC = "main-existing-vpc"
PARENTS = (MAIN, EXISTING_VPC)

YES_NO = ("yes", "no")
# FSx for Lustre: 1,200 GiB, 2,400 GiB, then steps of 2,400 GiB (FSx API reference, StorageCapacity).
LUSTRE_SIZES = (1200, *range(2400, 50400, 2400))
# PERSISTENT_1 takes the first three, PERSISTENT_2 the last four (FSx API reference, PerUnitStorageThroughput).
PERSISTENT_1_THROUGHPUTS = (50, 100, 200)
PERSISTENT_2_THROUGHPUTS = (125, 250, 500, 1000)
LOG_RETENTION_DAYS = (7, 14, 30, 60, 90, 180, 365, 731, 1827)
# sssd's ldap_schema, and behind a hyphen whether ids come from POSIX attributes where the schema leaves that open.
DIRECTORY_SCHEMAS = ("AD", "AD-POSIX", "rfc2307bis", "rfc2307")
ENGINFRAME_INSTALLER = "https://dn3uclhgxk1jt.cloudfront.net/enginframe/packages/enginframe-latest.jar"


@dataclass(frozen=True)
class Question(Port):
    """A parameter of the form.

    `asked_by` names the parents that ask it; for the others the answer is blank. `checked` says whether preflight has
    anything to look at in it, beyond the constraints here.
    """

    group: str = ""
    label: str = ""
    default: str | float | None = ""
    pattern: str = ""
    constraint: str = ""
    allowed: tuple[str | int, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    asked_by: tuple[str, ...] = PARENTS
    checked: bool = True

    def _constraints(self) -> dict[str, Any]:
        given = {
            "AllowedValues": list(self.allowed),
            "MinValue": self.minimum,
            "MaxValue": self.maximum,
        }
        return {key: value for key, value in given.items() if value not in ([], None)}

    def parameter(self, name: str) -> Parameter:
        """The child's Parameter: no default, AWS-specific types relaxed so that blank passes.

        The parent has checked the pattern; the other constraints tell cfn-lint what a property may come to.
        """
        kind = self.type if self.type == "Number" else "String"
        return Parameter(name, Type=kind, Description=numbered(self.label, name), **self._constraints())

    def asked(self, name: str) -> Parameter:
        """The parent's Parameter, as the console shows it."""
        given = {
            "AllowedPattern": self.pattern,
            "ConstraintDescription": self.constraint,
            "Default": self.default,
        }
        return Parameter(
            name,
            Type=self.type,
            Description=numbered(self.description, name),
            **self._constraints(),
            **{key: value for key, value in given.items() if value is not None and (key == "Default" or value)},
        )


def numbered(text: str, name: str) -> str:
    """`text` with the number at the end of the parameter's name in place of {zone}."""
    return text.replace("{zone}", name[len(name.rstrip("0123456789")) :])


def question(group: str, label: str, description: str, **facts: Any) -> Any:
    """Declare a field of a form; `facts` are the further fields of `Question`."""
    return field(metadata={"port": Question(description, group=group, label=label, **facts)})


def choice(group: str, label: str, description: str, *allowed: str | int, **facts: Any) -> Any:
    """A question with a closed set of answers, the first being the default unless `default` says otherwise."""
    facts.setdefault("default", allowed[0])
    listed = ", ".join(str(value) for value in allowed[:-1])
    facts.setdefault("constraint", f"Choose {listed} or {allowed[-1]}.")
    return question(group, label, description, allowed=allowed, **facts)


def number(group: str, label: str, description: str, default: float, least: float, most: float, **more: Any) -> Any:
    """A question for a number between `least` and `most`."""
    constraint = f"Must be {least:g} to {most:g}."
    facts = {"default": default, "minimum": least, "maximum": most, "constraint": constraint, **more}
    return question(group, label, description, type="Number", **facts)


def optional(group: str, label: str, description: str, pattern: str, constraint: str, **facts: Any) -> Any:
    """A question that may be left blank."""
    return question(group, label, description, pattern=patterns.blank_or(pattern), constraint=constraint, **facts)


def instance_type(group: str, label: str, description: str, default: str) -> Any:
    """A question for an x86-64 EC2 instance type."""
    return question(
        group,
        label,
        description,
        default=default,
        pattern=patterns.whole(patterns.X86_INSTANCE),
        constraint="Must be an x86-64 instance type such as m6i.xlarge: Arm (Graviton) families cannot run the portal.",
    )


@dataclass(frozen=True)
class ZoneForm(Ports):
    """What is asked for each Availability Zone; the parameters' names end in the zone's number."""

    availability_zone: Value = optional(
        WHERE,
        "Availability Zone {zone}",
        "Optional - Where portal node and cluster {zone} are. Leave blank to take one that offers everything.",
        patterns.AVAILABILITY_ZONE,
        "Must be an Availability Zone such as us-east-1a, or blank.",
        asked_by=(MAIN,),
    )
    balancer_subnet_id: Value = question(
        WHERE,
        "Load balancer subnet {zone}",
        "Subnet of the load balancer in zone {zone}: a public one for an internet-facing balancer.",
        type="AWS::EC2::Subnet::Id",
        default=None,
        constraint="Choose a subnet of the VPC above.",
        asked_by=(EXISTING_VPC,),
    )
    private_subnet_id: Value = question(
        WHERE,
        "Private subnet {zone}",
        "Private subnet, with a route to a NAT gateway, for portal node {zone}, cluster {zone} and their storage.",
        type="AWS::EC2::Subnet::Id",
        default=None,
        constraint="Choose a subnet of the VPC above, in another zone than the other private subnets.",
        asked_by=(EXISTING_VPC,),
    )


@dataclass(frozen=True)
class Location(Ports):
    """Where it runs: what a tier should take from the network that came of these answers, but network and preflight."""

    zones: tuple[ZoneForm, ...]
    vpc_cidr: Value = question(
        WHERE,
        "VPC address range",
        "Address range of the new VPC, a /16, /18 or /20; each zone's private subnet gets an eighth of it.",
        default="10.0.0.0/16",
        pattern=patterns.whole(patterns.VPC_CIDR),
        constraint="Must be a range such as 10.0.0.0/16 that ends in /16, /18 or /20.",
        asked_by=(MAIN,),
    )
    vpc_id: Value = question(
        WHERE,
        "VPC",
        "VPC with DNS support and DNS host names switched on, and private subnets in as many zones as there are clusters.",
        type="AWS::EC2::VPC::Id",
        default=None,
        constraint="Choose a VPC of this region.",
        asked_by=(EXISTING_VPC,),
    )


@dataclass(frozen=True)
class Form(Ports):
    """Every other question, in the order of the form."""

    portal_access_cidr: Value = question(
        ACCESS,
        "Addresses that may reach the portal",
        "Addresses that may open the portal in a browser, such as 203.0.113.0/24.",
        default=None,
        pattern=patterns.whole(patterns.CIDR),
        constraint="Must be an IPv4 range such as 203.0.113.0/24: name who may reach the portal.",
        checked=False,
    )
    additional_access_cidr: Value = optional(
        ACCESS,
        "More addresses",
        "Optional - A second range of such addresses. Leave blank to admit the first alone.",
        patterns.CIDR,
        "Must be an IPv4 range such as 198.51.100.0/24, or blank.",
        checked=False,
    )
    access_prefix_list_id: Value = optional(
        ACCESS,
        "Prefix list",
        "Optional - Managed prefix list of such addresses. Leave blank to admit none.",
        patterns.PREFIX_LIST,
        "Must be a prefix list's id such as pl-0123456789abcdef0, or blank.",
    )
    balancer_scheme: Value = choice(
        ACCESS,
        "Load balancer",
        "Whether the portal has public addresses or, internal, only private ones (VPN, Direct Connect).",
        "internet-facing",
        "internal",
    )
    certificate_arn: Value = optional(
        ACCESS,
        "Certificate",
        "Optional - ARN of the domain name's ACM certificate. Leave blank to have one made: validated in the hosted zone, "
        "or self-signed.",
        patterns.CERTIFICATE_ARN,
        "Must be the ARN of an ACM certificate, or blank.",
    )
    domain_name: Value = optional(
        ACCESS,
        "Domain name",
        "Optional - Host name of the portal. Leave blank to use the load balancer's own name.",
        patterns.DOMAIN_NAME,
        "Must be a host name in lower case such as hpc.example.com, or blank.",
    )
    hosted_zone_id: Value = optional(
        ACCESS,
        "Hosted zone",
        "Optional - Route 53 zone of the domain name, for its record and certificate. Leave blank to keep DNS to yourself.",
        patterns.HOSTED_ZONE,
        "Must be a hosted zone's id such as Z0123456789ABCDEFGHIJ, or blank.",
    )
    web_application_firewall: Value = choice(
        ACCESS,
        "Web application firewall",
        "Whether AWS WAF's managed rules and a rate limit stand before the portal.",
        "no",
        "yes",
        checked=False,
    )
    portal_flavor: Value = choice(
        PORTAL,
        "Portal software",
        "NICE EnginFrame (vendor support ended on 2025-09-25), or its successor EF Portal by NI SP, which needs a license.",
        "EnginFrame",
        "EFPortal",
    )
    portal_installer_url: Value = question(
        PORTAL,
        "Installer",
        "Location (https:// or s3://) of the portal's installer JAR.",
        default=ENGINFRAME_INSTALLER,
        pattern=patterns.whole(patterns.DOWNLOAD),
        constraint="Must be an https:// or s3:// location.",
    )
    portal_installer_sha256: Value = optional(
        PORTAL,
        "Installer's SHA-256",
        "Optional - SHA-256 of the installer. Leave blank to enforce that of the first download.",
        patterns.SHA256,
        "Must be 64 hexadecimal digits in lower case, or blank.",
    )
    jdbc_driver_url: Value = question(
        PORTAL,
        "JDBC driver",
        "Location (https:// or s3://) of MySQL Connector/J, the platform-independent .tar.gz.",
        default="https://dev.mysql.com/get/Downloads/Connector-J/mysql-connector-j-8.4.0.tar.gz",
        pattern=patterns.whole(patterns.DOWNLOAD),
        constraint="Must be an https:// or s3:// location.",
    )
    jdbc_driver_sha256: Value = optional(
        PORTAL,
        "JDBC driver's SHA-256",
        "Optional - SHA-256 of the archive. Leave blank to enforce that of the first download.",
        patterns.SHA256,
        "Must be 64 hexadecimal digits in lower case, or blank.",
    )
    license_secret_arn: Value = optional(
        PORTAL,
        "License secret",
        "Optional - ARN of a secret with the text of EF Portal's license.ef. Leave blank for EnginFrame.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    admin_password_secret_arn: Value = optional(
        PORTAL,
        "Administrator's password secret",
        "Optional - ARN of a secret with efadmin's password. Leave blank to have one generated.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    portal_instance_type: Value = instance_type(
        PORTAL, "Instance type", "Instance type of the portal nodes.", "t3.2xlarge"
    )
    portal_volume_size: Value = number(
        PORTAL,
        "Root volume (GiB)",
        "Size of a portal node's root volume.",
        50,
        50,
        16384,
        checked=False,
    )
    portal_ami_id: Value = optional(
        PORTAL,
        "Machine image",
        "Optional - Image made from ParallelCluster's Amazon Linux 2023 image. Leave blank to take that itself.",
        patterns.IMAGE,
        "Must be an image's id such as ami-0123456789abcdef0, or blank.",
    )
    portal_image_refresh: Value = question(
        PORTAL,
        "Image refresh",
        "Any new text makes an update look the newest image up again and replace the portal nodes.",
        default="1",
        pattern=patterns.whole(patterns.REFRESH),
        constraint="Must be 1 to 64 letters, digits, dots, hyphens or underscores.",
        checked=False,
    )
    key_name: Value = optional(
        PORTAL,
        "SSH key pair",
        "Optional - EC2 key pair for portal and head nodes. Leave blank to use Session Manager alone.",
        patterns.KEY_NAME,
        "Must be the name of a key pair of this region, or blank.",
    )
    database_mode: Value = choice(
        DATABASE,
        "Capacity",
        "Aurora Serverless v2, provisioned instances, or what fits the region (auto: provisioned in China).",
        "auto",
        "serverless",
        "provisioned",
    )
    database_instance_class: Value = optional(
        DATABASE,
        "Instance class",
        "Optional - Class of provisioned instances. Leave blank unless the capacity is provisioned.",
        patterns.DATABASE_CLASS,
        "Must be a database instance class such as db.r6g.large, or blank.",
    )
    database_min_capacity: Value = number(
        DATABASE,
        "Least capacity (ACU)",
        "Least capacity of a serverless instance, 2 GiB of memory per unit.",
        0.5,
        0.5,
        256,
    )
    database_max_capacity: Value = number(
        DATABASE, "Most capacity (ACU)", "Most capacity of a serverless instance.", 16, 1, 256
    )
    database_engine_version: Value = question(
        DATABASE,
        "Engine version",
        "Aurora MySQL version; 3.10 is a long-term support release.",
        default="8.0.mysql_aurora.3.10.6",
        pattern=patterns.whole(patterns.AURORA_VERSION),
        constraint="Must be a version of Aurora MySQL 3 such as 8.0.mysql_aurora.3.10.6.",
    )
    database_backup_days: Value = number(
        DATABASE, "Backups (days)", "How long automatic backups are kept.", 7, 1, 35, checked=False
    )
    database_snapshot_arn: Value = optional(
        DATABASE,
        "Restore from snapshot",
        "Optional - ARN of an earlier deployment's cluster snapshot. Leave blank to start empty.",
        patterns.SNAPSHOT_ARN,
        "Must be a cluster snapshot's ARN, or blank.",
    )
    existing_file_system_id: Value = optional(
        STORAGE,
        "Existing EFS file system",
        "Optional - An earlier deployment's, without mount targets. Leave blank to make one.",
        patterns.FILE_SYSTEM,
        "Must be a file system's id such as fs-0123456789abcdef0, or blank.",
    )
    lustre_deployment_type: Value = choice(
        STORAGE,
        "Lustre deployment type",
        "SCRATCH_2 loses its data when a server fails; auto takes it, or PERSISTENT_1 in China, which has no scratch.",
        "auto",
        "SCRATCH_2",
        "PERSISTENT_1",
        "PERSISTENT_2",
    )
    lustre_storage_capacity: Value = choice(
        STORAGE,
        "Lustre size (GiB)",
        "Size of each cluster's FSx for Lustre file system; it can grow later and never shrink.",
        *LUSTRE_SIZES,
        type="Number",
        constraint="Choose 1200, 2400 or a multiple of 2400 up to 48000.",
    )
    lustre_throughput: Value = choice(
        STORAGE,
        "Lustre throughput (MB/s per TiB)",
        "Of a persistent file system: 50, 100 or 200 for PERSISTENT_1, 125 to 1000 for PERSISTENT_2.",
        *sorted((*PERSISTENT_1_THROUGHPUTS, *PERSISTENT_2_THROUGHPUTS)),
        type="Number",
        checked=False,
    )
    kms_key_arn: Value = optional(
        STORAGE,
        "Encryption key",
        "Optional - ARN of your KMS key for the database, EFS and Lustre. Leave blank to use AWS's own keys.",
        patterns.KMS_KEY_ARN,
        "Must be the ARN of a KMS key (not an alias), or blank.",
    )
    parallel_cluster_version: Value = question(
        CLUSTERS,
        "ParallelCluster version",
        "Version of AWS ParallelCluster and its image; a running deployment cannot change it.",
        default="3.16.1",
        pattern=patterns.whole(patterns.PARALLELCLUSTER_VERSION),
        constraint="Must be 3.16.0 or newer, such as 3.16.1.",
    )
    head_node_instance_type: Value = instance_type(
        CLUSTERS, "Head node", "Instance type of each cluster's head node.", "m6i.xlarge"
    )
    compute_instance_type: Value = instance_type(
        CLUSTERS, "Compute nodes", "Instance type of the compute nodes.", "c6i.2xlarge"
    )
    compute_min_nodes: Value = number(
        CLUSTERS, "Least nodes", "Compute nodes of each cluster that always run.", 0, 0, 1000
    )
    compute_max_nodes: Value = number(
        CLUSTERS, "Most nodes", "Most compute nodes of each cluster's on-demand queue.", 10, 1, 1000
    )
    spot_max_nodes: Value = number(
        CLUSTERS,
        "Most Spot nodes",
        "Most compute nodes of each cluster's Spot queue; 0 makes no Spot queue.",
        0,
        0,
        1000,
    )
    compute_efa: Value = choice(
        CLUSTERS,
        "Elastic Fabric Adapter",
        "Whether compute nodes have EFA and a placement group; the instance type must support it.",
        "no",
        "yes",
    )
    slurm_accounting: Value = choice(
        CLUSTERS,
        "Slurm accounting",
        "Whether each cluster keeps Slurm accounting in the database.",
        "yes",
        "no",
        checked=False,
    )
    directory_domain_name: Value = optional(
        DIRECTORY,
        "Domain",
        "Optional - Domain of the Active Directory or LDAP service whose users sign in. Leave blank for efadmin alone.",
        patterns.DIRECTORY_DOMAIN,
        "Must be a name such as corp.example.com or DC=corp,DC=example,DC=com, or blank.",
        checked=False,
    )
    directory_domain_addr: Value = optional(
        DIRECTORY,
        "Servers",
        "Optional - Its servers, separated by commas; ldap:// is encrypted by StartTLS. Leave blank for no directory.",
        patterns.DIRECTORY_SERVERS,
        "Must be ldaps:// or ldap:// addresses with no port but 636, 3269, 389 or 3268, or blank.",
    )
    directory_domain_read_only_user: Value = optional(
        DIRECTORY,
        "Reading user",
        "Optional - Distinguished name of the user that searches the directory. Leave blank for no directory.",
        patterns.DISTINGUISHED_NAME,
        "Must be a name such as CN=reader,OU=Users,DC=corp,DC=example,DC=com, or blank.",
        checked=False,
    )
    directory_password_secret_arn: Value = optional(
        DIRECTORY,
        "Reading user's password secret",
        "Optional - ARN of a secret with that user's password as plain text. Leave blank for no directory.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    directory_ca_cert_secret_arn: Value = optional(
        DIRECTORY,
        "CA certificate secret",
        "Optional - ARN of a secret with the servers' CA certificates in PEM. Leave blank for public authorities.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    directory_ldap_access_filter: Value = optional(
        DIRECTORY,
        "Access filter",
        "Optional - LDAP filter of the users who may sign in. Leave blank to admit all.",
        patterns.LDAP_FILTER,
        "Must be a filter such as (memberOf=CN=hpc,DC=example,DC=com) without quotes and question marks, or blank.",
        checked=False,
    )
    directory_ldap_schema: Value = choice(
        DIRECTORY,
        "Schema",
        "AD computes uids from SIDs, AD-POSIX takes its uidNumber; the others are LDAP's kinds of POSIX accounts.",
        *DIRECTORY_SCHEMAS,
        checked=False,
    )
    alarm_email: Value = optional(
        OPERATIONS,
        "Alarms by e-mail",
        "Optional - Address that alarms go to once its owner confirms. Leave blank to send none.",
        patterns.EMAIL,
        "Must be an e-mail address, or blank.",
        checked=False,
    )
    access_logs: Value = choice(
        OPERATIONS,
        "Access logs",
        "Whether the load balancer writes access logs into a bucket.",
        "no",
        "yes",
        checked=False,
    )
    log_retention_days: Value = choice(
        OPERATIONS,
        "Logs (days)",
        "How long logs are kept.",
        *LOG_RETENTION_DAYS,
        type="Number",
        default=90,
        checked=False,
    )
    deletion_protection: Value = choice(
        OPERATIONS,
        "Deletion protection",
        "Whether database and load balancer refuse deletion. Switch it on after the launch, off before a delete.",
        "no",
        "yes",
        checked=False,
    )
    permissions_boundary_arn: Value = optional(
        OPERATIONS,
        "Permissions boundary",
        "Optional - ARN of a policy that bounds every role. Leave blank to bound none.",
        patterns.POLICY_ARN,
        "Must be the ARN of an IAM policy, or blank.",
    )
    assets_bucket: Value = optional(
        ASSETS,
        "Bucket",
        "Bucket that this release was published to. A published link fills it in.",
        patterns.BUCKET,
        "Must be a bucket's name, without dots.",
    )
    assets_bucket_region: Value = optional(
        ASSETS,
        "Bucket's region",
        "Region of that bucket, which may be another than the stack's. A published link fills it in.",
        patterns.REGION,
        "Must be a region such as us-east-1.",
    )
    assets_prefix: Value = question(
        ASSETS,
        "Prefix",
        "Prefix of the releases in the bucket; each release is a folder under it.",
        default="hpc-portal/",
        pattern=patterns.whole(patterns.PREFIX),
        constraint="Must be a prefix that ends in a slash, such as hpc-portal/.",
    )


@dataclass(frozen=True)
class Answers(Ports):
    """All answers that preflight looks at: in each port the lines `name=answer` of one group.

    Sixty parameters would leave no room in its template; one would not hold the longest answers (4,096 bytes).
    """

    where: Value = port(f"Answers: {WHERE}")
    access: Value = port(f"Answers: {ACCESS}")
    portal: Value = port(f"Answers: {PORTAL}")
    database: Value = port(f"Answers: {DATABASE}")
    storage: Value = port(f"Answers: {STORAGE}")
    clusters: Value = port(f"Answers: {CLUSTERS}")
    directory: Value = port(f"Answers: {DIRECTORY}")
    operations: Value = port(f"Answers: {OPERATIONS}")
    assets: Value = port(f"Answers: {ASSETS}")


def answers(*forms: Ports) -> Answers:
    """The answers of `forms` in the shape that preflight takes; it reads what was not asked as a blank."""
    lines: dict[str, list[str]] = {group: [] for group in GROUPS}
    for form in forms:
        for name, asked, value in each_port(form):
            if value and cast(Question, asked).checked:
                lines[cast(Question, asked).group].append(f"{name}=${{{name}}}")
    return Answers(*(Sub("\n".join(lines[group])) for group in GROUPS))


def ask(template: StrictTemplate, asked_by: str, zone_count: int) -> tuple[Location, Form]:
    """Put the form of the parent `asked_by` into its template; what it does not ask is a blank answer."""
    labels: dict[str, dict[str, str]] = {}
    grouped: dict[str, list[str]] = {group: [] for group in GROUPS}

    def enter(name: str, asked: Port, _: Value) -> Value:
        question_ = cast(Question, asked)
        if asked_by not in question_.asked_by:
            return ""
        template.add_parameter(question_.asked(name))
        labels[name] = {"default": numbered(question_.label, name)}
        grouped[question_.group].append(name)
        return Ref(name)

    location, form = (translate(blank, enter) for blank in blank_forms(zone_count))
    groups = [{"Label": {"default": group}, "Parameters": names} for group, names in grouped.items()]
    template.set_metadata({"AWS::CloudFormation::Interface": {"ParameterGroups": groups, "ParameterLabels": labels}})
    return cast(Location, location), cast(Form, form)


def blank_forms(zone_count: int) -> tuple[Location, Form]:
    """Both forms with every answer blank: the shape to walk over, with `each_port` or `translate`."""

    def blank(kind: type[Ports], **values: Any) -> Any:
        return kind(**{item.name: values.get(item.name, "") for item in fields(kind)})

    return blank(Location, zones=tuple(blank(ZoneForm) for _ in range(zone_count))), blank(Form)

"""Checks a launch against the account before anything billable exists, picks the zones, looks up the portal's image.

Each check is a function under `@reads(parameters)`, named by its docstring, that yields its faults: a parameter and
the rest of a sentence about its answer. What cannot be found out is a warning and stops nothing, as is a Warn. A
launch runs all checks; an update those whose parameters changed, and refuses what would replace or lose data (FROZEN);
a rollback none, since its answers were good once.

Custom::Preflight: Answers, Resolved, Zones -> AvailabilityZone1..n, NetworkCidr; the physical id holds the zones.
Custom::ParallelClusterImage: ParallelClusterVersion, PortalAmiId, PortalImageRefresh -> ImageId, also the physical id.
From a shell: check(answers, region, session) -> list of Verdicts; it makes nothing.

IAM on *: acm:DescribeCertificate cloudformation:DescribeStacks ec2:DescribeAddresses ec2:DescribeAvailabilityZones
ec2:DescribeImages ec2:DescribeInstances ec2:DescribeInstanceTypeOfferings ec2:DescribeInstanceTypes
ec2:DescribeKeyPairs ec2:DescribeManagedPrefixLists ec2:DescribeRouteTables ec2:DescribeSubnets ec2:DescribeVpcAttribute
ec2:DescribeVpcs elasticfilesystem:DescribeFileSystems fsx:DescribeFileSystems iam:GetPolicy
iam:GetRole kms:DescribeKey rds:DescribeAccountAttributes rds:DescribeDBClusterSnapshots rds:DescribeDBEngineVersions
rds:DescribeOrderableDBInstanceOptions route53:GetHostedZone route53:ListResourceRecordSets
servicequotas:GetAWSDefaultServiceQuota servicequotas:GetServiceQuota.
IAM on what the answers name: secretsmanager:DescribeSecret (AdminPasswordSecretArn, LicenseSecretArn,
DirectoryPasswordSecretArn, DirectoryCaCertSecretArn), secretsmanager:GetSecretValue (the same but the license) and,
through Secrets Manager, kms:Decrypt (AdminPasswordSecretArn, DirectoryCaCertSecretArn), s3:GetObject (AssetsBucket,
PortalInstallerUrl, JdbcDriverUrl), iam:CreateServiceLinkedRole (AWSServiceRoleForEC2Spot).
"""

import collections
import concurrent.futures
import contextlib
import datetime
import functools
import hashlib
import ipaddress
import json
import re
import threading
import time
import urllib.request

import boto3
from answer import LOG, Fault, custom_resource
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

SECONDS = 42  # for all checks together
CONFIG = Config(connect_timeout=4, read_timeout=8, max_pool_connections=20, retries={"total_max_attempts": 2})
ANONYMOUS = CONFIG.merge(Config(signature_version=UNSIGNED))
SMALLEST = 10_000  # bytes; a smaller installer or driver is an error page
HASHED = 16 << 20  # bytes; nodes alone check larger files
NOT_THERE = re.compile("NotFound|NoSuch|404|Unknown")
TYPES = ("PortalInstanceType", "HeadNodeInstanceType", "ComputeInstanceType")
THINGS = {  # answers that name a thing: service, operation, by what, where in the response; what it must be
    "VpcId": ("ec2 describe_vpcs VpcIds Vpcs", {"State": "available"}),
    "AccessPrefixListId": ("ec2 describe_managed_prefix_lists PrefixListIds PrefixLists", {}),
    "KeyName": ("ec2 describe_key_pairs KeyNames KeyPairs", {}),
    "PortalAmiId": ("ec2 describe_images ImageIds Images", {"State": "available", "Architecture": "x86_64"}),
    "CertificateArn": ("acm describe_certificate CertificateArn Certificate", {"Status": "ISSUED"}),
    "HostedZoneId": ("route53 get_hosted_zone Id HostedZone", {}),
    "KmsKeyArn": ("kms describe_key KeyId KeyMetadata", {"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"}),
    "LicenseSecretArn": ("secretsmanager describe_secret SecretId", {"DeletedDate": None}),
    "AdminPasswordSecretArn": ("secretsmanager describe_secret SecretId", {"DeletedDate": None}),
    "DirectoryPasswordSecretArn": ("secretsmanager describe_secret SecretId", {"DeletedDate": None}),
    "DirectoryCaCertSecretArn": ("secretsmanager describe_secret SecretId", {"DeletedDate": None}),
    "DatabaseSnapshotArn": (
        "rds describe_db_cluster_snapshots DBClusterSnapshotIdentifier DBClusterSnapshots",
        {"Engine": "aurora-mysql", "Status": "available"},
    ),
    "ExistingFileSystemId": (
        "efs describe_file_systems FileSystemId FileSystems",
        {"LifeCycleState": "available", "NumberOfMountTargets": 0},
    ),
    "PermissionsBoundaryArn": ("iam get_policy PolicyArn Policy", {}),
}
FROZEN = {  # why an update must not change these parameters, or those that begin so
    "the subnets, and with them database, file systems and clusters, would be replaced": (
        *("VpcCidr", "VpcId", "PrivateSubnetId", "AvailabilityZone"),
    ),
    "data would be replaced by what is empty": ("KmsKeyArn", "DatabaseSnapshotArn", "LustreDeploymentType"),
    "the portal would lose its files": ("ExistingFileSystemId",),
    "the load balancer would be replaced, and its target group cannot follow it": ("LoadBalancerScheme",),
    "the other software does not find its files": ("PortalFlavor",),
    "ParallelCluster refuses that to a running cluster": ("ParallelClusterVersion", "HeadNodeInstanceType", "KeyName"),
}
BROUGHT = ("AdminPasswordSecretArn", "LicenseSecretArn", "DirectoryPasswordSecretArn", "DirectoryCaCertSecretArn")
Verdict = collections.namedtuple("Verdict", "check level text")  # level: ok, warning or fault
CHECKS = []  # (title, parameters, function)


class Warn(str):
    """A sentence that stops nothing."""


class Case:
    """A launch, or an update of the answers `old`, with a look into the account. `held`: zones of before."""

    def __init__(self, answers, region, session=None, zones=2, old=None, held=(), stack="", make=False):
        self.answers, self.old = (said and {str(k): str(v) for k, v in said.items()} for said in (answers, old))
        self.count, self.held, self.stack, self.make = zones, list(held)[:zones], stack, make
        self.zones = self.held or [*self.numbered("AvailabilityZone").values()]
        session = session or boto3.Session()
        self.region, self.partition = region, session.get_partition_for_region(region)
        self.clients, self.lock = functools.cache(session.client), threading.Lock()

    def __getitem__(self, name):
        """The answer to a question of the form; blank if it was not asked."""
        return self.answers.get(name, "")

    def number(self, name):
        return float(self[name] or 0)

    def numbered(self, *names):
        """The answers to NAME1, NAME2, ... of all `names`, but blanks."""
        every = [f"{name}{n}" for name in names for n in range(1, self.count + 1)]
        return {name: self[name] for name in every if self[name]}

    def concerns(self, names):
        """Whether this is a launch, or an update of one of `names`, or what begins so."""
        old = self.old
        return old is None or any(n.startswith(names) and old.get(n) != self[n] for n in self.answers)

    def client(self, service, region=None, config=CONFIG):
        with self.lock:  # unlike clients, sessions are not thread-safe
            return self.clients(service, region_name=region or self.region, config=config)

    def get(self, service, operation, region=None, **arguments):
        """The response, or None if there is no such thing."""
        try:
            return getattr(self.client(service, region), operation)(**arguments)
        except ClientError as error:
            if NOT_THERE.search(error.response["Error"]["Code"]):
                return None
            raise

    def all(self, service, operation, key, **arguments):
        """The items under `key` on all pages."""
        pages = self.client(service).get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]

    def thing(self, name):
        """What the answer `name` names, as AWS describes it, or None."""
        if not self[name]:
            return None
        service, operation, by, *key = THINGS[name][0].split()
        found = self.get(service, operation, **{by: [self[name]] if by.endswith("s") else self[name]})
        item = found and (found[key[0]] if key else found)
        return next(iter(item), None) if isinstance(item, list) else item

    @functools.cached_property
    def types(self):
        """The instance types in the answers, as EC2 describes them, by name."""
        wanted = only("instance-type", {self[name] for name in TYPES})
        found = self.all("ec2", "describe_instance_types", "InstanceTypes", Filters=wanted)
        return {item["InstanceType"]: item for item in found}

    @functools.cached_property
    def orderable(self):
        """The zones that offer the database's class in its version."""
        wanted = {"EngineVersion": self["DatabaseEngineVersion"], "DBInstanceClass": self["DatabaseInstanceClass"]}
        ask = ("rds", "describe_orderable_db_instance_options", "OrderableDBInstanceOptions")
        found = self.all(*ask, Engine="aurora-mysql", **wanted)
        return {zone["Name"] for option in found for zone in option["AvailabilityZones"]}

    @functools.cached_property
    def subnets(self):
        """The subnets in the answers, by id; none if one does not exist."""
        ids = self.numbered("PrivateSubnetId", "LoadBalancerSubnetId").values()
        found = self.get("ec2", "describe_subnets", SubnetIds=sorted({*ids})) or {"Subnets": []}
        return {subnet["SubnetId"]: subnet for subnet in found["Subnets"]}


def only(name, values):
    """A filter for EC2."""
    return [{"Name": name, "Values": sorted(values)}]


def release(version):
    """The numbers in a version, to compare."""
    return [int(number) for number in re.findall(r"\d+", version)]


def reads(*parameters):
    """Decorator: a check for launches, and for updates of one of `parameters`, or what begins so."""

    def register(function):
        CHECKS.append((function.__doc__, parameters, function))
        return function

    return register


@reads("AvailabilityZone", "PrivateSubnetId", *TYPES)
def zones(it):
    """Availability Zones offer every instance type"""
    found = it.client("ec2").describe_availability_zones()["AvailabilityZones"]
    offers = {z["ZoneName"]: set() for z in found if (z["State"], z["ZoneType"]) == ("available", "availability-zone")}
    ask = {"LocationType": "availability-zone", "Filters": only("instance-type", {it[name] for name in TYPES})}
    for offer in it.all("ec2", "describe_instance_type_offerings", "InstanceTypeOfferings", **ask):
        offers.get(offer["Location"], set()).add(offer["InstanceType"])
    wanted = set().union(*offers.values())
    for name in TYPES:
        if it[name] not in wanted:
            yield name, f"is not offered in {it.region}: choose another type."
    named = {f"AvailabilityZone{n}": zone for n, zone in enumerate(it.held, 1)} | it.numbered("AvailabilityZone")
    if it["VpcId"]:
        subnets = it.numbered("PrivateSubnetId").items()
        named = {name: it.subnets[subnet]["AvailabilityZone"] for name, subnet in subnets if subnet in it.subnets}
    for name, zone in named.items():
        if zone not in offers:
            yield name, f"is not in an available zone: choose among {', '.join(sorted(offers))}."
        elif wanted - offers[zone]:
            yield name, f"is in {zone}, without {', '.join(wanted - offers[zone])}: choose another zone or type."
    try:
        database = it.orderable or set(offers)
    except ClientError:  # the database's own check says so
        database = set(offers)
    fit = sorted(z for z in database & set(offers) if offers[z] >= wanted and z not in named.values())
    blank = [f"AvailabilityZone{n}" for n in range(1, it.count + 1) if f"AvailabilityZone{n}" not in named]
    if not it["VpcId"]:
        named.update(zip(blank, fit, strict=False))
        for name in blank[len(fit) :]:
            yield name, f"finds no zone left with {', '.join(wanted)} and the database: choose other types or class."
    it.zones = [zone for _, zone in sorted(named.items()) if zone in offers]


def fits(it, name):
    """The thing that an answer names exists, here, and is what it must be."""
    parts, found = it[name].split(":"), None
    if len(parts) > 5 and (parts[1] != it.partition or parts[3] not in ("", it.region)):
        yield name, f"is of another region or partition: give one of {it.region}."
    elif it[name]:
        found = it.thing(name)
        if not found:
            yield name, f"does not exist in {it.region}: correct it."
    for key, value in THINGS[name][1].items() if found else ():
        if found.get(key) != value:
            remedy = f"give one whose {key} is {value}." if value is not None else "restore it, or give another."
            yield name, f"has {key} {found.get(key)}: {remedy}"


CHECKS += [(f"{name} exists and fits", (name,), functools.partial(fits, name=name)) for name in THINGS]


@reads(*TYPES, "ComputeEfa")
def instance_types(it):
    """Instance types are x86-64; compute nodes have EFA if asked"""
    for name in TYPES:
        kind = it.types.get(it[name])
        if kind and "x86_64" not in kind["ProcessorInfo"]["SupportedArchitectures"]:
            yield name, "is not x86-64: choose another type."
        if kind and name[0] + it["ComputeEfa"] == "Cyes" and not kind["NetworkInfo"].get("EfaSupported"):
            yield name, "has no EFA: choose another type, or no for ComputeEfa."


def vcpus(it, name):
    """vCPUs of the instance type in the answer `name`."""
    return it.types[it[name]]["VCpuInfo"]["DefaultVCpus"] if it[name] in it.types else 0


# Quotas are looked at in a launch alone: later, what the stack itself uses would count twice.
VCPU_QUOTAS = {"g": "L-DB2E81BA", "p": "L-417A185B", "x": "L-7295265B", "f": "L-74FC7D96", "hpc": "L-F7808C92"}
LUSTRE_QUOTAS = {"SCRATCH_2": "L-AD2FC696", "PERSISTENT_1": "L-C8640C82", "PERSISTENT_2": "L-8F1B9C74"}


def quota(it, what, service, code, need, used):
    """Says if a quota, own or AWS's default, leaves no room."""
    own = it.get("service-quotas", "get_service_quota", ServiceCode=service, QuotaCode=code)
    found = own or it.client("service-quotas").get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)
    most = found["Quota"]["Value"]
    if need + used > most:
        yield f"{what}: {need:g} needed, {used:g} of {most:g} in use: ask for more in Service Quotas ({service} {code})."


@reads()
def vcpu_quotas(it):
    """vCPU quotas leave room for portal, head and least compute nodes, or a Spot node each"""
    need, used = collections.Counter(), collections.Counter()
    for name, nodes in zip(TYPES, (1, 1, it.number("ComputeMinNodes")), strict=True):
        need[quota_of(it[name])] += it.count * nodes * vcpus(it, name)
    live = only("instance-state-name", ["pending", "running"])
    for reservation in it.all("ec2", "describe_instances", "Reservations", Filters=live):
        for instance in reservation["Instances"]:
            cpu = instance.get("CpuOptions", {})
            if instance.get("InstanceLifecycle") != "spot":
                used[quota_of(instance["InstanceType"])] += cpu.get("CoreCount", 1) * cpu.get("ThreadsPerCore", 1)
    for code in need:
        yield from quota(it, "vCPUs", "ec2", code, need[code], used[code])
    if it.number("SpotMaxNodes"):
        yield from quota(it, "Spot vCPUs", "ec2", "L-34B43A08", it.count * vcpus(it, "ComputeInstanceType"), 0)


def quota_of(instance_type):
    """By the letters that the type begins with; most are standard."""
    return VCPU_QUOTAS.get(re.match("[a-z]*", instance_type)[0], "L-1216C47A")


@reads()
def network_quotas(it):
    """Room for a VPC and its NAT gateways' addresses"""
    if not it["VpcId"]:
        yield from quota(it, "VPCs", "vpc", "L-F678F1CE", 1, len(it.all("ec2", "describe_vpcs", "Vpcs")))
        used = len(it.client("ec2").describe_addresses()["Addresses"])
        yield from quota(it, "Elastic IP addresses", "ec2", "L-0263D0A3", it.count, used)


@reads()
def lustre_quota(it):
    """FSx for Lustre is offered, and has room"""
    kind = it["LustreDeploymentType"]
    same = kind.replace("SCRATCH_2", "SCRATCH")  # both types of scratch share a quota
    try:
        found = it.all("fsx", "describe_file_systems", "FileSystems")
    except EndpointConnectionError:
        raise Fault(f"FSx for Lustre is not offered in {it.region}: choose another region.") from None
    counted = (f for f in found if f.get("LustreConfiguration", {}).get("DeploymentType", "").startswith(same))
    need, used = it.count * it.number("LustreStorageCapacity"), sum(f["StorageCapacity"] for f in counted)
    yield from quota(it, "GiB of Lustre", "fsx", LUSTRE_QUOTAS[kind], need, used)


@reads()
def database_quota(it):
    """Room for the database"""
    for item in it.client("rds").describe_account_attributes()["AccountQuotas"]:
        name, used, most = item["AccountQuotaName"], item["Used"], item["Max"]
        need = {"DBClusters": 1, "DBInstances": it.count}.get(name, 0)
        if need and used + need > most:
            yield f"{name}: {need} needed, {used} of {most} in use: ask for more in Service Quotas (rds)."


@reads("LustreD", "LustreS")
def lustre(it):
    """Lustre's type and size exist in this region"""
    kind, size = it["LustreDeploymentType"], it.number("LustreStorageCapacity")
    # FSx's pages in the user guides of the China regions and of GovCloud
    if kind.startswith({"aws-cn": "SCRATCH", "aws-us-gov": "PERSISTENT_2"}.get(it.partition, "-")):
        yield "LustreDeploymentType", f"does not exist in {it.region}: choose PERSISTENT_1."
    if size != 1200 and (size <= 0 or size % 2400):
        yield "LustreStorageCapacity", "is no size of Lustre: choose 1200 or a multiple of 2400."


@reads("DatabaseM", "DatabaseInstanceClass", "DatabaseEngineVersion")
def database(it):
    """The database's version and class are offered"""
    if not it.orderable:
        found = it.all("rds", "describe_db_engine_versions", "DBEngineVersions", Engine="aurora-mysql")
        known = ", ".join(sorted((item["EngineVersion"] for item in found), key=release))
        kind = it["DatabaseInstanceClass"]
        yield (
            "DatabaseEngineVersion",
            f"is not offered as {kind}: choose another DatabaseInstanceClass or one of {known}.",
        )
    elif set(it.zones) - it.orderable:
        yield (
            "DatabaseInstanceClass",
            f"is not offered in all of {', '.join(it.zones)}: choose another class, or other zones.",
        )


@reads("DatabaseM", "ComputeM")
def ranges(it):
    """Least numbers are not above the most"""
    for least, most in (("DatabaseMinCapacity", "DatabaseMaxCapacity"), ("ComputeMinNodes", "ComputeMaxNodes")):
        if it.number(least) > it.number(most):
            yield least, f"is more than {most} {it[most]}: lower the one or raise the other."


@reads("AdminPasswordSecretArn")
def admin_secret(it):
    """The secret of efadmin's password fits"""
    name = "AdminPasswordSecretArn"
    found = it.get("secretsmanager", "get_secret_value", SecretId=it[name]) if it[name] else None
    if not found:
        return
    password = found.get("SecretString", "")
    with contextlib.suppress(ValueError):  # it may be plain text
        parsed = json.loads(password)
        password = parsed.get("password") if isinstance(parsed, dict) else password
    if not isinstance(password, str) or not password:
        yield name, 'holds no password: store it as plain text or as JSON with the key "password".'
    elif not all(re.search(kind, password) for kind in ("[A-Za-z]", "[0-9]", "[^A-Za-z0-9]", r"^[^\s\"'`:\\]+$")):
        yield name, "needs letters, digits and special characters, but no blank, quote, backslash or colon: change it."


@reads(*BROUGHT)
def secret_keys(it):
    """The secrets' own KMS keys can be used"""
    for name in BROUGHT:
        key = (it.thing(name) or {}).get("KmsKeyId", "/aws/")
        if "/aws/" in key:
            continue
        if name == "DirectoryPasswordSecretArn":
            yield name, f"is encrypted with KMS key {key}, and head nodes may use none: choose aws/secretsmanager."
            continue
        yield Warn(f"{name} has KMS key {key}: its policy must allow this account or the portal's role kms:Decrypt.")
        state = it.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        if state != "Enabled":
            yield name, f"is encrypted with KMS key {key}, which is {state}: enable it, or give another secret."


TEXTS = {  # what the directory's secrets hold
    "DirectoryPasswordSecretArn": r"(?![{])[^\x00-\x1f]+\n?",
    "DirectoryCaCertSecretArn": "(?s)(?!.*PRIVATE KEY).*-----BEGIN CERTIFICATE-----.*",
}


@reads("Directory")
def directory(it):
    """The directory's secrets hold a password and certificates"""
    for name, wanted in TEXTS.items():
        found = it.get("secretsmanager", "get_secret_value", SecretId=it[name]) if it[name] else None
        if found and not re.fullmatch(wanted, found.get("SecretString", "")):
            yield name, "must hold the password, or PEM certificates, and nothing else: store that as plain text."
    if it["DirectoryDomainAddr"]:  # this function is in no VPC
        yield Warn("Not checked: whether DirectoryDomainAddr answers. The portal nodes' logs will tell.")


@reads("CertificateArn", "DomainName")
def certificate(it):
    """The certificate is for the domain name"""
    found, domain = it.thing("CertificateArn"), it["DomainName"]
    names = {found["DomainName"], *found.get("SubjectAlternativeNames", [])} if found else {domain}
    if domain and not names & {domain, "*." + domain.partition(".")[2]}:
        yield "CertificateArn", f"is for {', '.join(sorted(names))}: give one for DomainName {domain}."


@reads("HostedZoneId", "DomainName", "CertificateArn")
def hosted_zone(it):
    """The hosted zone is public and fits the domain name, which is free"""
    zone, domain = it.thing("HostedZoneId"), it["DomainName"]
    if not zone:
        return
    name = zone["Name"].rstrip(".")
    if not f".{domain}".endswith("." + name):
        yield "HostedZoneId", f"is of {name}: give the zone that holds DomainName {domain}."
    if zone["Config"]["PrivateZone"] and not it["CertificateArn"]:
        yield "HostedZoneId", "is private, so no certificate can be validated in it: give a public zone."
    ask = {"HostedZoneId": it["HostedZoneId"], "StartRecordName": domain, "StartRecordType": "A", "MaxItems": "1"}
    records = [] if it.old else it.client("route53").list_resource_record_sets(**ask)["ResourceRecordSets"]
    if any(record["Name"] == domain + "." and record["Type"] in ("A", "CNAME") for record in records):
        yield "DomainName", "has a record in its zone: delete it, since the stack makes its own."


def room(it, name, free):
    """Says if `free` addresses in a private subnet are too few."""
    # twelve: portal, head node, mount targets, database, load balancer, nodes being replaced
    need = 12 + it.number("ComputeMaxNodes") + it.number("SpotMaxNodes")
    if free < need:
        yield name, f"leaves {free} private addresses and {need:g} are needed: take a larger range or fewer nodes."


@reads("VpcCidr")
def vpc_cidr(it):
    """The new VPC's address range is large enough"""
    if not it["VpcId"]:  # a private subnet is an eighth of it, and AWS takes five addresses
        yield from room(it, "VpcCidr", ipaddress.ip_network(it["VpcCidr"], strict=False).num_addresses // 8 - 5)


@reads("VpcId")
def existing_vpc(it):
    """The existing VPC has DNS support and host names"""
    for name in ("DnsSupport", "DnsHostnames") if it.thing("VpcId") else ():
        found = it.client("ec2").describe_vpc_attribute(VpcId=it["VpcId"], Attribute=f"enable{name}")
        if not found[f"Enable{name}"]["Value"]:
            yield "VpcId", f"has enable{name} off: switch it on."


@reads("VpcId", "PrivateSubnetId", "LoadBalancerSubnetId")
def existing_subnets(it):
    """The existing subnets are in the VPC, in distinct zones, with free addresses"""
    served = {it.subnets.get(subnet, {}).get("AvailabilityZone") for subnet in it.numbered("PrivateSubnetId").values()}
    for kind in ("PrivateSubnetId", "LoadBalancerSubnetId"):
        places = set()
        for name, subnet in it.numbered(kind).items():
            found = it.subnets.get(subnet, {"VpcId": ""})
            if found["VpcId"] != it["VpcId"]:
                yield name, f"is no subnet of {it['VpcId']}: choose one of that VPC."
            elif found["AvailabilityZone"] in places:
                yield name, "is in the zone of another: choose a subnet in each zone."
            elif kind == "PrivateSubnetId":
                yield from room(it, name, found["AvailableIpAddressCount"])
            elif found["AvailabilityZone"] not in served:
                yield name, "is in a zone without a private subnet: choose one in a zone of the private subnets."
            places.add(found.get("AvailabilityZone"))


@reads("VpcId", "PrivateSubnetId", "LoadBalancerS")
def routes(it):
    """The existing subnets have the routes they need"""
    mine, tables = only("vpc-id", {it["VpcId"]}), {True: []}
    for table in it.all("ec2", "describe_route_tables", "RouteTables", Filters=mine) if it["VpcId"] else ():
        tables.update((link.get("SubnetId", link.get("Main")), table["Routes"]) for link in table["Associations"])
    for name, subnet in it.numbered("PrivateSubnetId", "LoadBalancerSubnetId").items():
        live = [route for route in tables.get(subnet, tables[True]) if route["State"] == "active"]
        out = [route.get("GatewayId", "nat")[:3] for route in live if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        if name.startswith("LoadBalancer"):
            if it["LoadBalancerScheme"] != "internal" and "igw" not in out:
                yield (
                    name,
                    "has no route to an internet gateway: choose a public subnet or LoadBalancerScheme internal.",
                )
        elif not out or "igw" in out:
            yield name, "has no route out by NAT gateway or the like: add one or choose another subnet."
        elif not any(route.get("GatewayId", "").startswith("vpce-") for route in live):
            yield Warn(f"{name} {subnet} has no S3 gateway endpoint: S3 will cost NAT fees.")


@reads("ParallelClusterVersion")
def provider(it):
    """ParallelCluster's CloudFormation provider is published here"""
    key = f"parallelcluster/{it['ParallelClusterVersion']}/templates/custom_resource/cluster.yaml"
    try:  # it is public: preflight's permissions do not matter
        it.client("s3", config=ANONYMOUS).head_object(Bucket=f"{it.region}-aws-parallelcluster", Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("403", "404"):
            raise
        yield "ParallelClusterVersion", f"is not published in {it.region}: choose another."


@reads("ParallelClusterVersion", "PortalAmiId")
def machine_image(it):
    """ParallelCluster has a machine image for the portal"""
    if not it["PortalAmiId"]:
        newest_image(it)


def newest_image(it):
    """ParallelCluster's newest image, not deprecated if possible: its own rule."""
    named = only("name", [f"aws-parallelcluster-{it['ParallelClusterVersion']}-amzn2023-hvm-x86_64-*"])
    ask = {"Owners": ["amazon"], "Filters": named + only("state", ["available"]), "IncludeDeprecated": True}
    found = it.client("ec2").describe_images(**ask)["Images"]
    if not found:
        version = it["ParallelClusterVersion"]
        raise Fault(
            f"ParallelClusterVersion {version} has no image in {it.region}: choose another, or give PortalAmiId."
        )
    today = datetime.datetime.now(datetime.timezone.utc).isoformat()
    return max(found, key=lambda image: (image.get("DeprecationTime", "9") > today, image["CreationDate"]))["ImageId"]


def download(it, name):
    """The file is there, no web page; a small one has its checksum."""
    url, wanted, remedy = it[f"{name}Url"], it[f"{name}Sha256"], "correct it, or put the file into S3 and give s3://..."
    try:
        if url.startswith("s3://"):
            bucket, _, key = url[5:].partition("/")
            got = it.get("s3", "get_object", Bucket=bucket, Key=key)
            if not got:
                raise ValueError("there is no such object")
            body, length, kind = got["Body"], got["ContentLength"], got.get("ContentType", "")
        else:  # not HEAD, which some servers refuse; only headers come at once
            body = urllib.request.urlopen(url, timeout=8)
            length, kind = int(body.headers.get("Content-Length") or HASHED + 1), body.headers.get_content_type()
        with body:
            if length < SMALLEST or "html" in kind:
                yield f"{name}Url", f"answers with {length} bytes of {kind}, no archive: {remedy}"
            elif wanted and length <= HASHED and hashlib.sha256(body.read()).hexdigest() != wanted:
                yield f"{name}Sha256", f"is not that of {name}Url: correct it, or find out who changed the file."
    except (OSError, ValueError) as error:
        yield f"{name}Url", f"cannot be fetched ({error}): {remedy}"


DOWNLOADS = ("PortalInstaller", "JdbcDriver")
CHECKS += [(f"{name} can be fetched", (name,), functools.partial(download, name=name)) for name in DOWNLOADS]


@reads("Assets")
def release_files(it):
    """The release's files are where the answers say"""
    key = it["AssetsPrefix"] + "SHA256SUMS"
    found = it.get("s3", "get_object", it["AssetsBucketRegion"], Bucket=it["AssetsBucket"], Key=key)
    if not found or b"  userdata/portal" not in found["Body"].read():
        remedy = "correct AssetsBucket, AssetsBucketRegion or AssetsPrefix, or publish the release again."
        yield "AssetsBucket", f"has no whole release at {key}: {remedy}"


@reads("SpotMaxNodes")
def spot_role(it):
    """The service-linked role of Spot is there, or made: ParallelCluster's head node may not"""
    if it.number("SpotMaxNodes") and not it.get("iam", "get_role", RoleName="AWSServiceRoleForEC2Spot"):
        if it.make:
            it.client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")
        yield Warn("AWSServiceRoleForEC2Spot was missing: the launch makes it.")


@reads()
def stack_name(it):
    """The stack's name is short enough"""
    if len(it.stack) > 40:  # children's names add to it
        yield f"The stack's name {it.stack} has {len(it.stack)} characters: take one of at most 40."


def frozen(it):
    """Says which changes would replace or lose data."""
    before = it.old | {f"AvailabilityZone{n}": zone for n, zone in enumerate(it.held, 1)}
    for name, answer in it.answers.items():
        was = before.get(name, answer)
        if was == answer or (not answer and name.startswith("AvailabilityZone")):  # blank: the zone that is held
            continue
        for why, names in FROZEN.items():
            if name.startswith(names):
                yield name, f"cannot take the place of {was or 'a blank'}: {why}. Put the old answer back."
        if name in ("LustreStorageCapacity", "DatabaseEngineVersion") and release(answer) < release(was):
            yield name, f"is less than {was}, and there is no way back. Put the old answer back."


def run(title, function, it):
    """The verdicts of one check. Whatever keeps it from an answer is a warning and must not stop a launch."""
    found = []
    try:
        for text in function(it) or ():
            if not isinstance(text, str):  # the query of a URL may be a credential
                text = f"{text[0]} {it[text[0]].partition('?')[0] or '(blank)'} {text[1]}"
            found.append(Verdict(title, "warning" if isinstance(text, Warn) else "fault", text))
    except Fault as error:
        found.append(Verdict(title, "fault", str(error)))
    except Exception as error:
        found.append(Verdict(title, "warning", f"Not checked, so look yourself: {type(error).__name__} {error}"))
    return found or [Verdict(title, "ok", "")]


def check(answers, region, session=None, **more):
    """The verdicts on `answers`, for a shell; it makes nothing. `more`: see Case."""
    return judge(Case(answers, region, session, **more))


def judge(it):
    """The verdicts of all checks that concern `it`, which then has its zones."""
    end = time.monotonic() + SECONDS
    todo = [entry for entry in CHECKS if it.concerns(entry[1])]
    todo += [] if it.old is None else [("Nothing is replaced or lost", (), frozen)]
    pool, running = concurrent.futures.ThreadPoolExecutor(len(CHECKS) + 1), {}
    for title, _, function in todo:
        running[pool.submit(run, title, function, it)] = title
        if function is zones:  # the first, since others look at them
            concurrent.futures.wait(running, SECONDS / 2)
    done = concurrent.futures.wait(running, max(0, end - time.monotonic())).done
    pool.shutdown(wait=False, cancel_futures=True)
    late = ("warning", "Not checked, so look yourself: no answer in time")
    found = [at.result() if at in done else [Verdict(title, *late)] for at, title in running.items()]
    return [verdict for verdicts in found for verdict in verdicts]


@custom_resource
def handler(event):
    """Nothing is made that a Delete could remove."""
    if event["RequestType"] == "Delete":
        return None, {}
    work = {"Custom::Preflight": preflight, "Custom::ParallelClusterImage": portal_image}[event["ResourceType"]]
    old = event["OldResourceProperties"] if event["RequestType"] == "Update" else None
    return work(event, event["ResourceProperties"], old)


def answers_of(properties):
    """The answers by parameter; `Resolved` says what "auto" comes to."""
    return {**properties["Answers"], **properties["Resolved"]}


def preflight(event, properties, old):
    """Custom::Preflight."""
    session, stack = boto3.Session(), event["StackId"]
    held = re.findall("[^:,]+", event["PhysicalResourceId"])[1:] if old else ()  # of az:ZONE,ZONE
    parent = "".join(re.findall(":stack/(.+)-[^-/]+-[A-Z0-9]+/", stack))  # of PARENT-LogicalId-0123456789AB
    known = {"zones": int(properties["Zones"]), "old": old and answers_of(old), "held": held, "stack": parent}
    it = Case(answers_of(properties), session.region_name, session, **known, make=True)
    if not (old and rolling_back(it, stack)):
        verdicts = judge(it)
        for verdict in verdicts:
            LOG.info("%s: %s %s", *verdict)
        faults = [verdict.text for verdict in verdicts if verdict.level == "fault"]
        if faults:
            numbered = " ".join(f"({n}) {fault}" for n, fault in enumerate(faults, 1))
            raise Fault(f"Faults found: {len(faults)}, all in the log. {numbered}")
    if len(it.zones) < it.count:
        raise Fault(f"AWS does not list the zones of {it.region}: name one in each AvailabilityZone question.")
    cidr = (it.thing("VpcId") or {}).get("CidrBlock", it["VpcCidr"])
    data = {f"AvailabilityZone{n}": zone for n, zone in enumerate(it.zones, 1)}
    return "az:" + ",".join(it.zones), {**data, "NetworkCidr": cidr}


def rolling_back(it, stack):
    """Whether the stack returns to answers that were good."""
    try:
        return "ROLLBACK" in it.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        return LOG.warning("%s", error)


def portal_image(event, properties, old):
    """Custom::ParallelClusterImage: the image that is held, if no property changed."""
    asked = ("ParallelClusterVersion", "PortalAmiId", "PortalImageRefresh")
    found = event.get("PhysicalResourceId")
    if not old or any(old.get(name) != properties.get(name) for name in asked):
        it = Case({name: properties[name] for name in asked}, boto3.Session().region_name)
        found = it["PortalAmiId"] or newest_image(it)
    return found, {"ImageId": found}

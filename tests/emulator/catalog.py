"""What AWS offers in a region: images, instance types, database classes and versions, quotas.

The preflight checks ask for these before anything is made. ministack answers for a handful of types, whatever the
region, and has no service quotas. The lists of types by region are cfn-lint's; what a type has (architecture, vCPUs,
EFA) follows from its name well enough for the families that the form proposes.
"""

import functools
import importlib.metadata
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import get_region
from ministack.services import ec2, rds

from tests.emulator import account, schemas
from tests.emulator.patches import ZONES

Answer = tuple[int, Mapping[str, str], bytes]
QUOTA = 100_000.0  # of everything, unless a test sets another value
QUOTAS: dict[str, float] = {}
SIZES = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}
EFA = re.compile(
    r"(c5n\.(9|18)|c6i\.32|c6in\.(32|16)|c7i\.48|hpc\w+\.\d+|m6i\.32|m7i\.48|p\w+\.\d+|r6i\.32|g5\.48)xlarge"
)
AMAZON = "247102896272"  # publishes ParallelCluster's images
IMAGE = "ami-0c1a57e12ab5e1f0d"


@functools.cache
def _extension(folder: str, name: str) -> Any:
    return json.loads((schemas.data() / "extensions" / folder / f"{name}.json").read_text())


def instance_types() -> list[str]:
    """Every EC2 instance type of the request's region."""
    found: list[str] = _extension("aws_ec2_instance", "instancetype_enum").get(get_region(), {"enum": []})["enum"]
    return found


def database_classes() -> list[str]:
    """Every instance class that Aurora MySQL runs on in the request's region."""
    for rule in _extension("aws_rds_dbinstance", "dbinstanceclass_enum").get(get_region(), {"allOf": []})["allOf"]:
        if rule["if"]["properties"]["Engine"].get("const") == "aurora-mysql":
            found: list[str] = rule["then"]["properties"]["DBInstanceClass"]["enum"]
            return found
    return []


def database_versions() -> list[str]:
    """Every version of Aurora MySQL that has a patch level; older spellings are left out."""
    for rule in _extension("aws_rds_dbinstance", "engine_version")["allOf"]:
        if rule["if"]["properties"]["Engine"].get("const") == "aurora-mysql":
            known = rule["then"]["properties"]["EngineVersion"]["enum"]
            return [version for version in known if re.fullmatch(r"8\.\d\.mysql_aurora\.[\d.]+", str(version))]
    return []


def cpus(instance_type: str) -> int:
    """The vCPUs of an instance type, by its size."""
    size = instance_type.partition(".")[2]
    times = re.fullmatch(r"(\d+)xlarge", size)
    return 4 * int(times[1]) if times else SIZES.get(size, 96)


def architecture(instance_type: str) -> str:
    """arm64 for Graviton families (a g among the letters after the generation), x86_64 for all others."""
    return "arm64" if re.match(r"(a1|t4g|[a-z]+\d+g|im4g|is4g|x2g|hpc7g)", instance_type) else "x86_64"


def usage_classes(instance_type: str) -> str:
    """How an instance type is offered: most as Spot too (EC2 user guide, "Spot Instance quotas", names the families)."""
    classes = ["on-demand"] if re.match(r"(u|u\d+\w*|hpc\w+|mac\w*)[-.]", instance_type) else ["on-demand", "spot"]
    return "".join(f"<item>{each}</item>" for each in classes)


def _wanted(params: dict[str, Any]) -> set[str]:
    """The instance types that a request asks for, by id or by filter; empty for all."""
    named = set(ec2._parse_member_list(params, "InstanceType"))
    return named | set(ec2._parse_filters(params).get("instance-type", ()))


def _describe_instance_types(params: dict[str, Any]) -> Answer:
    wanted = _wanted(params)
    items = "".join(
        f"<item><instanceType>{name}</instanceType><currentGeneration>true</currentGeneration>"
        f"<supportedUsageClasses>{usage_classes(name)}</supportedUsageClasses>"
        f"<processorInfo><supportedArchitectures><item>{architecture(name)}</item></supportedArchitectures></processorInfo>"
        f"<vCpuInfo><defaultVCpus>{cpus(name)}</defaultVCpus><defaultCores>{cpus(name) // 2 or 1}</defaultCores>"
        f"<defaultThreadsPerCore>2</defaultThreadsPerCore></vCpuInfo>"
        f"<networkInfo><efaSupported>{str(bool(EFA.fullmatch(name))).lower()}</efaSupported></networkInfo></item>"
        for name in instance_types()
        if not wanted or name in wanted
    )
    answer: Answer = ec2._xml(200, "DescribeInstanceTypesResponse", f"<instanceTypeSet>{items}</instanceTypeSet>")
    return answer


def _describe_instance_type_offerings(params: dict[str, Any]) -> Answer:
    wanted, kind = _wanted(params), ec2._p(params, "LocationType") or "region"
    places = [f"{get_region()}{letter}" for letter in ZONES] if kind == "availability-zone" else [get_region()]
    items = "".join(
        f"<item><instanceType>{name}</instanceType><location>{place}</location><locationType>{kind}</locationType></item>"
        for name in instance_types()
        for place in places
        if not wanted or name in wanted
    )
    inner = f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>"
    answer: Answer = ec2._xml(200, "DescribeInstanceTypeOfferingsResponse", inner)
    return answer


def _dated_images(params: dict[str, Any]) -> Answer:
    """ministack's answer with the creation date that its images lack."""
    if account.hides_images():
        hidden: Answer = ec2._xml(200, "DescribeImagesResponse", "<imagesSet/>")
        return hidden
    status, headers, body = _stock_images(params)
    dated = b"<creationDate>2026-06-01T00:00:00.000Z</creationDate><imageState>"
    return status, headers, body.replace(b"<imageState>", dated)


def _orderable(params: dict[str, Any]) -> Answer:
    wanted = rds._p(params, "DBInstanceClass")
    version = rds._p(params, "EngineVersion")
    classes = [name for name in database_classes() if not wanted or name == wanted]
    if rds._p(params, "Engine") != "aurora-mysql" or (version and version not in database_versions()):
        classes = []
    zones = "".join(f"<AvailabilityZone><Name>{get_region()}{x}</Name></AvailabilityZone>" for x in ZONES)
    options = "".join(
        f"<OrderableDBInstanceOption><Engine>aurora-mysql</Engine><EngineVersion>{version}</EngineVersion>"
        f"<DBInstanceClass>{name}</DBInstanceClass><AvailabilityZones>{zones}</AvailabilityZones>"
        "</OrderableDBInstanceOption>"
        for name in classes
    )
    return _rds(
        "DescribeOrderableDBInstanceOptions", f"<OrderableDBInstanceOptions>{options}</OrderableDBInstanceOptions>"
    )


def _engine_versions(params: dict[str, Any]) -> Answer:
    if rds._p(params, "Engine") != "aurora-mysql":
        answer: Answer = _stock_versions(params)
        return answer
    wanted = rds._p(params, "EngineVersion")
    versions = "".join(
        f"<DBEngineVersion><Engine>aurora-mysql</Engine><EngineVersion>{version}</EngineVersion>"
        "<DBParameterGroupFamily>aurora-mysql8.0</DBParameterGroupFamily><Status>available</Status></DBEngineVersion>"
        for version in database_versions()
        if not wanted or version == wanted
    )
    return _rds("DescribeDBEngineVersions", f"<DBEngineVersions>{versions}</DBEngineVersions>")


def _account_quotas() -> Iterator[tuple[str, int]]:
    yield "DBClusters", len(rds._clusters)
    yield "DBInstances", len(rds._instances)
    yield "DBSubnetGroups", len(rds._subnet_groups)
    yield "DBClusterParameterGroups", len(rds._db_cluster_param_groups)


def _account_attributes(params: dict[str, Any]) -> Answer:
    quotas = "".join(
        f"<AccountQuota><AccountQuotaName>{name}</AccountQuotaName><Used>{used}</Used>"
        f"<Max>{int(QUOTAS.get(name, 40))}</Max></AccountQuota>"
        for name, used in _account_quotas()
    )
    return _rds("DescribeAccountAttributes", f"<AccountQuotas>{quotas}</AccountQuotas>")


def _cluster_snapshots(params: dict[str, Any]) -> Answer:
    """ministack's answer, also for a snapshot that is named by its ARN."""
    name = rds._p(params, "DBClusterSnapshotIdentifier")
    answer: Answer = _stock_snapshots({**params, "DBClusterSnapshotIdentifier": [name.rsplit(":", 1)[-1]]})
    return answer


def _rds(action: str, inner: str) -> Answer:
    answer: Answer = rds._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")
    return answer


def service_quota(request: Mapping[str, Any]) -> dict[str, Any]:
    """Service Quotas' GetServiceQuota and GetAWSDefaultServiceQuota."""
    code, service = request["QuotaCode"], request["ServiceCode"]
    return {"Quota": {"ServiceCode": service, "QuotaCode": code, "Value": QUOTAS.get(code, QUOTA), "Adjustable": True}}


_stock_images = ec2._ACTION_MAP["DescribeImages"]
_stock_snapshots = rds._ACTION_MAP["DescribeDBClusterSnapshots"]
_stock_versions = rds._ACTION_MAP["DescribeDBEngineVersions"]


def install() -> None:
    """Answer in ministack's place, and publish ParallelCluster's image of the installed version in every region."""
    version = importlib.metadata.version("aws-parallelcluster")
    name = f"aws-parallelcluster-{version}-amzn2023-hvm-x86_64-202606010000 2026-06-01T00-00-00.000Z"
    ec2._STUB_AMIS.append((IMAGE, name, "AWS ParallelCluster AMI for alinux2023", "", "/dev/xvda", AMAZON, "amazon"))
    ec2._ACTION_MAP.update(
        DescribeImages=_dated_images,
        DescribeInstanceTypes=_describe_instance_types,
        DescribeInstanceTypeOfferings=_describe_instance_type_offerings,
    )
    rds._ACTION_MAP.update(
        DescribeAccountAttributes=_account_attributes,
        DescribeDBClusterSnapshots=_cluster_snapshots,
        DescribeDBEngineVersions=_engine_versions,
        DescribeOrderableDBInstanceOptions=_orderable,
    )

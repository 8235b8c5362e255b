"""What AWS and the vendors answer where nothing is wrong, and how to make one of the answers bad."""

import datetime
import io
from collections.abc import Mapping
from typing import Any

from botocore.response import StreamingBody

from generator import MAX_ZONES
from testing.answers import ACCOUNT, DRIVER, INSTALLER, PEM, A
from testing.cloudformation import Page, Web


def s3_object(content: bytes, kind: str = "application/octet-stream") -> dict[str, Any]:
    """What GetObject answers."""
    return {
        "Body": StreamingBody(io.BytesIO(content), len(content)),
        "ContentLength": len(content),
        "ContentType": kind,
    }


def secrets(**texts: str) -> Any:
    """The text of every secret, but for `texts` by the end of their ARN."""
    known = {"ca-abcdef": PEM, **texts}
    return lambda asked: {"SecretString": known.get(asked["SecretId"].rsplit(":", 1)[1], "test123456!")}


def zone(name: str, kind: str = "availability-zone", state: str = "available") -> dict[str, str]:
    return {"ZoneName": name, "ZoneType": kind, "State": state}


def offerings(**lacking: str) -> Any:
    """All asked-for types in zones a to d, but those in `lacking`: {"d": "type"}; a type "*" is in no zone at all."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["LocationType"] == "availability-zone"
        types = [kind for kind in asked["Filters"][0]["Values"] if kind and kind != "m9z.xlarge"]
        places = [(kind, letter) for kind in types for letter in "abcd" if lacking.get(letter) != kind]
        return {"InstanceTypeOfferings": [{"InstanceType": k, "Location": f"us-east-1{z}"} for k, z in places]}

    return answer


NO_SPOT = ("u-6tb1.", "hpc7a.")


def instance_types(asked: dict[str, Any]) -> dict[str, Any]:
    found = []
    for kind in asked["Filters"][0]["Values"]:
        if kind and kind != "m9z.xlarge":
            architecture = "arm64" if kind.startswith("c7gn") else "x86_64"
            found.append(
                {
                    "InstanceType": kind,
                    "ProcessorInfo": {"SupportedArchitectures": [architecture]},
                    "SupportedUsageClasses": ["on-demand", *([] if kind.startswith(NO_SPOT) else ["spot"])],
                    "VCpuInfo": {"DefaultVCpus": 8},
                    "NetworkInfo": {"EfaSupported": kind == "hpc6a.48xlarge"},
                }
            )
    return {"InstanceTypes": found}


def quotas(**small: float) -> Any:
    """Ample quotas but the `small` ones, whose codes have an underscore for the hyphen."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        code = asked["QuotaCode"]
        return {"Quota": {"QuotaCode": code, "Value": small.get(code.replace("-", "_"), 100000.0)}}

    return answer


def image(name: str, created: str, deprecated: str = "2099-01-01T00:00:00.000Z") -> dict[str, str]:
    return {
        "ImageId": name,
        "CreationDate": created,
        "DeprecationTime": deprecated,
        "State": "available",
        "Architecture": "x86_64",
    }


def subnet(number: int, letter: str, free: int = 4000, vpc: str = "vpc-1") -> dict[str, Any]:
    return {
        "SubnetId": f"subnet-{number}",
        "VpcId": vpc,
        "AvailabilityZone": f"us-east-1{letter}",
        "AvailableIpAddressCount": free,
        "CidrBlock": f"10.9.{number}.0/24",
    }


def table(*subnets: str, **target: str) -> dict[str, Any]:
    """A route table of `subnets` (none: the main one) with a default route to `target` and one to S3's endpoint."""
    s3 = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"}
    out = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}
    links: list[dict[str, Any]] = [{"SubnetId": name, "Main": False} for name in subnets] or [{"Main": True}]
    return {"Associations": links, "Routes": [s3, out] if target else [s3]}


EDGE = {**table(GatewayId="igw-9"), "Associations": [{"GatewayId": "igw-1", "Main": False}]}  # of no subnet
PRIVATE = table("subnet-1", "subnet-2", NatGatewayId="nat-1")
PUBLIC = table("subnet-3", "subnet-4", GatewayId="igw-1")
ENDED = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
CERTIFICATE = {"Status": "ISSUED", "DomainName": "*.example.com", "NotAfter": ENDED.replace(year=2099)}
ZONE = {
    "Id": "/hostedzone/Z0123456789",
    "Name": "example.com.",
    "CallerReference": "r",
    "Config": {"PrivateZone": False},
}
EXISTING = {"VpcId": "vpc-1", "State": "available", "CidrBlock": "10.9.0.0/16", "DhcpOptionsId": "dopt-1"}
SERVERS = ("ns-1.awsdns-01.com", "ns-2.awsdns-02.net.")
SNAPSHOT = {"Engine": "aurora-mysql", "Status": "available", "EngineVersion": "8.0.mysql_aurora.3.10.3"}
KEY = {"KeyId": "k", "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"}


def efs(state: str = "available", targets: int = 0) -> dict[str, Any]:
    needed = {"OwnerId": ACCOUNT, "CreationToken": "t", "CreationTime": ENDED, "NumberOfMountTargets": targets}
    size = {"SizeInBytes": {"Value": 1}, "PerformanceMode": "generalPurpose", "Tags": []}
    return {"FileSystems": [{"FileSystemId": "fs-0123456789abcdef0", "LifeCycleState": state, **needed, **size}]}


def database_offers(*letters: str) -> dict[str, Any]:
    zones = [{"Name": f"us-east-1{letter}"} for letter in letters]
    return {"OrderableDBInstanceOptions": [{"AvailabilityZones": zones}] if zones else []}


def dhcp_options(*servers: str, domain: str = "ec2.internal") -> dict[str, Any]:
    """EC2's answer of DHCP options with these DNS servers."""
    values = {"domain-name-servers": servers, "domain-name": (domain,)}
    listed = [{"Key": key, "Values": [{"Value": value} for value in of_key]} for key, of_key in values.items()]
    return {"DhcpOptions": [{"DhcpOptionsId": "dopt-1", "DhcpConfigurations": listed}]}


def held(image_id: str) -> dict[str, Any]:
    """CloudFormation's answer of the resource that holds the portal's image."""
    status = {"ResourceStatus": "CREATE_COMPLETE", "ResourceType": "Custom::ParallelClusterImage"}
    return {"LogicalResourceId": "PortalImage", "PhysicalResourceId": image_id, "LastUpdatedTimestamp": ENDED, **status}


PROVIDER = b"""
Parameters:
  CustomLambdaRole:
  AdditionalIamPolicies:
Resources:
  PclusterCustomResourceBucket:
Outputs:
  ServiceToken:
"""
POLICIES = b"""
Parameters:
  EnableIamAdminAccess:
  PermissionsBoundaryPolicy:
    Description: ARN of a boundary
    AllowedPattern: "^(arn:.*:iam::.*:policy\\\\/([a-zA-Z0-9_-]+))|()$"
Outputs:
  ParallelClusterLambdaRoleArn:
"""


def stored(asked: dict[str, Any]) -> Any:
    """What GetObject answers of AWS's two templates, and of any other key: a release's manifest."""
    if asked["Key"].endswith("cluster.yaml"):
        return s3_object(PROVIDER)
    if asked["Key"].endswith("policies.yaml"):
        return s3_object(POLICIES)
    return s3_object(b"0" * 64 + b"  userdata/portal-0123456789ab.tar\n")


def good() -> dict[str, Any]:
    """The responses of an account in which nothing is wrong."""
    return {
        "DescribeAvailabilityZones": {
            "AvailabilityZones": [zone("us-east-1c"), zone("us-east-1-bos-1a", "local-zone"), zone("us-east-1b"),
                                  zone("us-east-1a"), zone("us-east-1d", state="impaired")]
        },
        "DescribeInstanceTypeOfferings": offerings(),
        "DescribeInstanceTypes": instance_types,
        "DescribeInstances": {"Reservations": []},
        "GetServiceQuota": quotas(),
        "DescribeVpcs": {"Vpcs": [EXISTING]},
        "DescribeDhcpOptions": dhcp_options("AmazonProvidedDNS"),
        "GetEbsDefaultKmsKeyId": {"KmsKeyId": "alias/aws/ebs"},
        "DescribeVpcBlockPublicAccessOptions": {"VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": "off"}},
        "GetAllowedImagesSettings": {"State": "disabled"},
        "DescribeSSLPolicies": {"SslPolicies": [{"Name": "TLS13"}]},
        **living_clusters(),
        "DescribeAddresses": {"Addresses": []},
        "DescribeFileSystems": lambda asked: efs() if "FileSystemId" in asked else {"FileSystems": []},
        "DescribeAccountAttributes": {
            "AccountQuotas": [{"AccountQuotaName": n, "Used": 1, "Max": 40} for n in ("DBInstances", "DBClusters")]
        },
        "DescribeOrderableDBInstanceOptions": database_offers(*"abc"),
        "DescribeDBEngineVersions": {"DBEngineVersions": [{"EngineVersion": SNAPSHOT["EngineVersion"]}]},
        "DescribeImages": {"Images": [image("ami-new", "2026-02-02"), image("ami-old", "2026-01-01")]},
        "GetObject": stored,
        "DescribeKeyPairs": {"KeyPairs": [{"KeyName": "mine"}]},
        "DescribeManagedPrefixLists": {"PrefixLists": [{"PrefixListId": "pl-0123456789abcdef0"}]},
        "DescribeCertificate": {"Certificate": CERTIFICATE},
        "GetHostedZone": {"HostedZone": ZONE, "DelegationSet": {"NameServers": [*SERVERS]}},
        "ListResourceRecordSets": {"ResourceRecordSets": [], "IsTruncated": False, "MaxItems": "1"},
        "DescribeKey": {"KeyMetadata": KEY},
        "DescribeSecret": {"Name": "license"},
        "GetSecretValue": secrets(),
        "DescribeDBClusterSnapshots": {"DBClusterSnapshots": [SNAPSHOT]},
        "GetPolicy": {"Policy": {"PolicyName": "boundary"}},
        "GetRole": {"Role": {"Path": "/", "RoleName": "r" * 16, "RoleId": "r" * 16, "Arn": f"{A}:iam::1:role/role", "CreateDate": ENDED}},  # noqa: E501
        "DescribeVpcAttribute": lambda asked: {
            "EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}
        },
        "DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b"), subnet(3, "a"), subnet(4, "b")]},
        "DescribeRouteTables": {"RouteTables": [PRIVATE, PUBLIC]},
    }  # fmt: skip


STOPPED = ("UPDATE_COMPLETE", "STOPPED")


def living_clusters(states: Mapping[str, tuple[str, str]] | None = None) -> dict[str, Any]:
    """The responses about clusters, of a deployment whose id begins with 0a1b2c3d: by name the status of stack and fleet.

    The portal's image is held there too, and the deployment's own stacks are being updated.
    """
    known = states or {f"hpc-0a1b2c3d-az{number}": STOPPED for number in range(1, MAX_ZONES + 1)}
    detail = {
        "LogicalResourceId": "ClustersStack",
        "ResourceType": "AWS::CloudFormation::Stack",
        "LastUpdatedTimestamp": ENDED,
        "ResourceStatus": "UPDATE_COMPLETE",
        "PhysicalResourceId": f"{A}:cloudformation:us-east-1:1:stack/hpc-ClustersStack-1A/0a1b2c3d-0-1-2-3",
    }

    def item(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["Key"] == {"Id": {"S": "COMPUTE_FLEET"}}
        fleet = known[asked["TableName"].removeprefix("parallelcluster-slurm-")][1]
        return {"Item": {"Id": {"S": "COMPUTE_FLEET"}, "Data": {"M": {"status": {"S": fleet}}}}}

    def stacks(asked: dict[str, Any]) -> dict[str, Any]:
        status = known.get(asked["StackName"], ("UPDATE_IN_PROGRESS", ""))[0]
        return {"Stacks": [{"StackName": "c", "CreationTime": ENDED, "StackStatus": status}]}

    def resource(asked: dict[str, Any]) -> dict[str, Any]:
        return {"StackResourceDetail": detail if asked["LogicalResourceId"] == "ClustersStack" else held("ami-new")}

    return {"DescribeStackResource": resource, "DescribeStacks": stacks, "GetItem": item}


def vendors() -> Web:
    """The vendors' servers, by address."""
    driver = Page(DRIVER, "application/gzip")
    return {"https://vendor.example/installer.jar": Page(INSTALLER), "https://vendor.example/driver.tar.gz": driver}

"""Everything that differs between the partitions aws, aws-cn and aws-us-gov: ARNs, URLs, principals, consoles, services.

Nothing outside this module writes `arn:`, `amazonaws` or `console.`, so that a template is right in every partition.
Facts that no pseudo parameter gives stand in two mappings; a template gets only the columns that it looks up.
"""

from __future__ import annotations

from typing import Any

from troposphere import FindInMap, Ref, Sub

from generator.cfn.template import StrictTemplate, Value
from generator.errors import GeneratorError

# The regions of AWS ParallelCluster 3.16.1 (`pcluster/resources/supported-regions`), without the isolated partitions.
REGIONS = {
    "aws": (
        *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1"),
        *("ap-southeast-2", "ap-southeast-3", "ap-southeast-5", "ap-southeast-7", "ca-central-1", "eu-central-1"),
        *("eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-south-1"),
        *("sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    ),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
}
PARTITIONS = tuple(REGIONS)

# Per partition. Console domains: AWS "Service endpoints" pages of the three partitions. Lustre: FSx for Lustre has no
# scratch file systems in China. Database: that the registry lists db.serverless for China is no proof that it can be had
# there, so `auto` is provisioned in that partition.
BY_PARTITION: dict[str, dict[str, str]] = {
    "ConsoleDomain": {
        "aws": "console.aws.amazon.com",
        "aws-cn": "console.amazonaws.cn",
        "aws-us-gov": "console.amazonaws-us-gov.com",
    },
    "LustreDeploymentType": {"aws": "SCRATCH_2", "aws-cn": "PERSISTENT_1", "aws-us-gov": "SCRATCH_2"},
    "DatabaseInstanceClass": {"aws": "db.serverless", "aws-cn": "db.r6g.large", "aws-us-gov": "db.serverless"},
    # The post-quantum policy is not known to exist in the China partition.
    "TlsPolicy": {
        "aws": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "aws-cn": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "aws-us-gov": "ELBSecurityPolicy-TLS13-1-2-2021-06",
    },
}

# Console host prefix, where it varies by region (AWS Management Console's guide).
CONSOLE_HOST = {"aws": "{region}."}
URL_SUFFIX = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
# How a region's name begins, of regions that are not listed above too: a bucket may be in any.
BEGINNINGS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso": "aws-iso",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}

# Accounts that write load balancers' access logs where the service principal is not known to exist (Elastic Load
# Balancing user guide, "Enable access logs"). The last one also serves as the fallback of the nested If.
LOG_DELIVERY_ACCOUNTS = {
    "us-gov-east-1": "190560391635",
    "us-gov-west-1": "048591011584",
    "cn-northwest-1": "037604701340",
    "cn-north-1": "638102146993",
}


def fact(template: StrictTemplate, column: str) -> FindInMap:
    """The value of `column` of BY_PARTITION in the stack's partition; adds the mapping to `template`."""
    template.add_mapping("Partition", {name: {column: BY_PARTITION[column][name]} for name in PARTITIONS})
    return FindInMap("Partition", Ref("AWS::Partition"), column)


def arn(service: str, resource: str, *, region: bool = True, account: bool = True, **variables: Any) -> Sub:
    """An ARN in the stack's own partition, region and account; `resource` may hold `${…}` variables.

    `region=False` or `account=False` leaves that part empty (S3, IAM, AWS-managed things).
    """
    where = "${AWS::Region}" if region else ""
    whose = "${AWS::AccountId}" if account else ""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{where}:{whose}:{resource}", **variables)


def bucket_arn(bucket: Value, key: str = "", **variables: Any) -> Sub:
    """The ARN of `bucket`, or of the objects under it that match `key`."""
    return Sub("arn:${AWS::Partition}:s3:::${BucketName}" + (f"/{key}" if key else ""), BucketName=bucket, **variables)


def object_arn(location: Value) -> Sub:
    """The ARN of the S3 object `location`, a bucket and a key with a slash between."""
    return Sub("arn:${AWS::Partition}:s3:::${Location}", Location=location)


def managed_policy(name: str) -> Sub:
    """The ARN of a policy that AWS manages."""
    return Sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{name}")


def root_principal(account: Value) -> Sub:
    """The principal that stands for a whole account."""
    return Sub("arn:${AWS::Partition}:iam::${Account}:root", Account=account)


def service_principal(service: str) -> Value:
    """The principal of a service: EC2's alone follows the URL suffix in China, the others' are the same everywhere."""
    return Sub("ec2.${AWS::URLSuffix}") if service == "ec2" else f"{service}.amazonaws.com"


def any_key() -> Sub:
    """The ARN of every KMS key of the region, another account's too."""
    return Sub("arn:${AWS::Partition}:kms:${AWS::Region}:*:key/*")


def via_service(service: str) -> Sub:
    """How KMS names a service of the region that calls it for somebody, for StringLike.

    The wildcard stands for the domain; only AWS sets this name, and only to services of its own.
    """
    return Sub(f"{service}.${{AWS::Region}}.*")


def secret_text(secret_arn: Value) -> Sub:
    """A dynamic reference to the whole text of a secret; CloudFormation resolves it where the resource is made."""
    return Sub("{{resolve:secretsmanager:${Secret}}}", Secret=secret_arn)


def s3_url(bucket: str, region: str, key: str) -> Sub:
    """The HTTPS URL of an S3 object, virtual-hosted, naming the *bucket's* region: S3 refuses another with a 301.

    All three may hold `${…}` variables.
    """
    return Sub(f"https://{bucket}.s3.{region}.${{AWS::URLSuffix}}/{key}")


def console_url(template: StrictTemplate, path: str, **variables: Any) -> Sub:
    """A link into the console of the stack's partition and region; `path` may hold `${…}` variables."""
    return Sub("https://${ConsoleDomain}/" + path, ConsoleDomain=fact(template, "ConsoleDomain"), **variables)


def gateway_service(service: str) -> Sub:
    """The name of a service for a gateway endpoint of a VPC: S3's and DynamoDB's are the same in every partition."""
    return Sub(f"com.amazonaws.${{AWS::Region}}.{service}")


def partition_of(region: str) -> str:
    """The partition of a region; raises GeneratorError for one that there are no templates for."""
    found = next((name for beginning, name in BEGINNINGS.items() if region.startswith(beginning)), "aws")
    if found not in PARTITIONS:
        raise GeneratorError(f"REGION {region} is in partition {found}: choose a region of {', '.join(PARTITIONS)}.")
    return found


def object_url(bucket: str, region: str, key: str) -> str:
    """The HTTPS URL of an S3 object, as `s3_url` without variables; `region` is the bucket's."""
    return f"https://{bucket}.s3.{region}.{URL_SUFFIX[partition_of(region)]}/{key}"


def console(region: str) -> str:
    """The console of a region, without a slash at its end."""
    partition = partition_of(region)
    host = CONSOLE_HOST.get(partition, "").format(region=region)
    return f"https://{host}{BY_PARTITION['ConsoleDomain'][partition]}"

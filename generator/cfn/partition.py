"""Everything that differs between the partitions aws, aws-cn and aws-us-gov: ARNs, URLs, principals, consoles, services.

Nothing outside this module writes `arn:`, `amazonaws` or `console.`, so that a template is right in every partition.
Facts that no pseudo parameter gives stand in two mappings; a template gets only the columns that it looks up.
"""

from __future__ import annotations

from typing import Any

from troposphere import FindInMap, Ref, Sub

from generator.cfn.regions import PARTITIONS, partition_of, url_suffix
from generator.cfn.template import StrictTemplate, Value

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


def object_url(bucket: str, region: str, key: str) -> str:
    """The HTTPS URL of an S3 object, as `s3_url` without variables; `region` is the bucket's."""
    return f"https://{bucket}.s3.{region}.{url_suffix(region)}/{key}"


def console(region: str) -> str:
    """The console of a region, without a slash at its end."""
    partition = partition_of(region)
    host = CONSOLE_HOST.get(partition, "").format(region=region)
    return f"https://{host}{BY_PARTITION['ConsoleDomain'][partition]}"

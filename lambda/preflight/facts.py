"""What preflight knows before it looks at anything: the answers that it reads, what they name, and which are frozen.

Plain data that needs nothing but the standard library. The function shares it with the generator, which derives from it
the function's properties and permissions and the table of updates. Names are those of the form's parameters; those that
are asked for each zone stand here without the number at their end.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

INSTANCE_TYPES = ("PortalInstanceType", "HeadNodeInstanceType", "ComputeInstanceType")
# The operator's own secrets. The portal and its nodes, not the function alone, must be able to read them.
OPERATOR_SECRETS = (
    "AdminPasswordSecretArn",
    "LicenseSecretArn",
    "DirectoryPasswordSecretArn",
    "DirectoryCaCertSecretArn",
)

# What no question asks and the template adds to the answers.
RESOLVED = ("TlsPolicy",)
# The answers that the clusters' configuration holds, and the changes of them that ParallelCluster makes only in clusters
# whose compute fleets are stopped: of any kind, to fewer nodes, to "no", or none.
ANY, FEWER, OFF, NONE = "any", "fewer", "off", "none"
OF_CLUSTERS = {
    "ComputeInstanceType": ANY,
    "ComputeMinNodes": FEWER,
    "ComputeMaxNodes": FEWER,
    "SpotMaxNodes": FEWER,
    "ComputeEfa": OFF,
    "SlurmAccounting": ANY,
    "DirectoryDomainName": ANY,
    "DirectoryDomainAddr": ANY,
    "DirectoryDomainReadOnlyUser": ANY,
    "DirectoryPasswordSecretArn": ANY,
    "DirectoryCaCertSecretArn": ANY,
    "DirectoryLdapAccessFilter": ANY,
    "DirectoryLdapSchema": ANY,
    "LogRetentionDays": NONE,
    "Tags": NONE,
}

# Every answer that a check reads. An update that changes none of them leaves preflight alone.
READ = (
    "AvailabilityZone",
    "LoadBalancerSubnetId",
    "PrivateSubnetId",
    "VpcCidr",
    "VpcId",
    "AccessPrefixListId",
    "LoadBalancerScheme",
    "CertificateArn",
    "DomainName",
    "HostedZoneId",
    "PortalFlavor",
    "PortalInstallerUrl",
    "PortalInstallerSha256",
    "JdbcDriverUrl",
    "JdbcDriverSha256",
    "PortalAmiId",
    "KeyName",
    *INSTANCE_TYPES,
    *OPERATOR_SECRETS,
    "DatabaseInstanceClass",
    "DatabaseMinCapacity",
    "DatabaseMaxCapacity",
    "DatabaseEngineVersion",
    "DatabaseSnapshotArn",
    "ExistingFileSystemId",
    "LustreDeploymentType",
    "LustreStorageCapacity",
    "KmsKeyArn",
    "ParallelClusterVersion",
    *(name for name in OF_CLUSTERS if name not in (*INSTANCE_TYPES, *OPERATOR_SECRETS)),
    "PermissionsBoundaryArn",
    "AssetsBucket",
    "AssetsBucketRegion",
    "AssetsPrefix",
    "PreflightWarnOnly",
    *RESOLVED,
)

# Why an update must not change these answers.
FROZEN = {
    **dict.fromkeys(
        ("VpcCidr", "VpcId", "PrivateSubnetId", "AvailabilityZone"),
        "the subnets would be replaced, and with them the database, the file systems and the clusters",
    ),
    **dict.fromkeys(
        ("KmsKeyArn", "DatabaseSnapshotArn", "LustreDeploymentType"),
        "an empty resource would replace the one that holds the data",
    ),
    "ExistingFileSystemId": "the portal would lose its files",
    "PermissionsBoundaryArn": "ParallelCluster may not change its roles' boundary, nor delete roles under another",
    "LoadBalancerScheme": "the load balancer would be replaced, and its target group cannot follow it",
    "PortalFlavor": "the other software does not find the files of this one",
    **dict.fromkeys(
        ("ParallelClusterVersion", "HeadNodeInstanceType", "KeyName"),
        "ParallelCluster cannot change that in a running cluster",
    ),
}
# Answers that an update may raise and must not lower.
GROWING = ("LustreStorageCapacity", "DatabaseEngineVersion")


class Thing(NamedTuple):
    """How to look up the thing that an answer names, and what AWS must say of it."""

    service: str
    operation: str
    argument: str
    key: str = ""
    """Where the description lies in the response; blank if it is the response."""
    required: Mapping[str, Any] = {}

    def arguments(self, answer: str) -> dict[str, Any]:
        """The operation's arguments; EC2 takes lists of names."""
        return {self.argument: [answer] if self.service == "ec2" else answer}


# The answers that name a thing.
THINGS = {
    "VpcId": Thing("ec2", "describe_vpcs", "VpcIds", "Vpcs", {"State": "available"}),
    "AccessPrefixListId": Thing("ec2", "describe_managed_prefix_lists", "PrefixListIds", "PrefixLists"),
    "KeyName": Thing("ec2", "describe_key_pairs", "KeyNames", "KeyPairs"),
    "PortalAmiId": Thing(
        "ec2", "describe_images", "ImageIds", "Images", {"State": "available", "Architecture": "x86_64"}
    ),
    "CertificateArn": Thing("acm", "describe_certificate", "CertificateArn", "Certificate", {"Status": "ISSUED"}),
    "HostedZoneId": Thing("route53", "get_hosted_zone", "Id", "HostedZone"),
    "KmsKeyArn": Thing(
        "kms", "describe_key", "KeyId", "KeyMetadata", {"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"}
    ),
    **dict.fromkeys(
        OPERATOR_SECRETS, Thing("secretsmanager", "describe_secret", "SecretId", required={"DeletedDate": None})
    ),
    "DatabaseSnapshotArn": Thing(
        "rds",
        "describe_db_cluster_snapshots",
        "DBClusterSnapshotIdentifier",
        "DBClusterSnapshots",
        {"Engine": "aurora-mysql", "Status": "available"},
    ),
    "ExistingFileSystemId": Thing(
        "efs",
        "describe_file_systems",
        "FileSystemId",
        "FileSystems",
        {"LifeCycleState": "available", "NumberOfMountTargets": 0},
    ),
    "PermissionsBoundaryArn": Thing("iam", "get_policy", "PolicyArn", "Policy"),
}

# Those that hold the operator's data: nothing may be made in their place.
HOLDS_DATA = ("DatabaseSnapshotArn", "ExistingFileSystemId")

# What this release uses of ParallelCluster's templates: parameters, outputs, and the logical id that names the bucket.
PROVIDER_TEMPLATES = {
    "custom_resource/cluster.yaml": (
        "CustomLambdaRole",
        "AdditionalIamPolicies",
        "PclusterCustomResourceBucket",
        "ServiceToken",
    ),
    "policies/policies.yaml": ("EnableIamAdminAccess", "PermissionsBoundaryPolicy", "ParallelClusterLambdaRoleArn"),
}

# Service-linked roles by name, and the service that takes each (IAM user guide, and each service's own).
SPOT_ROLE = "AWSServiceRoleForEC2Spot"
SERVICE_ROLES = {
    "AWSServiceRoleForAutoScaling": "autoscaling",
    "AWSServiceRoleForElasticLoadBalancing": "elasticloadbalancing",
    "AWSServiceRoleForRDS": "rds",
    "AWSServiceRoleForAmazonFSx": "fsx",
    SPOT_ROLE: "spot",
}

# What the function may do on any resource. The checks only read, and most of these actions know no narrower resource.
ACTIONS = (
    "acm:DescribeCertificate",
    "cloudformation:DescribeStackResource",
    "cloudformation:DescribeStacks",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeKeyPairs",
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcBlockPublicAccessOptions",
    "ec2:DescribeVpcs",
    "ec2:GetAllowedImagesSettings",
    "ec2:GetEbsDefaultKmsKeyId",
    "elasticfilesystem:DescribeFileSystems",
    "elasticloadbalancing:DescribeSSLPolicies",
    "fsx:DescribeFileSystems",
    "iam:GetPolicy",
    "iam:GetRole",
    "kms:DescribeKey",
    "rds:DescribeAccountAttributes",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeOrderableDBInstanceOptions",
    "route53:GetHostedZone",
    "route53:ListResourceRecordSets",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
)


def is_one_of(parameter: str, names: Collection[str]) -> bool:
    """Whether `names` hold the parameter, with or without the number of its zone."""
    return parameter in names or re.sub("[0-9]+$", "", parameter) in names


def frozen_because(parameter: str) -> str:
    """Why an update must not change the answer; blank if it may."""
    return next((why for name, why in FROZEN.items() if is_one_of(parameter, (name,))), "")

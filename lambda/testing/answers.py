"""Answers to the form: those of a plain launch, and further ones by what they are about."""

A = "arn:aws"
ACCOUNT = "123456789012"
INSTALLER, DRIVER = b"PK" * 9000, b"tar" * 9000
ANSWERS = {
    "AvailabilityZone1": "", "AvailabilityZone2": "", "VpcCidr": "10.0.0.0/16",
    "PortalAccessCidr": "203.0.113.0/24", "LoadBalancerScheme": "internet-facing",
    "PortalFlavor": "EnginFrame", "PortalInstallerUrl": "https://vendor.example/installer.jar",
    "JdbcDriverUrl": "https://vendor.example/driver.tar.gz", "PortalInstanceType": "t3.2xlarge",
    "DatabaseMode": "auto", "DatabaseMinCapacity": "0.5", "DatabaseMaxCapacity": "16",
    "DatabaseEngineVersion": "8.0.mysql_aurora.3.10.3", "LustreDeploymentType": "auto", "LustreStorageCapacity": "1200",
    "LustreThroughput": "50", "ParallelClusterVersion": "3.16.1", "HeadNodeInstanceType": "m6i.xlarge",
    "ComputeInstanceType": "c6i.2xlarge", "ComputeMinNodes": "0", "ComputeMaxNodes": "10", "SpotMaxNodes": "0",
    "ComputeEfa": "no", "AssetsBucket": "publisher", "AssetsBucketRegion": "eu-west-1", "AssetsPrefix": "hpc/v1/",
    "PreflightWarnOnly": "",
}  # fmt: skip
RESOLVED = {
    "DatabaseInstanceClass": "db.serverless",
    "LustreDeploymentType": "SCRATCH_2",
    "TlsPolicy": "TLS13",
}
NAMED = {
    "KeyName": "mine",
    "AccessPrefixListId": "pl-0123456789abcdef0",
    "PortalAmiId": "ami-0123456789abcdef0",
    "CertificateArn": f"{A}:acm:us-east-1:{ACCOUNT}:certificate/c",
    "DomainName": "hpc.example.com",
    "HostedZoneId": "Z0123456789",
    "KmsKeyArn": f"{A}:kms:us-east-1:{ACCOUNT}:key/k",
    "LicenseSecretArn": f"{A}:secretsmanager:us-east-1:{ACCOUNT}:secret:license-abcdef",
    "AdminPasswordSecretArn": f"{A}:secretsmanager:us-east-1:{ACCOUNT}:secret:admin-abcdef",
    "DatabaseSnapshotArn": f"{A}:rds:us-east-1:{ACCOUNT}:cluster-snapshot:s",
    "ExistingFileSystemId": "fs-0123456789abcdef0",
    "PermissionsBoundaryArn": f"{A}:iam::{ACCOUNT}:policy/boundary",
    "SpotMaxNodes": "5",
}
DIRECTORY = {
    "DirectoryPasswordSecretArn": f"{A}:secretsmanager:us-east-1:{ACCOUNT}:secret:reader-abcdef",
    "DirectoryCaCertSecretArn": f"{A}:secretsmanager:us-east-1:{ACCOUNT}:secret:ca-abcdef",
}
PEM = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"
VPC = {
    "VpcId": "vpc-1", "VpcCidr": "", "PrivateSubnetId1": "subnet-1", "PrivateSubnetId2": "subnet-2",
    "LoadBalancerSubnetId1": "subnet-3", "LoadBalancerSubnetId2": "subnet-4",
}  # fmt: skip

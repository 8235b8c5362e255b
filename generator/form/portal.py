"""Questions: the portal software and the nodes that it runs on."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, instance_type, number, optional, question

ENGINFRAME_INSTALLER = "https://dn3uclhgxk1jt.cloudfront.net/enginframe/packages/enginframe-latest.jar"


@dataclass(frozen=True)
class Portal(Group, title="Portal"):
    """The portal software and its nodes."""

    portal_flavor: Value = choice(
        "Portal software",
        "NICE EnginFrame (vendor support ended on 2025-09-25) or its successor EF Portal by NI SP, which needs a license.",
        "EnginFrame",
        "EFPortal",
    )
    portal_installer_url: Value = question(
        "Portal installer",
        "Location (https:// or s3://) of the portal's installer JAR.",
        default=ENGINFRAME_INSTALLER,
        pattern=patterns.whole(patterns.DOWNLOAD),
        constraint="Must be an https:// location on port 443, without a user's name, or an s3:// location.",
    )
    portal_installer_sha256: Value = optional(
        "Portal installer SHA-256",
        "Optional - SHA-256 of the installer. Leave blank to enforce that of the first download.",
        patterns.SHA256,
        "Must be 64 hexadecimal digits in lower case, or blank.",
    )
    jdbc_driver_url: Value = question(
        "JDBC driver",
        "Location (https:// or s3://) of MySQL Connector/J, the platform-independent .tar.gz.",
        default="https://dev.mysql.com/get/Downloads/Connector-J/mysql-connector-j-8.4.0.tar.gz",
        pattern=patterns.whole(patterns.DOWNLOAD),
        constraint="Must be an https:// location on port 443, without a user's name, or an s3:// location.",
    )
    jdbc_driver_sha256: Value = optional(
        "JDBC driver SHA-256",
        "Optional - SHA-256 of the archive. Leave blank to enforce that of the first download.",
        patterns.SHA256,
        "Must be 64 hexadecimal digits in lower case, or blank.",
    )
    license_secret_arn: Value = optional(
        "Portal license secret",
        "Optional - ARN of a secret with the text of EF Portal's license.ef. Leave blank for EnginFrame.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    admin_password_secret_arn: Value = optional(
        "Administrator password secret",
        "Optional - ARN of a secret with efadmin's password. Leave blank to generate one.",
        patterns.SECRET_ARN,
        "Must be a secret's ARN, or blank.",
    )
    portal_instance_type: Value = instance_type(
        "Portal instance type", "Instance type of the portal nodes.", "t3.2xlarge"
    )
    portal_volume_size: Value = number(
        "Portal root volume (GiB)",
        "Size of a portal node's root volume.",
        50,
        50,
        16384,
    )
    portal_ami_id: Value = optional(
        "Portal machine image",
        "Optional - Image built from ParallelCluster's Amazon Linux 2023. Leave blank to use ParallelCluster's own image.",
        patterns.IMAGE,
        "Must be an image's id such as ami-0123456789abcdef0, or blank.",
    )
    portal_image_refresh: Value = question(
        "Portal image refresh",
        "Change this text in an update to look up the newest image and replace the portal nodes.",
        default="1",
        pattern=patterns.whole(patterns.REFRESH),
        constraint="Must be 1 to 64 letters, digits, dots, hyphens or underscores.",
    )
    key_name: Value = optional(
        "SSH key pair",
        "Optional - EC2 key pair for portal and head nodes, such as my-key. Leave blank to use only Session Manager.",
        patterns.KEY_NAME,
        "Must be the name of a key pair of this region, or blank.",
    )

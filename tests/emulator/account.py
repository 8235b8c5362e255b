"""Settings of the account and the region that no template names, and what they do to a launch.

`SETTINGS` are those of an account in which nobody has changed any; `/_emulator/account` (PUT {name: value}) sets them.
EC2's words are those of its user guide and API reference.
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region, set_request_account_id
from ministack.services import alb, ec2, iam

from generator.cfn.regions import partition_of

Answer = tuple[int, Mapping[str, str], bytes]
EBS_ALIAS = "alias/aws/ebs"
UNTOUCHED: dict[str, Any] = {
    "ebs_default_key": EBS_ALIAS,
    "public_access": "off",  # VPC Block Public Access: off, block-ingress or block-bidirectional
    "allowed_images": "disabled",  # Allowed AMIs: disabled, audit-mode or enabled, which hides all images
    "tls_policies": [
        "ELBSecurityPolicy-2016-08",
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    ],
    "service_roles": True,  # whether services have been used, and have made their roles
}
SETTINGS: dict[str, Any] = dict(UNTOUCHED)
SERVICES = {
    "AutoScaling": "autoscaling",
    "ElasticLoadBalancing": "elasticloadbalancing",
    "RDS": "rds",
    "AmazonFSx": "fsx",
    "EC2Spot": "spot",
}
FIRST_OPTIONS = "dopt-00000001"
ENDS_AT_ONCE = "Client.InternalError: Client error on launch"


def set_settings(region: str, settings: Any) -> Any:
    """Change settings; those that are not named are as in an untouched account."""
    SETTINGS.clear()
    SETTINGS.update(UNTOUCHED, **settings)
    for name, service in SERVICES.items():
        if not SETTINGS["service_roles"]:
            iam._roles.pop(f"AWSServiceRoleFor{name}", None)
        elif service != "spot":
            _make_role(name, service)
    return settings


def volume_complaint(mapping: Mapping[str, Any]) -> str:
    """Why an instance with this block device ends at once; blank if it does not.

    An encrypted volume that names no key has the account's default one, to which Auto Scaling's role has no right.
    """
    volume = mapping.get("Ebs", {})
    key = volume.get("KmsKeyId") or SETTINGS["ebs_default_key"]
    return "" if key.endswith(EBS_ALIAS) or str(volume.get("Encrypted")).lower() != "true" else ENDS_AT_ONCE


def hides_images() -> bool:
    """Whether Allowed AMIs hides every image."""
    return bool(SETTINGS["allowed_images"] == "enabled")


def _make_role(name: str, service: str) -> None:
    role, path = f"AWSServiceRoleFor{name}", f"/aws-service-role/{service}.amazonaws.com/"
    trusted = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam._roles[role] = {
        "RoleName": role,
        "Arn": f"arn:{partition_of(get_region())}:iam::{get_account_id()}:role{path}{role}",
        "RoleId": f"AROA{role.upper():Z<17.17}",
        "CreateDate": iam._now(),
        "Path": path,
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [trusted]}),
        "Description": "",
        "MaxSessionDuration": 3600,
        "AttachedPolicies": [],
        "InlinePolicies": {},
        "Tags": [],
    }


def _create_service_linked_role(params: dict[str, Any]) -> Answer:
    """With the role's real name, and IAM's own words where it exists."""
    service = iam._p(params, "AWSServiceName").removesuffix(".amazonaws.com")
    name = next((name for name, of_service in SERVICES.items() if of_service == service), "")
    if not name:
        answer: Answer = _stock_create_role(params)
        return answer
    role = f"AWSServiceRoleFor{name}"
    if role in iam._roles:
        text = f"Service role name {role} has been taken in this account, please try a different suffix."
        refused: Answer = iam._error(400, "InvalidInput", text, ns="iam")
        return refused
    _make_role(name, service)
    made: Answer = iam._IAM_HANDLERS["GetRole"]({**params, "RoleName": [role]})
    status, headers, body = made
    return status, headers, body.replace(b"GetRole", b"CreateServiceLinkedRole")


def _ebs_default(params: dict[str, Any]) -> Answer:
    return _ec2("GetEbsDefaultKmsKeyId", f"<kmsKeyId>{SETTINGS['ebs_default_key']}</kmsKeyId>")


def _public_access(params: dict[str, Any]) -> Answer:
    mode = f"<internetGatewayBlockMode>{SETTINGS['public_access']}</internetGatewayBlockMode>"
    options = f"<awsAccountId>{get_account_id()}</awsAccountId><awsRegion>{get_region()}</awsRegion>{mode}"
    return _ec2(
        "DescribeVpcBlockPublicAccessOptions", f"<vpcBlockPublicAccessOptions>{options}</vpcBlockPublicAccessOptions>"
    )


def _allowed_images(params: dict[str, Any]) -> Answer:
    return _ec2("GetAllowedImagesSettings", f"<state>{SETTINGS['allowed_images']}</state>")


def _tls_policies(params: dict[str, Any]) -> Answer:
    wanted = alb._parse_member_list(params, "Names")
    if any(name not in SETTINGS["tls_policies"] for name in wanted):
        refused: Answer = alb._error("SSLPolicyNotFound", "One or more SSL policies not found", 400)
        return refused
    members = "".join(f"<member><Name>{name}</Name></member>" for name in wanted or SETTINGS["tls_policies"])
    answer: Answer = alb._xml(200, "DescribeSSLPolicies", f"<SslPolicies>{members}</SslPolicies>")
    return answer


def _ec2(action: str, inner: str) -> Answer:
    answer: Answer = ec2._xml(200, f"{action}Response", inner)
    return answer


def _dhcp_options(params: dict[str, Any]) -> Answer:
    """Also of the options that every VPC has at first, which ministack names and does not know."""
    status, headers, body = _stock_dhcp_options(params)
    wanted = ec2._parse_member_list(params, "DhcpOptionsId")
    if wanted and FIRST_OPTIONS not in wanted:
        return status, headers, body
    values = {"domain-name": f"{get_region()}.compute.internal", "domain-name-servers": "AmazonProvidedDNS"}
    configurations = "".join(
        f"<item><key>{key}</key><valueSet><item><value>{value}</value></item></valueSet></item>"
        for key, value in values.items()
    )
    own = f"<dhcpOptionsId>{FIRST_OPTIONS}</dhcpOptionsId><dhcpConfigurationSet>{configurations}</dhcpConfigurationSet>"
    begin, end = b"<dhcpOptionsSet>", b"</dhcpOptionsSet>"
    return status, headers, body.replace(end, f"<item>{own}</item>".encode() + end) if begin in body else body


_stock_dhcp_options = ec2._ACTION_MAP["DescribeDhcpOptions"]
_stock_create_role = iam._create_service_linked_role


def install() -> None:
    """Answer what ministack does not know, for an account that has used AWS's services."""
    ec2._ACTION_MAP.update(
        GetEbsDefaultKmsKeyId=_ebs_default,
        DescribeVpcBlockPublicAccessOptions=_public_access,
        GetAllowedImagesSettings=_allowed_images,
        DescribeDhcpOptions=_dhcp_options,
    )
    iam._IAM_HANDLERS["CreateServiceLinkedRole"] = _create_service_linked_role
    alb._ACTION_MAP["DescribeSSLPolicies"] = _tls_policies
    set_request_account_id("")
    set_settings("", {})

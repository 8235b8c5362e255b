"""templates/cluster.yaml as ParallelCluster receives it: intrinsics resolved, every scalar a string.

The tests of the cluster's configuration start from here. Nothing in this module talks to AWS.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from generator.text.yaml import load_yaml

SOURCE = Path(__file__).parents[2] / "templates" / "cluster.yaml"
CLUSTER_NAME = "hpc-0123abcd-az1"

# What the other tiers hand to zone 1 of a deployment in us-east-1, and the form's defaults.
PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "ClusterScripts": "userdata/cluster-0123456789ab",
    "ComputeEfa": "no",
    "ComputeInstanceType": "c6i.2xlarge",
    "ComputeMaxNodes": "10",
    "ComputeMinNodes": "0",
    "ComputeNodeSecurityGroupId": "sg-0c0c0c0c0c0c0c0c0",
    "DatabaseEndpoint": "aurora.cluster-abc.us-east-1.rds.amazonaws.com",
    "DatabaseMasterUsername": "hpcadmin",
    "DatabasePort": "3306",
    "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-AbCdEf",
    "DirectoryCaCertSecretArn": "",
    "DirectoryDomainAddr": "ldaps://dc1.corp.example.com,ldaps://dc2.corp.example.com",
    "DirectoryDomainName": "corp.example.com",
    "DirectoryDomainReadOnlyUser": "CN=reader,OU=Users,DC=corp,DC=example,DC=com",
    "DirectoryLdapAccessFilter": "",
    "DirectoryLdapSchema": "AD",
    "DirectoryPasswordSecretArn": "",
    "FileSystemId": "fs-0e0e0e0e0e0e0e0e0",
    "HeadNodeSecurityGroupId": "sg-0a0a0a0a0a0a0a0a0",
    "HeadNodeInstanceType": "m6i.xlarge",
    "KeyName": "",
    "LocalAssetsBucket": "portal-assets-0123456789ab",
    "LogRetentionDays": "90",
    "LustreId": "fs-0f0f0f0f0f0f0f0f0",
    "MungeSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:munge-AbCdEf",
    "NodePolicyArn": "arn:aws:iam::123456789012:policy/parallelcluster/node-policy",
    "PermissionsBoundaryArn": "",
    "PrivateSubnetId": "subnet-0b0b0b0b0b0b0b0b0",
    "SlurmAccounting": "yes",
    "SpotMaxNodes": "0",
    "VpcCidr": "10.0.0.0/16",
    "ZoneNumber": "1",
}
# Answers that switch each condition of the file on, and the answers that switch it off.
SWITCHES = {
    "AccountingWanted": ({"SlurmAccounting": "yes"}, {"SlurmAccounting": "no"}),
    "BoundaryGiven": (
        {"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary"},
        {"PermissionsBoundaryArn": ""},
    ),
    "DirectoryCaGiven": (
        {"DirectoryCaCertSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf"},
        {"DirectoryCaCertSecretArn": ""},
    ),
    "DirectoryFilterGiven": (
        {"DirectoryLdapAccessFilter": "(memberOf=CN=hpc,OU=Groups,DC=corp,DC=example,DC=com)"},
        {"DirectoryLdapAccessFilter": ""},
    ),
    "DirectoryGiven": (
        {"DirectoryPasswordSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:directory-AbCdEf"},
        {"DirectoryPasswordSecretArn": ""},
    ),
    "DirectoryIdsMapped": ({"DirectoryLdapSchema": "AD"}, {"DirectoryLdapSchema": "AD-POSIX"}),
    "EfaWanted": ({"ComputeEfa": "yes", "ComputeInstanceType": "c6i.32xlarge"}, {"ComputeEfa": "no"}),
    "KeyGiven": ({"KeyName": "operators"}, {"KeyName": ""}),
    "SpotWanted": ({"SpotMaxNodes": "20"}, {"SpotMaxNodes": "0"}),
}

_ABSENT = object()


def source() -> dict[str, Any]:
    """templates/cluster.yaml with CloudFormation's long forms ({"Ref": ...}, {"Fn::Sub": ...})."""
    found: dict[str, Any] = load_yaml(SOURCE.read_text())
    return found


def conditions(parameters: dict[str, str]) -> dict[str, bool]:
    """The file's conditions under these parameters, as the cluster tier defines them."""
    return {
        "AccountingWanted": parameters["SlurmAccounting"] == "yes",
        "BoundaryGiven": parameters["PermissionsBoundaryArn"] != "",
        "DirectoryCaGiven": parameters["DirectoryCaCertSecretArn"] != "",
        "DirectoryFilterGiven": parameters["DirectoryLdapAccessFilter"] != "",
        "DirectoryGiven": parameters["DirectoryPasswordSecretArn"] != "",
        "DirectoryIdsMapped": parameters["DirectoryLdapSchema"] == "AD",
        "EfaWanted": parameters["ComputeEfa"] == "yes",
        "KeyGiven": parameters["KeyName"] != "",
        "SpotWanted": parameters["SpotMaxNodes"] != "0",
    }


def configuration(**changes: str) -> dict[str, Any]:
    """The configuration that ParallelCluster receives.

    `changes` replaces values of PARAMETERS (pseudo parameters: `**{"AWS::Region": ...}`). A name that the file uses
    and PARAMETERS lacks is a KeyError.
    """
    parameters = PARAMETERS | changes
    return dict(_resolve(source(), parameters, conditions(parameters)))


def names_used(node: Any = None) -> tuple[set[str], set[str]]:
    """Parameters (with pseudo parameters) and conditions that the file uses."""
    parameters: set[str] = set()
    used_conditions: set[str] = set()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            for key, value in part.items():
                if key == "Ref":
                    parameters.add(value)
                elif key == "Fn::Sub":
                    parameters.update(re.findall(r"\$\{([^}!]+)}", value))
                elif key == "Fn::If":
                    used_conditions.add(value[0])
                walk(value)
        elif isinstance(part, list):
            for item in part:
                walk(item)

    walk(source())
    return parameters, used_conditions


def _resolve(node: Any, parameters: dict[str, str], truths: dict[str, bool]) -> Any:
    """`node` as CloudFormation would send it to a custom resource."""
    if isinstance(node, list):
        items = [_resolve(item, parameters, truths) for item in node]
        return [item for item in items if item is not _ABSENT]
    if not isinstance(node, dict):
        return str(node).lower() if isinstance(node, bool) else str(node)
    if len(node) == 1:
        name, argument = next(iter(node.items()))
        if name == "Ref":
            return _ABSENT if argument == "AWS::NoValue" else parameters[argument]
        if name == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)}", lambda match: parameters[match[1]], argument)
        if name == "Fn::If":
            condition, chosen, other = argument
            return _resolve(chosen if truths[condition] else other, parameters, truths)
        if name == "Fn::Join":
            return argument[0].join(_resolve(argument[1], parameters, truths))
        if name == "Fn::Select":
            return _resolve(argument[1], parameters, truths)[int(argument[0])]
        if name == "Fn::Split":
            return _resolve(argument[1], parameters, truths).split(argument[0])
    resolved = {key: _resolve(value, parameters, truths) for key, value in node.items()}
    return {key: value for key, value in resolved.items() if value is not _ABSENT}


def sssd_domain(directory: dict[str, Any]) -> dict[str, str]:
    """The options of sssd's domain that ParallelCluster makes of its DirectoryService, but for the password.

    As recipes/config/directory_service.rb of aws-parallelcluster-cookbook has them.
    """
    name = directory["DomainName"]
    base = name if "=" in name else ",".join(f"DC={part}" for part in name.split("."))
    options = {
        "id_provider": "ldap",
        "ldap_schema": "AD",
        "ldap_uri": directory["DomainAddr"],
        "ldap_search_base": base,
        "ldap_default_bind_dn": directory["DomainReadOnlyUser"],
        "ldap_tls_reqcert": directory["LdapTlsReqCert"],
        "cache_credentials": "True",
        "default_shell": "/bin/bash",
        "fallback_homedir": "/home/%u",
        "ldap_id_mapping": "True",
        "ldap_referrals": "False",
        "use_fully_qualified_names": "False",
    }
    if "LdapTlsCaCert" in directory:
        options["ldap_tls_cacert"] = directory["LdapTlsCaCert"]
    if "LdapAccessFilter" in directory:
        options |= {"access_provider": "ldap", "ldap_access_filter": directory["LdapAccessFilter"]}
    return {**options, **directory["AdditionalSssdConfigs"]}

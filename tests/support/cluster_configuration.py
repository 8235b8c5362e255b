"""templates/cluster.yaml as ParallelCluster receives it: intrinsics resolved, every scalar a string.

The tests of the cluster's configuration start from here. Nothing in this module talks to AWS.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any
from unittest import mock

from generator.cfn.references import references
from generator.release.cluster_configuration import Configuration
from generator.text.sources import ROOT, Sources
from generator.tiers.clusters import CONFIGURATION
from tests.support.built import questions, templates

SOURCE = ROOT / CONFIGURATION
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


def source() -> dict[str, Any]:
    """templates/cluster.yaml with CloudFormation's long forms ({"Ref": ...}, {"Fn::Sub": ...})."""
    found: dict[str, Any] = Sources().yaml(CONFIGURATION).content
    return found


def conditions(parameters: Mapping[str, str]) -> dict[str, bool]:
    """The file's conditions under these parameters, as the clusters' template defines them."""
    defined = templates()["clusters"]["Conditions"]

    def value(node: Any) -> Any:
        if isinstance(node, list):
            return [value(item) for item in node]
        if not isinstance(node, dict):
            return node
        ((name, argument),) = node.items()
        if name == "Ref":
            return parameters[argument]
        if name == "Condition":
            return value(defined[argument])
        operands = [value(item) for item in argument]
        return {
            "Fn::Equals": lambda: str(operands[0]) == str(operands[1]),
            "Fn::Not": lambda: not operands[0],
            "Fn::And": lambda: all(operands),
            "Fn::Or": lambda: any(operands),
            "Fn::Join": lambda: operands[0].join(operands[1]),
            "Fn::Split": lambda: operands[1].split(operands[0]),
            "Fn::Select": lambda: operands[1][operands[0]],
        }[name]()

    return {name: value(body) for name, body in defined.items()}


def configuration(**changes: str) -> dict[str, Any]:
    """The configuration that ParallelCluster receives.

    `changes` replaces values of PARAMETERS (pseudo parameters: `**{"AWS::Region": ...}`). A parameter that the file uses
    and PARAMETERS lacks has the form's default, or an example of its kind.
    """
    unresolved = Configuration.with_examples(source())
    asked = {name: str(question.default) for name, question in questions(1).items()}
    parameters = {**asked, **unresolved.values, **PARAMETERS, **changes}
    found: dict[str, Any] = unresolved.resolve(conditions(parameters), **parameters).content
    return found


def everything() -> dict[str, Any]:
    """The configuration with all optional parts."""
    return configuration(**{name: value for on, _ in SWITCHES.values() for name, value in on.items()})


def queues(resolved: dict[str, Any]) -> list[dict[str, Any]]:
    """The queues of a resolved configuration."""
    found: list[dict[str, Any]] = resolved["Scheduling"]["SlurmQueues"]
    return found


def item(items: list[Any], which: str) -> Any:
    """The item of that name or, for a number, at that place."""
    return items[int(which)] if which.isdigit() else next(one for one in items if one["Name"] == which)


def scalars(node: Any) -> list[Any]:
    """Every leaf under `node`."""
    if isinstance(node, dict):
        return [leaf for value in node.values() for leaf in scalars(value)]
    if isinstance(node, list):
        return [leaf for item in node for leaf in scalars(item)]
    return [node]


def load(resolved: dict[str, Any]) -> Any:
    """Pass a configuration through ParallelCluster's schema; raises ValidationError."""
    from pcluster.schemas.cluster_schema import ClusterSchema

    with mock.patch.dict(os.environ, AWS_DEFAULT_REGION="us-east-1"):
        return ClusterSchema(cluster_name=CLUSTER_NAME).load(copy.deepcopy(resolved))


def names_used() -> tuple[set[str], set[str]]:
    """Parameters (with pseudo parameters) and conditions that the file uses."""
    found = list(references(source()))
    parameters, used = ({one.name for one in found if one.kind == kind} for kind in ("name", "condition"))
    return parameters, used


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

"""AWS's own templates as the emulator publishes them: that of ParallelCluster's provider, and that of its policies.

Parameters, patterns, conditions, outputs, logical ids and what is named or not are those of custom_resource/cluster.yaml
and policies/parallelcluster-policies.yaml of aws/aws-parallelcluster. Plain data: the tests read it too.
"""

from pathlib import Path
from typing import Any

Json = dict[str, Any]
SUFFIX = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
SHORT = {"Fn::Select": [0, {"Fn::Split": ["-", SUFFIX]}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
KEY = "parallelcluster/{version}/templates/custom_resource/cluster.yaml"
POLICIES_KEY = "parallelcluster/{version}/templates/policies/policies.yaml"


def _code() -> str:
    """The function's text, with that of the module it imports in place of the import."""
    folder = Path(__file__).parent
    line = "from judge import Refused, api, check, check_update, fleet, table_of\n"
    return (folder / "function.py").read_text().replace(line, (folder / "judge.py").read_text())


def _allow(actions: list[str], resources: list[Any]) -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}


def _arn(rest: str) -> Json:
    return {"Fn::Sub": "arn:${AWS::Partition}:" + rest}


def _function(code: str, role: Any, **properties: Any) -> Json:
    body = {"Code": {"ZipFile": code}, "Handler": "index.handler", "Runtime": "python3.12", "Timeout": 60}
    return {"Type": "AWS::Lambda::Function", "Properties": {**body, "Role": role, **properties}}


def template(version: str) -> Json:
    """The provider's template, with functions of ours.

    Like the real one it uses a macro, so that whoever deploys it must have acknowledged CAPABILITY_AUTO_EXPAND. The layer
    with ParallelCluster is missing.
    """
    published = {
        "Fn::Sub": "https://${AWS::Region}-aws-parallelcluster.s3.${AWS::Region}.${AWS::URLSuffix}/"
        + POLICIES_KEY.format(version=version)
    }
    bucket = {"Ref": "PclusterCustomResourceBucket"}
    role = {"Fn::If": ["CustomRole", {"Ref": "CustomLambdaRole"}, {"Fn::GetAtt": ["PclusterLambdaRole", "Arn"]}]}
    basic = _arn("iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    outputs = ("ParallelClusterClusterPolicy1", "ParallelClusterClusterPolicy2", "DefaultParallelClusterIamAdminPolicy")
    attached = [
        basic,
        *({"Fn::GetAtt": ["PclusterPolicies", f"Outputs.{name}"]} for name in outputs),
        {"Ref": "EventsPolicy"},
        {"Ref": "S3Policy"},
    ]
    both = {"Fn::Split": [",", {"Fn::Join": [",", [*attached, {"Fn::Join": [",", {"Ref": "AdditionalIamPolicies"}]}]]}]}
    rules = ["events:PutRule", "events:DeleteRule", "events:PutTargets", "events:RemoveTargets"]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::LanguageExtensions",
        "Description": f"Stand-in of the AWS ParallelCluster {version} cluster custom resource provider",
        "Parameters": {
            "CustomLambdaRole": {"Type": "String", "Default": ""},
            "AdditionalIamPolicies": {"Type": "CommaDelimitedList", "Default": ""},
            "CustomBucket": {"Type": "String", "Default": ""},
        },
        "Conditions": {
            "CustomRole": {"Fn::Not": [{"Fn::Equals": [{"Ref": "CustomLambdaRole"}, ""]}]},
            "OwnRole": {"Fn::Equals": [{"Ref": "CustomLambdaRole"}, ""]},
            "Additional": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "AdditionalIamPolicies"}]}, ""]}]},
        },
        "Resources": {
            "PclusterPolicies": {
                "Type": "AWS::CloudFormation::Stack",
                "Condition": "OwnRole",
                "Properties": {
                    "TemplateURL": published,
                    "TimeoutInMinutes": 10,
                    "Parameters": {"EnableIamAdminAccess": "true"},
                },
            },
            "PclusterCfnFunctionLogGroup": {
                "Type": "AWS::Logs::LogGroup",
                "DeletionPolicy": "Retain",
                "Properties": {
                    "RetentionInDays": 90,
                    "LogGroupName": {"Fn::Sub": "/aws/lambda/${PclusterCfnFunction}"},
                },
            },
            "EventsPolicy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Condition": "OwnRole",
                "Properties": {
                    "PolicyDocument": _allow(rules, [_arn("events:${AWS::Region}:${AWS::AccountId}:rule/*")])
                },
            },
            "S3Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Condition": "OwnRole",
                "Properties": {
                    "PolicyDocument": _allow(
                        ["s3:*Object", "s3:ListBucket", "s3:ListBucketVersions"],
                        [_arn("s3:::${PclusterCustomResourceBucket}/*"), _arn("s3:::${PclusterCustomResourceBucket}")],
                    )
                },
            },
            "PclusterCustomResourceBucket": {"Type": "AWS::S3::Bucket"},
            "PclusterLambdaRole": {
                "Type": "AWS::IAM::Role",
                "Condition": "OwnRole",
                "Properties": {
                    "AssumeRolePolicyDocument": TRUST,
                    "ManagedPolicyArns": {"Fn::If": ["Additional", both, attached]},
                },
            },
            "PclusterCfnFunction": _function(
                _code(),
                role,
                FunctionName={"Fn::Join": ["-", ["pcluster-cfn", SUFFIX]]},
                MemorySize=2048,
                Environment={"Variables": {"PARALLELCLUSTER_VERSION": version, "BUCKET": bucket}},
            ),
            "CleanupS3bucketFunction": _function((Path(__file__).parent / "cleanup.py").read_text(), role),
            "CleanupS3bucketCustomResource": {
                "Type": "AWS::CloudFormation::CustomResource",
                "DeletionPolicy": "Delete",
                "UpdateReplacePolicy": "Delete",
                "Properties": {
                    "S3Bucket": bucket,
                    "ServiceToken": {"Fn::GetAtt": ["CleanupS3bucketFunction", "Arn"]},
                },
            },
        },
        "Outputs": {
            "ServiceToken": {"Value": {"Fn::GetAtt": ["PclusterCfnFunction", "Arn"]}},
            "LogGroupArn": {"Value": {"Fn::GetAtt": ["PclusterCfnFunctionLogGroup", "Arn"]}},
            "LambdaLayerArn": {"Value": _arn("lambda:${AWS::Region}:${AWS::AccountId}:layer:PCLayer:1")},
        },
    }


def _managed(name: str, document: Json, **more: Any) -> Json:
    named = {"ManagedPolicyName": {"Fn::Join": ["-", [name, SHORT]]}, "PolicyDocument": document, **more}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": named}


def policies(version: str) -> Json:
    """The policies template: parameters that matter here, its Lambda role within the boundary, and what that role may do.

    Of the statements those are here that the stand-in's function or the boundary's rules need.
    """
    bounded = {"Fn::If": ["Bounded", {"Ref": "PermissionsBoundaryPolicy"}, {"Ref": "AWS::NoValue"}]}
    within = {"StringEquals": {"iam:PermissionsBoundary": [{"Ref": "PermissionsBoundaryPolicy"}]}}
    roles = _arn("iam::${AWS::AccountId}:role/parallelcluster/*")
    admin = _allow(["iam:CreateServiceLinkedRole", "iam:DeleteRole", "iam:TagRole"], [roles])
    admin["Statement"].append(
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"],
            "Resource": [roles],
            "Condition": {"Fn::If": ["Bounded", within, {"Ref": "AWS::NoValue"}]},
        }
    )
    any_stack = _arn("cloudformation:*:${AWS::AccountId}:stack/*")
    first = _allow(["ec2:Describe*", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"], ["*"])
    tagged = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["parallelcluster:cluster-name"]}}
    table = (
        "DescribeTable",
        "ListTagsOfResource",
        "CreateTable",
        "DeleteTable",
        "GetItem",
        "PutItem",
        "UpdateItem",
        "Query",
    )
    stacks = (
        "DeleteStack",
        "DescribeStacks",
        "DescribeStackEvents",
        "DescribeStackResources",
        "GetTemplate",
        "ListStacks",
    )
    first["Statement"] += [
        {
            "Effect": "Allow",
            "Action": [f"dynamodb:{name}" for name in (*table, "TagResource")],
            "Resource": [_arn("dynamodb:*:${AWS::AccountId}:table/parallelcluster-*")],
        },
        {
            "Effect": "Allow",
            "Action": ["cloudformation:CreateStack", "cloudformation:UpdateStack"],
            "Resource": [any_stack],
            "Condition": tagged,
        },
        {"Effect": "Allow", "Action": [f"cloudformation:{name}" for name in stacks], "Resource": [any_stack]},
    ]
    second = _allow(
        ["iam:GetRole", "iam:GetRolePolicy", "iam:GetPolicy", "iam:SimulatePrincipalPolicy", "iam:GetInstanceProfile"],
        [
            _arn("iam::${AWS::AccountId}:role/*"),
            _arn("iam::${AWS::AccountId}:policy/*"),
            _arn("iam::aws:policy/*"),
            _arn("iam::${AWS::AccountId}:instance-profile/*"),
        ],
    )
    second["Statement"] += [
        {
            "Effect": "Allow",
            "Action": ["s3:*"],
            "Resource": [_arn("s3:::parallelcluster-*"), _arn("s3:::aws-parallelcluster-*")],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": [_arn("s3:::*-aws-parallelcluster*")],
        },
        {"Effect": "Allow", "Action": ["fsx:*"], "Resource": [_arn("fsx:*:${AWS::AccountId}:*")]},
        {
            "Effect": "Allow",
            "Action": ["elasticfilesystem:*"],
            "Resource": [_arn("elasticfilesystem:*:${AWS::AccountId}:*")],
        },
    ]
    attached = [
        _arn("iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
        {"Ref": "ParallelClusterClusterPolicy1"},
        {"Ref": "ParallelClusterClusterPolicy2"},
    ]
    boundary = r"^(arn:.*:iam::.*:policy\/([a-zA-Z0-9_-]+))|()$"
    choice = ["true", "false"]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Stand-in of the AWS ParallelCluster {version} policies",
        "Parameters": {
            "Region": {"Type": "String", "Default": "*"},
            "EnableIamAdminAccess": {"Type": "String", "Default": "false", "AllowedValues": choice},
            "PermissionsBoundaryPolicy": {"Type": "String", "Default": "", "AllowedPattern": boundary},
        },
        "Conditions": {
            "Bounded": {"Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundaryPolicy"}, ""]}]},
            "Admin": {"Fn::Or": [{"Fn::Equals": [{"Ref": "EnableIamAdminAccess"}, "true"]}, {"Condition": "Bounded"}]},
        },
        "Resources": {
            "DefaultParallelClusterIamAdminPolicy": {
                **_managed("DefaultParallelClusterIamAdminPolicy", admin, Roles=[{"Ref": "ParallelClusterLambdaRole"}]),
                "Condition": "Admin",
            },
            "ParallelClusterClusterPolicy1": _managed("ParallelClusterClusterPolicy1", first),
            "ParallelClusterClusterPolicy2": _managed("ParallelClusterClusterPolicy2", second),
            "ParallelClusterLambdaRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Fn::Join": ["-", ["ParallelClusterLambdaRole", SHORT]]},
                    "AssumeRolePolicyDocument": TRUST,
                    "ManagedPolicyArns": attached,
                    "PermissionsBoundary": bounded,
                },
            },
        },
        "Outputs": {
            "ParallelClusterLambdaRoleArn": {"Value": {"Fn::GetAtt": ["ParallelClusterLambdaRole", "Arn"]}},
            "ParallelClusterClusterPolicy1": {"Value": {"Ref": "ParallelClusterClusterPolicy1"}},
            "ParallelClusterClusterPolicy2": {"Value": {"Ref": "ParallelClusterClusterPolicy2"}},
            "DefaultParallelClusterIamAdminPolicy": {
                "Value": {"Ref": "DefaultParallelClusterIamAdminPolicy"},
                "Condition": "Admin",
            },
        },
    }

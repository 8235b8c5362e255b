"""The stand-in of AWS ParallelCluster's CloudFormation provider: its template and its function, and the policies template.

AWS publishes them in a public bucket of each region, `<region>-aws-parallelcluster`. So does the emulator, in
buckets of another account (`publish`). `function.py` and `judge.py` are the provider's Lambda function.
"""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import s3 as store

from tests.emulator import schemas

OWNER = "999999999999"
KEY = "parallelcluster/{version}/templates/custom_resource/cluster.yaml"
POLICIES_KEY = "parallelcluster/{version}/templates/policies/policies.yaml"


def _code() -> str:
    """The function's text, with that of the module it imports in place of the import."""
    folder = Path(__file__).parent
    line = "from judge import Refused, api, check, check_update, fleet\n"
    return (folder / "function.py").read_text().replace(line, (folder / "judge.py").read_text())


def template(version: str) -> dict[str, Any]:
    """The provider's template: the real one's parameters, outputs and retained log group, and a function of ours.

    Like the real one it uses a macro, so that whoever deploys it must have acknowledged CAPABILITY_AUTO_EXPAND.
    """
    suffix = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    basic = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    additional = {"Ref": "AdditionalIamPolicies"}
    both = {"Fn::Split": [",", {"Fn::Join": [",", [basic, {"Fn::Join": [",", additional]}]]}]}
    code = _code()
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
            "Additional": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", additional]}, ""]}]},
        },
        "Resources": {
            "PclusterCfnFunctionLogGroup": {
                "Type": "AWS::Logs::LogGroup",
                "DeletionPolicy": "Retain",
                "Properties": {
                    "RetentionInDays": 90,
                    "LogGroupName": {"Fn::Sub": "/aws/lambda/${PclusterCfnFunction}"},
                },
            },
            "PclusterLambdaRole": {
                "Type": "AWS::IAM::Role",
                "Condition": "OwnRole",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "ManagedPolicyArns": {"Fn::If": ["Additional", both, [basic]]},
                },
            },
            "PclusterCfnFunction": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": {"Fn::Join": ["-", ["pcluster-cfn", suffix]]},
                    "Code": {"ZipFile": code},
                    "Handler": "index.handler",
                    "Runtime": "python3.12",
                    "MemorySize": 2048,
                    "Timeout": 60,
                    "Environment": {"Variables": {"PARALLELCLUSTER_VERSION": version}},
                    "Role": {
                        "Fn::If": [
                            "CustomRole",
                            {"Ref": "CustomLambdaRole"},
                            {"Fn::GetAtt": ["PclusterLambdaRole", "Arn"]},
                        ]
                    },
                },
            },
        },
        "Outputs": {
            "ServiceToken": {"Value": {"Fn::GetAtt": ["PclusterCfnFunction", "Arn"]}},
            "LogGroupArn": {"Value": {"Fn::GetAtt": ["PclusterCfnFunctionLogGroup", "Arn"]}},
            "LambdaLayerArn": {
                "Value": {"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:layer:PCLayer:1"}
            },
        },
    }


def policies(version: str) -> dict[str, Any]:
    """The policies template: the real one's parameters that matter here, and its Lambda role within the boundary.

    The policies that it hands out allow nothing: the emulator enforces no rights.
    """
    handed = ("ParallelClusterClusterPolicy1", "ParallelClusterClusterPolicy2", "DefaultParallelClusterIamAdminPolicy")
    none = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
    managed = {name: {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": none}} for name in handed}
    unique = {
        "Fn::Select": [0, {"Fn::Split": ["-", {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}]}]
    }
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    # The real pattern: a policy below a path is refused.
    boundary = r"^(arn:.*:iam::.*:policy\/([a-zA-Z0-9_-]+))|()$"
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Stand-in of the AWS ParallelCluster {version} policies",
        "Parameters": {
            "Region": {"Type": "String", "Default": "*"},
            "EnableIamAdminAccess": {"Type": "String", "Default": "false", "AllowedValues": ["true", "false"]},
            "PermissionsBoundaryPolicy": {"Type": "String", "Default": "", "AllowedPattern": boundary},
        },
        "Conditions": {"Bounded": {"Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundaryPolicy"}, ""]}]}},
        "Resources": {
            **managed,
            "ParallelClusterLambdaRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Fn::Join": ["-", ["ParallelClusterLambdaRole", unique]]},
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "PermissionsBoundary": {
                        "Fn::If": ["Bounded", {"Ref": "PermissionsBoundaryPolicy"}, {"Ref": "AWS::NoValue"}]
                    },
                },
            },
        },
        "Outputs": {
            "ParallelClusterLambdaRoleArn": {"Value": {"Fn::GetAtt": ["ParallelClusterLambdaRole", "Arn"]}},
            **{name: {"Value": {"Ref": name}} for name in handed},
        },
    }


def publish() -> None:
    """Put the templates of the installed ParallelCluster version into the public bucket of every region."""
    version = importlib.metadata.version("aws-parallelcluster")
    files = {
        KEY.format(version=version): json.dumps(template(version)).encode(),
        POLICIES_KEY.format(version=version): json.dumps(policies(version)).encode(),
    }
    set_request_account_id(OWNER)
    for region in schemas.regions():
        if not re.search("-isob?f?e?-", region):
            set_request_region(region)
            bucket = f"{region}-aws-parallelcluster"
            public = {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            }
            store._buckets[bucket] = {
                "created": "2018-11-01T00:00:00Z",
                "region": region,
                "objects": {
                    key: store._build_object_record(body, {"content-type": "text/yaml"}) for key, body in files.items()
                },
                **store._new_bucket_public_access_block(),
            }
            store._bucket_policies[bucket] = json.dumps({"Version": "2012-10-17", "Statement": [public]})
    set_request_account_id("")

"""ParallelCluster's own CloudFormation provider, once for all clusters, and what its Lambda and the nodes may do.

The provider is a template that AWS publishes in each region. Its own roles know no permissions boundary; if there is one,
its Lambda runs under a role of ours, with the policies of AWS's ParallelCluster policies template, which know it.
"""

from __future__ import annotations

from dataclasses import dataclass

from awacs.aws import Condition as PolicyCondition
from awacs.aws import StringEquals
from troposphere import GetAtt, If, NoValue, Ref
from troposphere.cloudformation import Stack
from troposphere.iam import ManagedPolicy

from generator import form
from generator.cfn import generated_names, partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import GOES_WITH_THE_STACK, Value, variable
from generator.cfn.wiring import Tier
from generator.tiers.assets import Assets
from generator.tiers.conditions import BOUNDARY_GIVEN, directory_secret, if_given
from generator.tiers.iam import allow, document, role
from generator.tiers.secrets import Secrets

# The provider may attach policies of this path only (parallelcluster-policies.yaml of aws/aws-parallelcluster).
POLICY_PATH = "/parallelcluster/"
# How the clusters' logical ids begin. The provider's library names its rules after them, with eight random characters
# behind (crhelper in aws-parallelcluster's custom_resources_code).
CLUSTER = "Cluster"
# The part of its logical id that the name of the provider's bucket shows (custom_resource/cluster.yaml of
# aws/aws-parallelcluster): its stack's name is so long that CloudFormation always cuts the id.
OWN_BUCKET = generated_names.certain_part("AWS::S3::Bucket", "PclusterCustomResourceBucket")
# Outputs of the policies template: what the provider gives its own role (custom_resource/cluster.yaml).
POLICIES = ("ParallelClusterClusterPolicy1", "ParallelClusterClusterPolicy2", "DefaultParallelClusterIamAdminPolicy")


@dataclass(frozen=True)
class Provider(Ports):
    """The provider, as a cluster uses it."""

    provider_token: Value = port("ServiceToken of ParallelCluster's provider")
    node_policy_arn: Value = port("Policy of head and compute nodes")


def build(
    tier: Tier,
    clusters: form.Clusters,
    directory: form.Directory,
    operations: form.Operations,
    secrets: Secrets,
    assets: Assets,
) -> Provider:
    """The provider's stack, the additional policies of its Lambda, and the policy of the clusters' nodes."""
    t = tier.template
    if_given(t, BOUNDARY_GIVEN, operations.permissions_boundary_arn)

    version = variable(clusters.parallel_cluster_version)

    def published(path: str) -> Value:
        return partition.s3_url(
            "${AWS::Region}-aws-parallelcluster", "${AWS::Region}", f"parallelcluster/{version}/templates/{path}"
        )

    policies = t.add_resource(
        Stack(
            "BoundedPolicies",
            **GOES_WITH_THE_STACK,
            Condition=BOUNDARY_GIVEN,
            TemplateURL=published("policies/policies.yaml"),
            Parameters={
                "EnableIamAdminAccess": "true",
                "PermissionsBoundaryPolicy": operations.permissions_boundary_arn,
            },
        )
    )
    # Not the policies template's own role: it hands out an ARN, and a policy is attached to a name. Cutting the name out of
    # another stack's output is what a change set with nested stacks refuses.
    bounded_role = role(
        tier,
        operations,
        "ProviderRole",
        "lambda",
        [],
        managed=[
            partition.managed_policy("service-role/AWSLambdaBasicExecutionRole"),
            *(GetAtt(policies, f"Outputs.{name}") for name in POLICIES),
        ],
        Condition=BOUNDARY_GIVEN,
    )
    # With it the provider's validators see that the secrets exist and have the right shape.
    validation = t.add_resource(
        ManagedPolicy(
            "ValidationPolicy",
            Path=POLICY_PATH,
            Description="Lets ParallelCluster's provider validate the clusters' secrets",
            Roles=If(BOUNDARY_GIVEN, [Ref(bounded_role)], NoValue),
            PolicyDocument=document(
                allow(
                    ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                    [secrets.munge_secret_arn, secrets.database_secret_arn, directory_secret(t, directory)],
                )
            ),
        )
    )
    own_bucket = f"*-{OWN_BUCKET}-*"
    in_this_account = PolicyCondition(StringEquals({"aws:ResourceAccount": Ref("AWS::AccountId")}))
    bounded = t.add_resource(
        ManagedPolicy(
            "BoundedProviderPolicy",
            Condition=BOUNDARY_GIVEN,
            Path=POLICY_PATH,
            Description="What ParallelCluster's provider gives its own role and not a role that it is handed",
            Roles=[Ref(bounded_role)],
            PolicyDocument=document(
                # It polls itself by a rule for each cluster, and keeps each event in a bucket of its own stack.
                allow(
                    ["events:PutRule", "events:DeleteRule", "events:PutTargets", "events:RemoveTargets"],
                    [partition.arn("events", f"rule/{CLUSTER}*")],
                ),
                allow(["s3:ListBucket", "s3:ListBucketVersions"], [partition.bucket_arn(own_bucket)], in_this_account),
                allow(
                    ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"],
                    [partition.bucket_arn(own_bucket, "*")],
                    in_this_account,
                ),
            ),
        )
    )
    provider = t.add_resource(
        Stack(
            "ParallelCluster",
            **GOES_WITH_THE_STACK,
            TemplateURL=published("custom_resource/cluster.yaml"),
            Parameters={
                "CustomLambdaRole": If(BOUNDARY_GIVEN, GetAtt(bounded_role, "Arn"), ""),
                # With a role given the provider ignores this; the Ref keeps the role's rights until the provider is gone.
                "AdditionalIamPolicies": If(BOUNDARY_GIVEN, Ref(bounded), Ref(validation)),
            },
        )
    )
    nodes = t.add_resource(
        ManagedPolicy(
            "NodePolicy",
            Path=POLICY_PATH,
            Description="What head and compute nodes need beside ParallelCluster's policies",
            PolicyDocument=document(
                allow(["s3:GetObject"], [partition.bucket_arn(assets.local_assets_bucket, "userdata/cluster*")])
            ),
        )
    )
    return Provider(provider_token=GetAtt(provider, "Outputs.ServiceToken"), node_policy_arn=Ref(nodes))

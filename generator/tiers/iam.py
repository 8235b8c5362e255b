"""IAM roles and policies the way every tier makes them: bounded, scoped, right in every partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Action, Allow, Deny, Principal, Statement, StringEquals, StringLike
from awacs.aws import Bool as BoolCondition
from awacs.aws import Condition as PolicyCondition
from awacs.sts import AssumeRole
from troposphere import AWSObject, Equals, GetAtt, If, NoValue, Ref, Select, Split, encode_to_dict
from troposphere.iam import Policy, Role
from troposphere.s3 import Bucket, BucketPolicy

from generator import form
from generator.cfn.partition import any_key, bucket_arn, object_arn, service_principal, via_service
from generator.cfn.template import StrictTemplate, Value
from generator.cfn.wiring import Tier
from generator.tiers.conditions import BOUNDARY_GIVEN, if_given


def allow(
    actions: Sequence[str], resources: Sequence[Any] = ("*",), condition: PolicyCondition | None = None
) -> Statement:
    """A statement that allows `actions` ("service:Action") on `resources`."""
    return Statement(
        Effect=Allow,
        Action=[Action(*action.split(":")) for action in actions],
        Resource=list(resources),
        **({"Condition": condition} if condition else {}),
    )


def document(*statements: Any) -> dict[str, Any]:
    """A policy document of the current language version; unlike awacs's own, parts of it may be conditional."""
    return encode_to_dict({"Version": "2012-10-17", "Statement": list(statements)})


def may_decrypt(*secret_arns: Any) -> Statement:
    """The right to have Secrets Manager decrypt these secrets, and nothing else, whichever key encrypts them.

    Secrets Manager names the secret in the encryption context (its user guide, "Secret encryption and decryption").
    """
    through = StringLike({"kms:ViaService": via_service("secretsmanager")})
    of_these = StringEquals({"kms:EncryptionContext:SecretARN": list(secret_arns)})
    return allow(["kms:Decrypt"], [any_key()], PolicyCondition([through, of_these]))


def role(
    tier: Tier,
    operations: form.Operations,
    title: str,
    service: str,
    statements: Sequence[Statement | If],
    managed: Sequence[Value] = (),
    **attributes: Any,
) -> Role:
    """Add a role that `service` may assume, within the operator's permissions boundary, if there is one."""
    boundary = operations.permissions_boundary_arn
    if_given(tier.template, BOUNDARY_GIVEN, boundary)
    bounded = boundary if attributes.get("Condition") == BOUNDARY_GIVEN else If(BOUNDARY_GIVEN, boundary, NoValue)
    optional: dict[str, Any] = {"ManagedPolicyArns": list(managed)} if managed else {}
    policies = [Policy(PolicyName="Inline", PolicyDocument=document(*statements))]
    inline: dict[str, Any] = {"Policies": policies} if statements else {}
    return tier.template.add_resource(
        Role(
            title,
            AssumeRolePolicyDocument=document(
                Statement(Effect=Allow, Principal=Principal("Service", service_principal(service)), Action=[AssumeRole])
            ),
            **inline,
            PermissionsBoundary=bounded,
            **optional,
            **attributes,
        )
    )


def may_log(*groups: AWSObject) -> Statement:
    """The rights of a writer on its log groups. None may create one: a deleted group would reappear, without retention."""
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], [GetAtt(group, "Arn") for group in groups])


def may_read_release(tier: Tier, assets: form.Assets) -> Statement:
    """The right to read the release's files in the publisher's bucket."""
    key = f"${{Prefix}}{tier.release_folder}*"
    return allow(["s3:GetObject"], [bucket_arn(assets.assets_bucket, key, Prefix=assets.assets_prefix)])


def may_download(template: StrictTemplate, what: str, location: Value) -> If:
    """The right to read the object `location` if it is an s3:// one; `what` is part of the condition's name."""
    on_s3 = template.add_condition(f"{what}OnS3", Equals(Select(0, Split(":", location)), "s3"))
    # s3://bucket/key: an ARN ends in the part behind the second slash.
    key = Select(1, Split("://", location))
    return If(on_s3, allow(["s3:GetObject"], [object_arn(key)]), NoValue)


def deny_plain_http(bucket: Bucket) -> Statement:
    """Refuses requests to `bucket` that do not use TLS."""
    return Statement(
        Effect=Deny,
        Principal=Principal("*"),
        Action=[Action("s3", "*")],
        Resource=[bucket_arn(Ref(bucket)), bucket_arn(Ref(bucket), "*")],
        Condition=PolicyCondition(BoolCondition({"aws:SecureTransport": "false"})),
    )


def bucket_policy(tier: Tier, title: str, bucket: Bucket, *statements: Any, **attributes: Any) -> BucketPolicy:
    """Add the policy of `bucket`: TLS only, and `statements`."""
    return tier.template.add_resource(
        BucketPolicy(
            title,
            Bucket=Ref(bucket),
            PolicyDocument=document(deny_plain_http(bucket), *statements),
            **attributes,
        )
    )

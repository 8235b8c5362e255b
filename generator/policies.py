"""IAM roles, Lambda functions and log groups the way every tier makes them: bounded, scoped, retained, in step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Action, Allow, Deny, Principal, Statement, StringEquals, StringLike
from awacs.aws import Bool as BoolCondition
from awacs.aws import Condition as PolicyCondition
from awacs.sts import AssumeRole
from troposphere import AWSObject, Equals, GetAtt, If, Not, NoValue, PropsDictType, Ref, Select, Split, encode_to_dict
from troposphere.awslambda import Code, Function, LoggingConfig
from troposphere.iam import Policy, Role
from troposphere.s3 import Bucket, BucketPolicy

from generator.params import Form
from generator.partition import any_key, bucket_arn, object_arn, service_principal, via_service
from generator.wiring import GOES_WITH_THE_STACK, StrictTemplate, Tier, Value

RUNTIME = "python3.13"
BOUNDARY_GIVEN = "BoundaryGiven"
DIRECTORY_GIVEN = "DirectoryGiven"
DIRECTORY_CA_GIVEN = "DirectoryCaGiven"


class LogGroup(AWSObject):
    """A log group. The class of troposphere.logs would load every constant of troposphere: a tenth of a cold run."""

    resource_type = "AWS::Logs::LogGroup"
    props: PropsDictType = {"LogGroupName": (str, False), "RetentionInDays": (int, True)}


def given(template: StrictTemplate, condition: str, value: Value) -> str:
    """Define `condition` as "this optional answer was given"; returns its name."""
    return template.add_condition(condition, Not(Equals(value, "")))


def chosen(template: StrictTemplate, condition: str, value: Value, answer: str = "yes") -> str:
    """Define `condition` as "this question was answered with `answer`"; returns its name."""
    return template.add_condition(condition, Equals(value, answer))


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
    """The right to have Secrets Manager decrypt these secrets, and nothing else, with whatever key encrypts them.

    Secrets Manager names the secret in the encryption context (its user guide, "Secret encryption and decryption").
    """
    through = StringLike({"kms:ViaService": via_service("secretsmanager")})
    of_these = StringEquals({"kms:EncryptionContext:SecretARN": list(secret_arns)})
    return allow(["kms:Decrypt"], [any_key()], PolicyCondition([through, of_these]))


def role(
    tier: Tier,
    form: Form,
    title: str,
    service: str,
    statements: Sequence[Statement | If],
    managed: Sequence[Value] = (),
    **attributes: Any,
) -> Role:
    """Add a role that `service` may assume, within the operator's permissions boundary if one is given."""
    given(tier.template, BOUNDARY_GIVEN, form.permissions_boundary_arn)
    optional: dict[str, Any] = {"ManagedPolicyArns": list(managed)} if managed else {}
    return tier.template.add_resource(
        Role(
            title,
            AssumeRolePolicyDocument=document(
                Statement(Effect=Allow, Principal=Principal("Service", service_principal(service)), Action=[AssumeRole])
            ),
            Policies=[Policy(PolicyName="Inline", PolicyDocument=document(*statements))],
            PermissionsBoundary=If(BOUNDARY_GIVEN, form.permissions_boundary_arn, NoValue),
            **optional,
            **attributes,
        )
    )


def log_group(tier: Tier, form: Form, title: str, **properties: Any) -> LogGroup:
    """Add a log group that keeps its entries as long as the form says and goes with the stack."""
    return tier.template.add_resource(
        LogGroup(title, RetentionInDays=form.log_retention_days, **GOES_WITH_THE_STACK, **properties)
    )


def may_log(*groups: LogGroup) -> Statement:
    """What a writer needs of its log groups; none may create one, or a deleted group would come back for ever."""
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], [GetAtt(group, "Arn") for group in groups])


def may_read_release(tier: Tier, form: Form) -> Statement:
    """The right to read the release's files in the publisher's bucket."""
    key = f"${{Prefix}}{tier.sources.release}*"
    return allow(["s3:GetObject"], [bucket_arn(form.assets_bucket, key, Prefix=form.assets_prefix)])


def directory_secret(template: StrictTemplate, form: Form) -> If:
    """ARN of the secret of the directory's reading user, as a resource of a statement that has others as well."""
    arn = form.directory_password_secret_arn
    return If(given(template, DIRECTORY_GIVEN, arn), arn, NoValue)


def directory_ca_secret(template: StrictTemplate, form: Form) -> If:
    """ARN of the secret of the directory's CA certificates, likewise."""
    arn = form.directory_ca_cert_secret_arn
    return If(given(template, DIRECTORY_CA_GIVEN, arn), arn, NoValue)


def may_download(template: StrictTemplate, what: str, location: Value) -> If:
    """The right to read the object `location` if it is an s3:// one; `what` is part of the condition's name."""
    on_s3 = template.add_condition(f"{what}OnS3", Equals(Select(0, Split(":", location)), "s3"))
    # s3://bucket/key: what follows the second slash is what an ARN ends in.
    key = Select(1, Split("://", location))
    return If(on_s3, allow(["s3:GetObject"], [object_arn(key)]), NoValue)


def function(
    tier: Tier,
    form: Form,
    title: str,
    code: Code,
    statements: Sequence[Statement],
    *,
    timeout: int,
    memory: int,
    description: str,
    condition: str | None = None,
) -> Function:
    """Add a Lambda function (`timeout` in seconds, `memory` in MiB) with its role and log group.

    It is in no VPC (its interfaces would hold a delete for up to 45 minutes) and reserves no concurrency (fresh
    accounts have ten in all).
    """
    attributes: dict[str, Any] = {"Condition": condition} if condition else {}
    logs = log_group(tier, form, f"{title}Logs", **attributes)
    role_ = role(tier, form, f"{title}Role", "lambda", [may_log(logs), *statements], **attributes)
    return tier.template.add_resource(
        Function(
            title,
            Description=description,
            Handler="index.handler" if "ZipFile" in code.properties else "handler.handler",
            Runtime=RUNTIME,
            Architectures=["x86_64"],
            Role=GetAtt(role_, "Arn"),
            Timeout=timeout,
            MemorySize=memory,
            LoggingConfig=LoggingConfig(LogGroup=Ref(logs)),
            Code=code,
            **attributes,
        )
    )


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

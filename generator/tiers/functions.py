"""Lambda functions and log groups the way every tier makes them: scoped, retained, in step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Statement
from troposphere import AWSObject, GetAtt, PropsDictType, Ref
from troposphere.awslambda import Code, Function, LayerVersion, LoggingConfig

from generator import form
from generator.cfn.template import GOES_WITH_THE_STACK
from generator.cfn.wiring import Tier
from generator.tiers.iam import may_log, role

RUNTIME = "python3.13"


class LogGroup(AWSObject):
    """A log group. The class of troposphere.logs would load every constant of troposphere: a tenth of a cold run."""

    resource_type = "AWS::Logs::LogGroup"
    props: PropsDictType = {"LogGroupName": (str, False), "RetentionInDays": (int, True)}


def log_group(tier: Tier, operations: form.Operations, title: str, **properties: Any) -> LogGroup:
    """Add a log group with the form's retention; it is deleted with the stack."""
    return tier.template.add_resource(
        LogGroup(title, RetentionInDays=operations.log_retention_days, **GOES_WITH_THE_STACK, **properties)
    )


def function(
    tier: Tier,
    operations: form.Operations,
    title: str,
    code: Code,
    statements: Sequence[Statement],
    *,
    timeout: int,
    memory: int,
    description: str,
    condition: str | None = None,
    layers: Sequence[LayerVersion] = (),
) -> Function:
    """Add a Lambda function (`timeout` in seconds, `memory` in MiB) with its role and log group.

    It is in no VPC (its interfaces would hold a delete for up to 45 minutes) and reserves no concurrency (fresh
    accounts have ten in all).
    """
    attributes: dict[str, Any] = {"Condition": condition} if condition else {}
    logs = log_group(tier, operations, f"{title}Logs", **attributes)
    optional: dict[str, Any] = {"Layers": [Ref(layer) for layer in layers]} if layers else {}
    role_ = role(tier, operations, f"{title}Role", "lambda", [may_log(logs), *statements], **attributes)
    return tier.template.add_resource(
        Function(
            title,
            Description=description,
            Handler="index.handler",
            Runtime=RUNTIME,
            Architectures=["x86_64"],
            Role=GetAtt(role_, "Arn"),
            Timeout=timeout,
            MemorySize=memory,
            LoggingConfig=LoggingConfig(LogGroup=Ref(logs)),
            Code=code,
            **optional,
            **attributes,
        )
    )

"""Questions: alarms, logs, protection, permissions boundary."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, optional

LOG_RETENTION_DAYS = (7, 14, 30, 60, 90, 180, 365, 731, 1827)


@dataclass(frozen=True)
class Operations(Group, title="Operations"):
    """How the deployment is operated."""

    alarm_email: Value = optional(
        "Alarms by e-mail",
        "Optional - Address that alarms go to once its owner confirms. Leave blank to send none.",
        patterns.EMAIL,
        "Must be an e-mail address, or blank.",
        checked=False,
    )
    access_logs: Value = choice(
        "Access logs",
        "Whether the load balancer writes access logs into a bucket.",
        "no",
        "yes",
        checked=False,
    )
    log_retention_days: Value = choice(
        "Logs (days)",
        "How long logs are kept.",
        *LOG_RETENTION_DAYS,
        type="Number",
        default=90,
        checked=False,
    )
    deletion_protection: Value = choice(
        "Deletion protection",
        "Whether database and load balancer refuse deletion. Switch it on after the launch, off before a delete.",
        "no",
        "yes",
        checked=False,
    )
    permissions_boundary_arn: Value = optional(
        "Permissions boundary",
        "Optional - ARN of a policy that bounds every role. Leave blank to bound none.",
        patterns.POLICY_ARN,
        "Must be the ARN of an IAM policy, or blank.",
    )

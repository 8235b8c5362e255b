"""Questions: alarms, logs, protection, permissions boundary."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, optional

MOST_TAGS = 5
LOG_RETENTION_DAYS = (7, 14, 30, 60, 90, 180, 365, 731, 1827)


@dataclass(frozen=True)
class Operations(Group, title="Operations"):
    """How the deployment is operated."""

    alarm_email: Value = optional(
        "Alarm e-mail",
        "Optional - Address for alarms; its owner must confirm it. Leave blank to send none.",
        patterns.EMAIL,
        "Must be an e-mail address, or blank.",
    )
    access_logs: Value = choice(
        "Access logs",
        "Write the load balancer's access logs to a bucket.",
        "no",
        "yes",
    )
    log_retention_days: Value = choice(
        "Log retention (days)",
        "How long logs are kept.",
        *LOG_RETENTION_DAYS,
        type="Number",
        default=90,
    )
    deletion_protection: Value = choice(
        "Deletion protection",
        "Protect database and load balancer from deletion. Switch it on after the launch and off before a delete.",
        "no",
        "yes",
    )
    permissions_boundary_arn: Value = optional(
        "Permissions boundary",
        "Optional - ARN of the permissions boundary of every role. Leave blank for none. Cannot be changed later.",
        patterns.BOUNDARY_ARN,
        "Must be the ARN of an IAM policy without a path, its name of letters, digits, - and _ (ParallelCluster takes no "
        "other), or blank.",
    )
    preflight_warn_only: Value = optional(
        "Preflight checks that only warn",
        "Optional - Names of preflight checks whose faults you know to be none. Leave blank to heed all faults.",
        patterns.CHECK_NAMES,
        "Must be names of checks with commas between, such as Routes,VcpuQuotas, or blank.",
    )
    tags: Value = optional(
        "Tags",
        "Optional - Tags such as CostCenter=42,Owner=hpc for instances, volumes, interfaces, certificate and clusters. "
        "Leave blank to set none.",
        patterns.tags(MOST_TAGS),
        "Must be up to five Key=Value, separated by commas, each key once and none beginning with aws: or parallelcluster: "
        "nor called Name, or blank.",
    )

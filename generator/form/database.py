"""Questions: the Aurora database."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, number, optional, question


@dataclass(frozen=True)
class Database(Group, title="Database"):
    """The database."""

    database_mode: Value = choice(
        "Database capacity",
        "Aurora Serverless v2, provisioned instances, or the choice for the region (auto: provisioned in China).",
        "auto",
        "serverless",
        "provisioned",
    )
    database_instance_class: Value = optional(
        "Database instance class",
        "Optional - Class of provisioned instances. Leave blank unless the capacity is provisioned.",
        patterns.DATABASE_CLASS,
        "Must be a database instance class such as db.r6g.large, or blank.",
    )
    database_min_capacity: Value = number(
        "Minimum database capacity (ACU)",
        "Minimum capacity of a serverless instance; a unit has 2 GiB of memory.",
        0.5,
        0.5,
        256,
        step=0.5,
    )
    database_max_capacity: Value = number(
        "Maximum database capacity (ACU)", "Maximum capacity of a serverless instance.", 16, 1, 256, step=0.5
    )
    database_engine_version: Value = question(
        "Database engine version",
        "Aurora MySQL version; 3.10 is a long-term support release.",
        default="8.0.mysql_aurora.3.10.6",
        pattern=patterns.whole(patterns.AURORA_VERSION),
        constraint="Must be a version of Aurora MySQL 3 such as 8.0.mysql_aurora.3.10.6.",
    )
    database_backup_days: Value = number("Database backups (days)", "How long automatic backups are kept.", 7, 1, 35)
    database_snapshot_arn: Value = optional(
        "Database snapshot",
        "Optional - ARN of a cluster snapshot of an earlier deployment. Leave blank to start empty.",
        patterns.SNAPSHOT_ARN,
        "Must be a cluster snapshot's ARN, or blank.",
    )

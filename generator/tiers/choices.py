"""What the answer "auto" means: the same in preflight and in the tier concerned."""

from __future__ import annotations

from troposphere import And, Condition, Equals, If, Not, Or

from generator import form
from generator.cfn import partition
from generator.cfn.template import StrictTemplate, Value
from generator.tiers.conditions import if_chosen

SERVERLESS_CLASS = "db.serverless"


def database_class(template: StrictTemplate, database: form.Database) -> Value:
    """The class of the database's instances: db.serverless, the operator's, or what fits the partition."""
    serverless = if_chosen(template, "ServerlessChosen", database.database_mode, "serverless")
    provisioned = if_chosen(template, "ProvisionedChosen", database.database_mode, "provisioned")
    automatic = partition.fact(template, "DatabaseInstanceClass")
    return If(serverless, SERVERLESS_CLASS, If(provisioned, database.database_instance_class, automatic))


def lustre_type(template: StrictTemplate, storage: form.Storage) -> Value:
    """The deployment type of the Lustre file systems."""
    automatic = if_chosen(template, "LustreAutomatic", storage.lustre_deployment_type, "auto")
    return If(automatic, partition.fact(template, "LustreDeploymentType"), storage.lustre_deployment_type)


def lustre_persistent(template: StrictTemplate, storage: form.Storage) -> str:
    """The condition that the Lustre file systems are persistent; returns its name."""
    automatic = if_chosen(template, "LustreAutomatic", storage.lustre_deployment_type, "auto")
    scratch = if_chosen(template, "LustreScratch", storage.lustre_deployment_type, "SCRATCH_2")
    by_partition = Equals(partition.fact(template, "LustreDeploymentType"), "PERSISTENT_1")
    return template.add_condition(
        "LustrePersistent",
        Or(
            And(Condition(automatic), by_partition),
            And(Not(Condition(automatic)), Not(Condition(scratch))),
        ),
    )

"""Answers that read "auto": what they come to, the same in preflight and in the tier concerned."""

from __future__ import annotations

from troposphere import And, Condition, Equals, If, Not, Or

from generator import partition
from generator.params import Form
from generator.policies import chosen
from generator.wiring import StrictTemplate, Value

SERVERLESS_CLASS = "db.serverless"


def database_class(template: StrictTemplate, form: Form) -> Value:
    """The class of the database's instances: db.serverless, the operator's, or what fits the partition."""
    serverless = chosen(template, "ServerlessChosen", form.database_mode, "serverless")
    provisioned = chosen(template, "ProvisionedChosen", form.database_mode, "provisioned")
    automatic = partition.fact(template, "DatabaseInstanceClass")
    return If(serverless, SERVERLESS_CLASS, If(provisioned, form.database_instance_class, automatic))


def lustre_type(template: StrictTemplate, form: Form) -> Value:
    """The deployment type of the Lustre file systems."""
    automatic = chosen(template, "LustreAutomatic", form.lustre_deployment_type, "auto")
    return If(automatic, partition.fact(template, "LustreDeploymentType"), form.lustre_deployment_type)


def lustre_persistent(template: StrictTemplate, form: Form) -> str:
    """The condition that the Lustre file systems are persistent; returns its name."""
    automatic = chosen(template, "LustreAutomatic", form.lustre_deployment_type, "auto")
    scratch = chosen(template, "LustreScratch", form.lustre_deployment_type, "SCRATCH_2")
    by_partition = Equals(partition.fact(template, "LustreDeploymentType"), "PERSISTENT_1")
    return template.add_condition(
        "LustrePersistent",
        Or(
            And(Condition(automatic), by_partition),
            And(Not(Condition(automatic)), Not(Condition(scratch))),
        ),
    )

"""What CloudFormation refuses before a stack operation begins: parameters, rules, references, types, capabilities.

ministack checks patterns and lengths of parameters; it takes unknown ones, does not look for the VPC that a typed
parameter names, lets a Ref point nowhere and asks for no capabilities.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2 as store
from ministack.services.cloudformation import changesets, engine, handlers

from generator.cfn.rules_engine import broken as broken_rules
from tests.emulator import schemas
from tests.emulator.patches import ZONES

Template = Mapping[str, Any]
PSEUDO = ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")


def _exists(kind: str, value: str) -> bool:
    """Whether the account has what a parameter of an AWS-specific type names."""
    if kind == "AWS::EC2::AvailabilityZone::Name":
        return re.fullmatch(rf"{get_region()}[{ZONES}]", value) is not None
    stores = {
        "AWS::EC2::VPC::Id": store._vpcs,
        "AWS::EC2::Subnet::Id": store._subnets,
        "AWS::EC2::SecurityGroup::Id": store._security_groups,
        "AWS::EC2::KeyPair::KeyName": store._key_pairs,
    }
    if kind in stores:
        store._ensure_defaults_initialized()
        return value in stores[kind]
    return not kind.startswith("AWS::") or kind.startswith("AWS::SSM::") or value != ""


def _parameter_faults(template: Template, given: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the answers as such, in CloudFormation's words."""
    declared = template.get("Parameters", {})
    answers = {item["Key"]: item for item in given}
    unknown = sorted(set(answers) - set(declared))
    if unknown:
        yield f"Parameters: [{', '.join(unknown)}] do not exist in the template"
    missing = [name for name, p in declared.items() if name not in answers and "Default" not in p]
    if missing:
        yield f"Parameters: [{', '.join(missing)}] must have values"
    for name, parameter in declared.items():
        if name in missing or answers.get(name, {}).get("UsePreviousValue"):
            continue
        value = str(answers[name].get("Value", "") if name in answers else parameter["Default"])
        allowed = parameter.get("AllowedValues")
        if allowed and value not in map(str, allowed):
            reason = parameter.get("ConstraintDescription") or f"must be one of [{', '.join(map(str, allowed))}]"
            yield f"Parameter '{name}' failed to satisfy constraint: {reason}"
        kind = str(parameter.get("Type", "String"))
        members = [part.strip() for part in value.split(",")] if kind.startswith("List<") else [value]
        for member in members:
            if not _exists(kind.removeprefix("List<").removesuffix(">"), member):
                yield f"Parameter validation failed: parameter value {member} for parameter name {name} does not exist"


def _references(node: Any, conditions: Mapping[str, bool]) -> Iterator[str]:
    """Every name that Ref, GetAtt and Sub point to within `node`, in the chosen branch of each Fn::If."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item, conditions)
    if not isinstance(node, Mapping):
        return
    chosen = node.get("Fn::If")
    if isinstance(chosen, list) and len(node) == 1 and len(chosen) == 3:
        yield from _references(chosen[1] if conditions.get(chosen[0]) else chosen[2], conditions)
        return
    for key, value in node.items():
        if key == "Fn::Sub" and isinstance(value, list):  # a variable of its own may be an Fn::If
            text, variables = value
            yield from (name for name, _ in engine._intrinsic_references({key: text}) if name not in variables)
            yield from _references(list(variables.values()), conditions)
        elif key in ("Ref", "Fn::GetAtt", "Fn::Sub"):
            yield from (name for name, _ in engine._intrinsic_references({key: value}))
        else:
            yield from _references(value, conditions)


def _dangling(template: Template, conditions: Mapping[str, bool]) -> Iterator[str]:
    """Names that are referred to and are neither a parameter nor a resource that will exist."""
    resources = template.get("Resources", {})
    active = {name for name, r in resources.items() if conditions.get(r.get("Condition"), True)}
    known = active | set(template.get("Parameters", {})) | {f"AWS::{name}" for name in PSEUDO}
    for section in ("Resources", "Outputs"):
        for name, item in template.get(section, {}).items():
            if not conditions.get(item.get("Condition"), True):
                continue
            body = item.get("Properties", {}) if section == "Resources" else item
            unknown = sorted(set(_references(body, conditions)) - known)
            if unknown:
                yield (
                    f"Template format error: Unresolved resource dependencies [{', '.join(unknown)}] in the {section} "
                    f"block of the template ({name})"
                )
            wanted = item.get("DependsOn", [])
            for other in [wanted] if isinstance(wanted, str) else wanted:
                if other not in resources:
                    yield f"Template format error: {name} depends on {other}, which is no resource of the template"


def _absent(template: Template) -> list[str]:
    """The template's resource types that do not exist in the region."""
    here = schemas.types(get_region())
    if not here:
        return [f"region {get_region()} is unknown"]
    named = {str(r.get("Type")) for r in template.get("Resources", {}).values()}
    return sorted(name for name in named if not name.startswith("Custom::") and name not in here)


def _rules(template: dict[str, Any], params: Mapping[str, Any], conditions: Mapping[str, bool]) -> None:
    """Stand in for ministack's own evaluation, which skips what it does not know."""
    broken = broken_rules(
        template,
        {name: item["Value"] for name, item in params.items()},
        region=get_region(),
        account=get_account_id(),
        ref_all=lambda kind: list(engine._rule_account_records(kind)[0]),
        value_of=engine._rule_attribute,
    )
    if broken:
        raise ValueError(f"Template validation error: {'; '.join(broken)}")


def install() -> None:
    """Put the refusals in front of CreateStack, UpdateStack and CreateChangeSet."""
    resolve, supported = engine._resolve_parameters, engine.validate_template_support

    def resolved(template: dict[str, Any], given: list[dict[str, Any]], previous: Any = None) -> Any:
        for problem in _parameter_faults(template, given):
            raise ValueError(problem)
        return resolve(template, given, previous)

    def validated(template: dict[str, Any], conditions: dict[str, bool], params: Any = None) -> None:
        absent = _absent(template)
        if absent:
            raise ValueError(f"Template format error: Unrecognized resource types: [{', '.join(absent)}]")
        for problem in _dangling(template, conditions):
            raise ValueError(problem)
        supported(template, conditions, params)

    def constraint(name: str, parameter: Mapping[str, Any], reason: str) -> ValueError:
        description = parameter.get("ConstraintDescription") or reason
        return ValueError(f"Parameter '{name}' failed to satisfy constraint: {description}")

    engine._evaluate_rules = _rules
    engine._constraint_error = constraint
    for module in (handlers, changesets):
        module._resolve_parameters = resolved
        module.validate_template_support = validated
    handlers._capabilities_enforced = lambda: True

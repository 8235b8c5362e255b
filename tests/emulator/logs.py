"""Lambda's logs as AWS writes them: a log group that is gone comes back only if the function's role may create it.

ministack makes the log group anew with the last lines of a function that a stack delete has just used, and so leaves
log groups behind that AWS would not.
"""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch_logs, iam, lambda_svc


def _documents(role_name: str) -> Iterator[dict[str, Any]]:
    """The policy documents of a role, inline and attached."""
    role = iam._roles.get(role_name) or {}
    for text in role.get("InlinePolicies", {}).values():
        yield json.loads(text)
    for arn in role.get("AttachedPolicies", ()):
        policy = iam._lookup_policy("arn:aws:" + arn.split(":", 2)[2] if ":aws:policy/" in arn else arn)
        for version in (policy or {}).get("Versions", {}).values():
            if version["IsDefaultVersion"]:
                yield json.loads(version["Document"])


def _may_create(configuration: dict[str, Any]) -> bool:
    """Whether the function's role may call logs:CreateLogGroup, on whatever."""
    for document in _documents(configuration.get("Role", "").rsplit("/", 1)[-1]):
        statements = document["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            actions = statement.get("Action", [])
            for action in [actions] if isinstance(actions, str) else actions:
                if statement["Effect"] == "Allow" and fnmatch.fnmatch("logs:createloggroup", action.lower()):
                    return True
    return False


def install() -> None:
    """Drop what a function logs into a group that is not there and that it may not create."""
    emit = lambda_svc._emit_lambda_logs

    def emitted(function: dict[str, Any], *details: Any, **options: Any) -> None:
        configuration = function.get("config") or function
        own = (configuration.get("LoggingConfig") or {}).get("LogGroup")
        group = own or f"/aws/lambda/{configuration['FunctionName']}"
        if group in cloudwatch_logs._log_groups or _may_create(configuration):
            emit(function, *details, **options)

    lambda_svc._emit_lambda_logs = emitted

"""Changes to ministack's own source, made while Python imports it.

Two kinds. `EDITS` are literal replacements in one module; each says how often its text must occur, so that another
version of ministack stops the launcher with a sentence instead of going subtly wrong. The other is a rewrite of every
string that spells `arn:aws:`: ministack knows one partition, the templates under test are deployed to three.

Compiled modules are kept under a folder of their own (`cache`), because rewriting 80 modules takes three seconds.
"""

import ast
import hashlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from generator.cfn import regions

VERSION = "1.5.33"
ZONES = "abcd"  # the letters of each region's Availability Zones
ENGINE = "ministack.services.cloudformation.engine"
STACKS = "ministack.services.cloudformation.stacks"
HANDLERS = "ministack.services.cloudformation.handlers"
CHANGE_SETS = "ministack.services.cloudformation.changesets"
SIGNALS = "ministack.services.cloudformation.wait_conditions"
FUNCTIONS = "ministack.core.lambda_runtime"
# Modules that edits call, by their package; an underscore stands before the name there.
HELPERS = {"cancellation": "tests.emulator", "ways_back": "tests.emulator", "regions": "generator.cfn"}


class Unpatchable(Exception):
    """The installed ministack is not the one that the edits below were written for."""


@dataclass(frozen=True)
class Edit:
    """Replace `old` by `new` in `module`, where `old` occurs exactly `count` times."""

    module: str
    old: str
    new: str
    count: int


EDITS = (
    # Pseudo parameters by region. Three places each: Rules, Ref and Fn::Sub.
    Edit(ENGINE, '"AWS::Partition": "aws"', '"AWS::Partition": _regions.partition_of(get_region())', 3),
    Edit(ENGINE, '"AWS::URLSuffix": "amazonaws.com"', '"AWS::URLSuffix": _regions.url_suffix(get_region())', 3),
    # A resource that exists although its creation failed (handlers.Failed names it) is deleted by the rollback, as
    # CloudFormation does with a half-made custom resource, child stack or Auto Scaling group.
    Edit(
        STACKS,
        "            failed_logical_id = logical_id\n            if update_attempt is not None:",
        "            failed_logical_id = logical_id\n"
        '            if getattr(exc, "physical_id", None) and update_attempt is None:\n'
        "                provisioned_resources[logical_id] = {\n"
        '                    "PhysicalResourceId": exc.physical_id, "ResourceType": resource_type,\n'
        '                    "ResourceStatus": f"{status_prefix}_FAILED", "LogicalResourceId": logical_id,\n'
        '                    "Properties": resolved_props, "Attributes": {}, "Timestamp": now_iso()}\n'
        "                created_in_this_run.append(logical_id)\n"
        "            if update_attempt is not None:",
        1,
    ),
    # What an update does not touch has no events. A nested stack is always asked: its template may hold something else.
    Edit(
        STACKS,
        "            if logical_id not in imports:\n"
        "                _add_event(stack_id, stack_name, logical_id, resource_type,\n"
        '                           f"{status_prefix}_IN_PROGRESS")\n',
        "            before = (previous_stack or {}).get('_resources', {}).get(logical_id) if is_update else None\n"
        "            untouched = (before is not None and before['Properties'] == resolved_props\n"
        "                         and previous_tags == stack_tags and before['ResourceType'] == resource_type\n"
        "                         and resource_type != 'AWS::CloudFormation::Stack')\n"
        "            if logical_id not in imports and not untouched:\n"
        "                _add_event(stack_id, stack_name, logical_id, resource_type,\n"
        '                           f"{status_prefix}_IN_PROGRESS")\n',
        1,
    ),
    Edit(
        STACKS,
        "        if logical_id not in imports:\n"
        "            _add_event(stack_id, stack_name, logical_id, resource_type,\n"
        '                       f"{status_prefix}_COMPLETE", physical_id=physical_id)\n',
        "        if logical_id not in imports and not untouched:\n"
        "            _add_event(stack_id, stack_name, logical_id, resource_type,\n"
        '                       f"{status_prefix}_COMPLETE", physical_id=physical_id)\n',
        1,
    ),
    # What a resource depends on stays while that resource cannot be deleted: a failed custom resource's function, say.
    Edit(
        STACKS,
        '            if policy == "Snapshot":\n                _snapshot_resource(rtype, pid, res_props)\n'
        "            if _runs_on_worker_thread(rtype):\n",
        "            if logical_id in _with_dependencies(delete_failures, res_defs, set(resources)):\n"
        "                continue\n"
        '            if policy == "Snapshot":\n                _snapshot_resource(rtype, pid, res_props)\n'
        "            if _runs_on_worker_thread(rtype):\n",
        1,
    ),
    # The event of a failed resource tells its properties, as every event on AWS does: `make why` finds a function by them.
    Edit(
        STACKS,
        'reason="", physical_id="", detailed_status=""):',
        'reason="", physical_id="", detailed_status="", properties=None):',
        1,
    ),
    Edit(
        STACKS,
        "    if detailed_status:\n",
        "    if properties:\n"
        "        event['ResourceProperties'] = __import__('json').dumps(properties, default=str)\n"
        "    if detailed_status:\n",
        1,
    ),
    Edit(STACKS, "        update_attempt = None\n", "        update_attempt = None\n        resolved_props = {}\n", 1),
    Edit(
        STACKS,
        '                       "IMPORT_FAILED" if logical_id in imports else f"{status_prefix}_FAILED",\n'
        "                       str(exc))\n",
        '                       "IMPORT_FAILED" if logical_id in imports else f"{status_prefix}_FAILED",\n'
        "                       str(exc), properties=resolved_props)\n",
        1,
    ),
    Edit(
        HANDLERS,
        "            + (f\"<DetailedStatus>{e['DetailedStatus']}</DetailedStatus>\"\n",
        "            + (f\"<ResourceProperties>{_esc(e['ResourceProperties'])}</ResourceProperties>\"\n"
        "               if e.get('ResourceProperties') else '')\n"
        "            + (f\"<DetailedStatus>{e['DetailedStatus']}</DetailedStatus>\"\n",
        1,
    ),
    # A node that a rollback launches signals too: a rolling update that goes back waits for it as one that goes forward.
    Edit(
        HANDLERS,
        '    if stack.get("StackStatus") not in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):\n',
        '    signaled = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")\n'
        '    if stack.get("StackStatus") not in signaled:\n',
        1,
    ),
    # A nested stack on its way back is called so (ways_back.py), and may go on where it had stuck.
    Edit(
        HANDLERS,
        '                               "IMPORT_ROLLBACK_COMPLETE"):\n'
        '        return _error("ValidationError",\n'
        '                      f"Stack [{stack_name}] is in {current_status} state "\n'
        '                      f"and cannot be updated")\n\n'
        "    template_body, resolve_err = _resolve_template(params)\n",
        '                               "IMPORT_ROLLBACK_COMPLETE") and not (\n'
        "            current_status == _ways_back.STUCK and _ways_back.may_go_on(stack)):\n"
        '        return _error("ValidationError",\n'
        '                      f"Stack [{stack_name}] is in {current_status} state "\n'
        '                      f"and cannot be updated")\n\n'
        "    template_body, resolve_err = _ways_back.template(stack) or _resolve_template(params)\n",
        1,
    ),
    Edit(
        HANDLERS,
        '    stack["StackStatus"] = "UPDATE_IN_PROGRESS"\n    stack["LastUpdatedTime"]',
        '    stack["StackStatus"] = _ways_back.word(stack, "UPDATE_IN_PROGRESS")\n    stack["LastUpdatedTime"]',
        1,
    ),
    Edit(
        HANDLERS,
        '                   "AWS::CloudFormation::Stack", "UPDATE_IN_PROGRESS", "User Initiated",\n',
        '                   "AWS::CloudFormation::Stack", stack["StackStatus"], "User Initiated",\n',
        1,
    ),
    Edit(
        STACKS,
        '            stack["StackStatus"] = f"{status_prefix}_FAILED"\n'
        '            stack["StackStatusReason"] = fail_reason\n',
        '            stack["StackStatus"] = _ways_back.word(stack, f"{status_prefix}_FAILED")\n'
        '            stack["StackStatusReason"] = fail_reason\n',
        1,
    ),
    Edit(
        STACKS,
        '                       "AWS::CloudFormation::Stack", f"{status_prefix}_FAILED",\n'
        "                       fail_reason, stack_id)\n        else:\n",
        '                       "AWS::CloudFormation::Stack", stack["StackStatus"],\n'
        "                       fail_reason, stack_id)\n        else:\n",
        1,
    ),
    Edit(
        STACKS,
        '    stack["StackStatus"] = f"{status_prefix}_COMPLETE"\n'
        "    _add_event(stack_id, stack_name, stack_name,\n"
        '               "AWS::CloudFormation::Stack", f"{status_prefix}_COMPLETE",\n',
        '    stack["StackStatus"] = _ways_back.word(stack, f"{status_prefix}_COMPLETE")\n'
        "    _add_event(stack_id, stack_name, stack_name,\n"
        '               "AWS::CloudFormation::Stack", stack["StackStatus"],\n',
        1,
    ),
    # The template behind an unchanged TemplateURL may have changed, so a nested stack is asked on the way back as well.
    Edit(
        STACKS,
        "        if applied != previous:\n            await revert(",
        '        if applied != previous or rtype == "AWS::CloudFormation::Stack":\n            await revert(',
        1,
    ),
    # A change set adds and removes what a condition switches on and off.
    Edit(
        CHANGE_SETS,
        '    for lid, res in template.get("Resources", {}).items():\n        new_res = dict(res)\n',
        '    for lid, res in template.get("Resources", {}).items():\n'
        "        if not conditions.get(res.get('Condition'), True):\n            continue\n"
        "        new_res = dict(res)\n",
        1,
    ),
    # A stack that is deleted while it is created goes no further (cancellation.py): neither its creation nor a rollback
    # begins another resource or has the last word on its status, and the delete waits until they have stopped.
    Edit(
        STACKS,
        '    for logical_id in ordered:\n        if is_update and stack.pop("_cancel_requested", False):\n',
        "    for logical_id in ordered:\n"
        "        if _cancellation.under_way(stack):\n            break\n"
        '        if is_update and stack.pop("_cancel_requested", False):\n',
        1,
    ),
    Edit(
        STACKS,
        "    resolved_outputs: list = []\n    new_exports: dict = {}\n",
        "    if _cancellation.under_way(stack):\n        return\n"
        "    resolved_outputs: list = []\n    new_exports: dict = {}\n",
        1,
    ),
    Edit(
        STACKS,
        "    await asyncio.sleep(0)\n\n    if failed:\n",
        "    await asyncio.sleep(0)\n\n    if _cancellation.under_way(stack):\n        return\n    if failed:\n",
        1,
    ),
    Edit(
        STACKS,
        "    for logical_id in reversed([lid for lid in to_delete if lid not in imports]):\n",
        "    for logical_id in reversed([lid for lid in to_delete if lid not in imports]):\n"
        "        if _cancellation.under_way(stack):\n            break\n"
        "        if not is_update and logical_id in _with_dependencies(\n"
        "                rollback_failed_records, resources_defs, set(provisioned_resources)):\n"
        "            continue\n",
        1,
    ),
    # What the rollback of a creation cannot delete, and what that depends on, stays in the stack: a delete tries again.
    Edit(
        STACKS,
        '                "Properties": res_props,\n            }\n        provisioned_resources.pop(logical_id, None)\n',
        '                "Properties": res_props,\n            }\n'
        "            if not is_update:\n"
        '                res["ResourceStatus"] = "DELETE_FAILED"\n'
        "                continue\n"
        "        provisioned_resources.pop(logical_id, None)\n",
        1,
    ),
    Edit(
        STACKS,
        "    if not (is_update and previous_stack):\n        release()\n",
        "    if _cancellation.under_way(stack):\n        return\n"
        "    if not (is_update and previous_stack):\n        release()\n",
        1,
    ),
    Edit(
        STACKS,
        "    # Export-in-use check already done synchronously in _delete_stack\n",
        "    await _cancellation.creation_has_stopped(stack_id)\n",
        1,
    ),
    Edit(
        SIGNALS,
        "                remaining = deadline - time.monotonic()\n",
        "                _cancellation.check(stack_name)\n                remaining = deadline - time.monotonic()\n",
        1,
    ),
    # Templates may be built for four zones.
    Edit("ministack.services.ec2", 'for letter in "abc"', f'for letter in "{ZONES}"', 2),
    # Spot's role is not named by the rule that ministack goes by (AWS's guide to EC2, service-linked role for Spot).
    Edit(
        "ministack.services.iam",
        '    role_name = f"AWSServiceRoleFor{suffix.capitalize()}"\n',
        "    role_name = f\"AWSServiceRoleFor{'EC2Spot' if suffix == 'spot' else suffix.capitalize()}\"\n",
        1,
    ),
    # A function learns its log group from AWS_LAMBDA_LOG_GROUP_NAME, also one that LoggingConfig names.
    Edit(
        FUNCTIONS,
        '        spawn_env.setdefault("AWS_LAMBDA_LOG_STREAM_NAME", new_uuid())\n',
        '        spawn_env.setdefault("AWS_LAMBDA_LOG_STREAM_NAME", new_uuid())\n'
        '        if own_group := (self.config.get("LoggingConfig") or {}).get("LogGroup"):\n'
        '            spawn_env["AWS_LAMBDA_LOG_GROUP_NAME"] = own_group\n',
        1,
    ),
)


def check_version() -> None:
    """Refuse any ministack but the pinned one; raises Unpatchable with what to do."""
    installed = importlib.metadata.version("ministack")
    if installed != VERSION:
        raise Unpatchable(
            f"ministack {installed} is installed, but the emulator's patches were written for {VERSION}: install that "
            f"version, or go through tests/emulator/patches.py and change VERSION there."
        )


_CURRENT = "__import__('tests.emulator.patches').emulator.patches.current_partition()"
_SUFFIX = "__import__('tests.emulator.patches').emulator.patches.current_suffix()"
# The end of a host name whose beginning an f-string computes.
_HOST = re.compile(r"(?P<start>\.([a-z0-9-]+\.)*)amazonaws\.com(?P<rest>(/.*)?)")


class _Partition(ast.NodeTransformer):
    """Makes every ARN that a function writes or compares one of the partition of the request's region.

    "arn:aws:…" and f"arn:aws:…" become f"arn:{current}:…", `spec.partition != "aws"` compares with the current one, and
    f"{host}.rds.amazonaws.com" ends as AWS::URLSuffix does.
    Constants outside functions are left alone: they are evaluated once, at import.
    """

    def __init__(self) -> None:
        self.depth = 0

    def _function(self, node: Any) -> Any:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def _split(self, text: str) -> list[ast.expr]:
        """`text` in the pieces of an f-string, each aws between arn and its colon replaced."""
        first, *rest = text.split("arn:aws:")
        pieces: list[ast.expr] = [ast.Constant(first)] if first else []
        for part in rest:
            call = ast.parse(_CURRENT, mode="eval").body
            pieces += [ast.Constant("arn:"), ast.FormattedValue(value=call, conversion=-1), ast.Constant(f":{part}")]
        return pieces

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        values: list[ast.expr] = []
        for value in node.values:
            host = (
                _HOST.fullmatch(value.value)
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
                else None
            )
            if host:
                call = ast.parse(_SUFFIX, mode="eval").body
                values += [ast.Constant(host["start"]), ast.FormattedValue(value=call, conversion=-1)]
                values += [ast.Constant(host["rest"])]
            elif isinstance(value, ast.Constant):
                values += self._split(str(value.value))
            else:
                values.append(self.visit(value))
        node.values = values
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if self.depth and isinstance(node.value, str) and node.value.startswith("arn:aws:"):
            return ast.JoinedStr(values=self._split(node.value))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        other = node.comparators[0]
        of_arn = isinstance(node.left, ast.Attribute) and node.left.attr == "partition"
        if of_arn and isinstance(other, ast.Constant) and other.value == "aws":
            node.comparators[0] = ast.parse(_CURRENT, mode="eval").body
        return node


def current_partition() -> str:
    """The partition of the region that the running request belongs to."""
    from ministack.core.responses import get_region

    return regions.partition_of(get_region())


def current_suffix() -> str:
    """The domain of the region that the running request belongs to."""
    from ministack.core.responses import get_region

    return regions.url_suffix(get_region())


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads one of ministack's modules with its edits made."""

    def __init__(self, name: str, path: str, cache: Path) -> None:
        super().__init__(name, path)
        self.cache = cache

    def get_code(self, fullname: str) -> CodeType | None:
        before = sys.pycache_prefix, sys.dont_write_bytecode
        sys.pycache_prefix, sys.dont_write_bytecode = str(self.cache), False
        try:
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        source = importlib.util.decode_source(data)
        edits = [edit for edit in EDITS if edit.module == self.name]
        for edit in edits:
            found = source.count(edit.old)
            if found != edit.count:
                raise Unpatchable(
                    f"{edit.module} has {found} times what the emulator expects {edit.count} times: {edit.old!r}. "
                    f"Compare the module with ministack {VERSION}'s and mend tests/emulator/patches.py."
                )
            source = source.replace(edit.old, edit.new)
        tree = ast.parse(source)
        for helper, package in HELPERS.items():
            if any(f"_{helper}." in edit.new for edit in edits):
                tree.body += ast.parse(f"from {package} import {helper} as _{helper}").body
        return compile(ast.fix_missing_locations(_Partition().visit(tree)), path, "exec", optimize=_optimize)


class _Finder(importlib.abc.MetaPathFinder):
    """Hands ministack's service modules, and those that EDITS names, to `_Loader`."""

    def __init__(self, cache: Path) -> None:
        # A change of this file or another ministack makes another folder.
        text = VERSION.encode() + Path(__file__).read_bytes()
        self.cache = cache / hashlib.sha256(text).hexdigest()[:12]

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith("ministack.services.") and name not in {edit.module for edit in EDITS}:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.origin and spec.origin.endswith(".py"):
            packages = spec.submodule_search_locations
            spec.loader = _Loader(name, spec.origin, self.cache)
            spec.submodule_search_locations = packages
        return spec


def install(cache: Path) -> None:
    """Patch every ministack service module imported from now on; compiled code goes under the folder `cache`."""
    check_version()
    sys.meta_path.insert(0, _Finder(cache))

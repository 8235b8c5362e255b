"""The changes to ministack's own source: literal replacements, which loader.py makes while Python imports it.

Each says how often its text must occur, so that another version of ministack stops the launcher with a sentence instead
of going subtly wrong.
"""

from dataclasses import dataclass

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

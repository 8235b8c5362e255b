"""Auto Scaling groups that launch: a stand-in node reads its user data and signals, CreationPolicy and UpdatePolicy wait.

ministack makes a group and is done. Here the group's nodes boot (see node.py), and where the template waits for signals
the stack goes on, or fails, by what they say. A script that takes minutes on AWS is judged at once, so timeouts do not
pass; they are only checked for their form. Where somebody else boots the machines (control.INSTANCES), their signals are
waited for as long as the template says.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services.cloudformation import provisioners
from ministack.services.cloudformation import wait_conditions as signals

from tests.emulator import control, node
from tests.emulator.custom import with_context
from tests.emulator.handlers import Failed, Made, Properties, api, wraps

TYPE = "AWS::AutoScaling::AutoScalingGroup"
POLL, PATIENCE = 0.05, 120.0  # seconds; the latter for a signal of a node that has booted, on a busy machine


def _instance() -> str:
    return f"i-{new_uuid().replace('-', '')[:17]}"


def _signal(stack: str, logical_id: str, instance: str, status: str, *, waiting: bool) -> str | None:
    """Signal as a node does; what CloudFormation had against it, if anything. The group may be just about to wait."""
    problem = None
    for _ in range(int(PATIENCE / POLL) if waiting else 1):
        try:
            api("cloudformation").signal_resource(
                StackName=stack, LogicalResourceId=logical_id, UniqueId=instance, Status=status
            )
            return None
        except api("cloudformation").exceptions.ClientError as error:
            problem = str(error)
            if "is not waiting" not in problem:
                return problem
            time.sleep(POLL)
    return problem


def _log(script: node.Script | None, instance: str, complaint: str) -> None:
    """What a portal node that fails leaves in its log group; a node whose user data is no good leaves nothing."""
    group = script.variables.get("LOG_GROUP") if script else None
    if group:
        stream = {"logGroupName": group, "logStreamName": f"{instance}/bootstrap"}
        api("logs").create_log_stream(**stream)
        lines = ("==> 10-image", f"ERROR: {complaint}", "==> stopped in step 10-image")
        now = int(time.time() * 1000)
        api("logs").put_log_events(**stream, logEvents=[{"timestamp": now, "message": line} for line in lines])


def _launch(group: Properties, name: str, stack: str, logical_id: str, wait: Mapping[str, Any] | None) -> None:
    """Boot a group's nodes; with `wait` (Count, Timeout) go on only when that many have signalled success.

    Raises ValueError in CloudFormation's words, with what the node had to say.
    """
    size = int(group.get("DesiredCapacity") or group.get("MinSize") or 0)
    stack_id, complaints = provisioners._cr_stack_id(stack), []
    record = provisioners._asg._asgs[name]
    slot = signals.register_slot(stack_id)

    def one() -> None:
        instance, status, script = _instance(), "SUCCESS", None
        target = (stack_id, logical_id)
        try:
            script = node.boot(group)
            target = (script.variables["STACK_ID"], script.variables["LOGICAL_ID"])
            told = control.fault("boot", TYPE, stack, logical_id)
            if told:
                raise node.Broken(told)
        except node.Broken as broken:
            status = "FAILURE"
            complaints.append(str(broken))
            _log(script, instance, str(broken))
        zone = (group.get("AvailabilityZones") or [""])[0]
        record["Instances"].append(
            {
                "InstanceId": instance,
                "AvailabilityZone": zone,
                "LifecycleState": "InService",
                "HealthStatus": "Healthy",
                "ProtectedFromScaleIn": False,
                "LaunchTemplate": record.get("LaunchTemplate", {}),
            }
        )
        if control.INSTANCES.real and script:
            launched = {"instance": instance, "zone": zone, "logical_id": logical_id, "stack": stack_id}
            control.INSTANCES.launched.append({**launched, **node.surface(group), "user_data": script.text})
            return
        own = target == (stack_id, logical_id)
        refused = _signal(*target, instance, status, waiting=own) if wait is not None else None
        if refused:
            complaints.append(f"its signal to {target[1]} of {target[0]} was refused: {refused}")
            signals.deliver_signal(slot, {"Status": "FAILURE", "UniqueId": instance})

    record["Instances"] = []
    threads = [threading.Thread(target=with_context(one), daemon=True) for _ in range(size)]
    for thread in threads:
        thread.start()
    if wait is None:
        for thread in threads:
            thread.join()
        return
    count = signals.validate_count(wait.get("Count"), logical_id)
    timeout = signals.validate_resource_signal_timeout(wait.get("Timeout"), logical_id)
    patience = timeout if control.INSTANCES.real else PATIENCE
    try:
        signals.wait_for(slot, stack_id, stack, logical_id, TYPE, count, patience)
    except (RuntimeError, TimeoutError) as problem:
        said = "; ".join(complaints) or str(problem)
        raise ValueError(f"Received {len(complaints)} FAILURE signal(s) out of {count}: {said}") from None


def _settings(stack: str, logical_id: str, attribute: str) -> Mapping[str, Any]:
    """A resource attribute of the template being deployed (CreationPolicy, UpdatePolicy)."""
    definition = provisioners._cfn_wait_condition_definition(stack, logical_id)
    settings: Mapping[str, Any] = definition.get(attribute, {})
    return settings


@wraps(TYPE)
class AutoScalingGroup:
    """Create waits by CreationPolicy, a changed launch template rolls the nodes by UpdatePolicy."""

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        name, attributes = stock(logical_id, properties, stack)
        try:
            _launch(
                properties,
                name,
                stack,
                logical_id,
                _settings(stack, logical_id, "CreationPolicy").get("ResourceSignal"),
            )
        except ValueError as problem:
            raise Failed(str(problem), name) from None
        return name, attributes

    @staticmethod
    def update(stock: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        name, attributes = stock(physical_id, old, new, stack, logical_id)
        rolling = _settings(stack, logical_id, "UpdatePolicy").get("AutoScalingRollingUpdate")
        changed = any(old.get(key) != new.get(key) for key in ("LaunchTemplate", "VPCZoneIdentifier"))
        if rolling and changed:
            waits = str(rolling.get("WaitOnResourceSignals", "false")).lower() == "true"
            size = new.get("DesiredCapacity") or new["MinSize"]
            _launch(
                new, name, stack, logical_id, {"Count": size, "Timeout": rolling.get("PauseTime")} if waits else None
            )
        return name, attributes

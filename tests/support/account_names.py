"""Names of the operator's own account in a cluster's configuration, taken out so that the rest of it can be checked.

The account that the tests play holds what the stack's tiers make and nothing else. A role, an image or a reservation of
the operator's own is not in it, and the validators would refuse them. What is taken out is reported.
"""

from __future__ import annotations

import copy
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

Path = tuple[str | int, ...]
# Keys whose value names something of the account, and what goes with it: the key alone, the section that holds it, or the
# whole item of the list (a queue, a compute resource, a file system) that would be another thing without it.
KEY, SECTION, ITEM = "key", "section", "item"
NAMES = {
    "InstanceRole": KEY,
    "InstanceProfile": KEY,
    "PermissionsBoundary": KEY,
    "CustomAmi": KEY,
    "KmsKeyId": KEY,
    "KeyName": KEY,
    "ElasticIp": KEY,
    "Policy": SECTION,
    "BucketName": SECTION,
    "Script": SECTION,
    "CapacityReservationId": ITEM,
    "CapacityReservationResourceGroupArn": ITEM,
    "FileSystemId": ITEM,
    "FileCacheId": ITEM,
    "VolumeId": ITEM,
    "SnapshotId": ITEM,
    "BackupId": ITEM,
    "InstanceType": ITEM,
}
LISTS = {"SecurityGroups", "AdditionalSecurityGroups", "SubnetIds"}
NEEDED = {"Instances", "ComputeResources", "SubnetIds"}  # without one of these, its item goes


@dataclass
class Checkable:
    """What is left of a configuration, and the names that were taken out, as `KEY.KEY: NAME`."""

    configuration: dict[str, Any]
    unknown: list[str] = field(default_factory=list)


def checkable(configuration: dict[str, Any], known: Set[str]) -> Checkable:
    """The configuration without the names of the account that are not among the `known` ones."""
    found = Checkable(copy.deepcopy(configuration))
    while hit := _first_unknown(found.configuration, known, ()):
        path, goes = hit
        found.unknown.append(f"{'.'.join(map(str, path))}: {_at(found.configuration, path)}")
        _cut(found.configuration, goes)
    return found


def _first_unknown(node: Any, known: Set[str], path: Path) -> tuple[Path, Path] | None:
    """The path of the first unknown name, and the path of what goes with it."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        here = (*path, key)
        hit = _unknown(here, value, known) or _first_unknown(value, known, here)
        if hit:
            return hit
    return None


def _unknown(path: Path, value: Any, known: Set[str]) -> tuple[Path, Path] | None:
    if not isinstance(value, str) or value in known:
        return None
    key, parent = path[-1], path[-2] if len(path) > 1 else ""
    if parent in LISTS or (parent == "PlacementGroup" and key in ("Name", "Id")):
        return path, path
    what = NAMES.get(str(key))
    of_s3 = key == "KeyName" and parent != "Ssh"  # S3Access has a key of this name
    if what is None or of_s3 or _is_no_name(str(key), value, known):
        return None
    if what == ITEM:
        return path, _item(path) or path
    return path, path if what == KEY else path[:-1]


def _is_no_name(key: str, value: str, known: Set[str]) -> bool:
    """Whether a value needs no account to be checked, or is in one that is known."""
    return {
        "InstanceType": value in INSTANCE_TYPES,
        "ElasticIp": value in ("true", "false"),
        "Policy": ":iam::aws:policy/" in value,
        "Script": value.startswith(tuple(f"s3://{name}/" for name in known)),
    }.get(key, False)


def _item(path: Path) -> Path:
    """The path of the nearest item of a list that `path` is in; () if there is none."""
    return next((path[:end] for end in range(len(path), 0, -1) if isinstance(path[end - 1], int)), ())


def _at(node: Any, path: Path) -> Any:
    for part in path:
        node = node[part]
    return node


def _cut(configuration: dict[str, Any], path: Path) -> None:
    """Take out what is at `path`, and with it what is empty or not complete then."""
    *way, last = path
    holder = _at(configuration, tuple(way))
    del holder[last]
    if last in NEEDED and _item(tuple(way)):
        _cut(configuration, _item(tuple(way)))
    elif way and not holder:
        _cut(configuration, tuple(way))

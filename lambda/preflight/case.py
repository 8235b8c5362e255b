"""What the checks look at: the answers to the form, and the account through clients that give up soon."""

import functools
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from preflight.facts import INSTANCE_TYPES, READ, THINGS, is_one_of

CONFIG = Config(connect_timeout=4, read_timeout=8, max_pool_connections=20, retries={"total_max_attempts": 2})
ANONYMOUS = CONFIG.merge(Config(signature_version=UNSIGNED))
NOT_THERE = re.compile("NotFound|NoSuch|404|Unknown")

Item = dict[str, Any]
"""Something as AWS describes it."""


class Case:
    """A launch, or an update of `old_answers`, with a look into the account.

    `held_zones` are the Availability Zones that earlier checks picked, `stack` is the name of the operator's stack. Only
    with `may_make` may a check make what the launch needs; without it, what cannot be reached from here may still be in
    the launch's reach. `own_stack` is the id of the stack that holds the checks, if there is one.
    """

    def __init__(
        self,
        answers: Mapping[str, object],
        region: str,
        session: Any = None,
        *,
        zone_count: int = 2,
        old_answers: Mapping[str, object] | None = None,
        held_zones: Sequence[str] = (),
        stack: str = "",
        may_make: bool = False,
        own_stack: str = "",
    ) -> None:
        self.answers = texts(answers)
        self.old_answers = None if old_answers is None else texts(old_answers)
        self.zone_count = zone_count
        self.held_zones = list(held_zones)[:zone_count]
        self.zones = self.held_zones or list(self.numbered("AvailabilityZone").values())
        self.stack = stack
        self.may_make = may_make
        self.own_stack = own_stack
        session = session or boto3.Session()
        self.region = region
        self.partition = session.get_partition_for_region(region)
        self.make_client = functools.cache(session.client)
        self.lock = threading.Lock()

    def __getitem__(self, name: str) -> str:
        """The answer to a question of the form; blank if it was not asked."""
        if not is_one_of(name, READ):
            raise KeyError(f"{name} is not handed to preflight: add it to READ in facts.py")
        return self.answers.get(name, "")

    @property
    def is_launch(self) -> bool:
        """Whether there is no earlier deployment."""
        return self.old_answers is None

    def number(self, name: str) -> float:
        """The answer as a number."""
        return float(self[name] or 0)

    def numbered(self, *names: str) -> dict[str, str]:
        """The answers of each zone to the questions `names`, by parameter, except blank ones."""
        parameters = [f"{name}{zone}" for name in names for zone in range(1, self.zone_count + 1)]
        return {parameter: self[parameter] for parameter in parameters if self[parameter]}

    def asked(self, names: Sequence[str]) -> list[str]:
        """The parameters of the questions `names`: of a question that is asked for each zone, one for each."""
        return [name for name in self.answers if is_one_of(name, names)]

    def changes_one_of(self, names: Sequence[str]) -> bool:
        """Whether this is an update that changes one of these answers."""
        if self.old_answers is None:
            return False
        changed = [name for name, answer in self.answers.items() if self.old_answers.get(name) != answer]
        return any(is_one_of(name, names) for name in changed)

    def client(self, service: str, region: str | None = None, config: Config = CONFIG) -> Any:
        """A client of `service`."""
        with self.lock:  # unlike clients, sessions are not thread-safe
            return self.make_client(service, region_name=region or self.region, config=config)

    def get(self, service: str, operation: str, region: str | None = None, **arguments: Any) -> Item | None:
        """The response, or None if there is no such thing."""
        try:
            response: Item = getattr(self.client(service, region), operation)(**arguments)
        except ClientError as error:
            if NOT_THERE.search(error.response["Error"]["Code"]):
                return None
            raise
        return response

    def list_all(self, service: str, operation: str, key: str, **arguments: Any) -> list[Item]:
        """The items under `key` on all pages."""
        pages = self.client(service).get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]

    def thing(self, name: str) -> Item | None:
        """The thing that the answer `name` names, as AWS describes it."""
        if not self[name]:
            return None
        how = THINGS[name]
        response = self.get(how.service, how.operation, **how.arguments(self[name]))
        if not response or not how.key:
            return response
        found = response[how.key]
        return next(iter(found if isinstance(found, list) else [found]), None)

    @functools.cached_property
    def instance_types(self) -> dict[str, Item]:
        """The instance types in the answers, as EC2 describes them, by name."""
        wanted = only("instance-type", {self[name] for name in INSTANCE_TYPES})
        found = self.list_all("ec2", "describe_instance_types", "InstanceTypes", Filters=wanted)
        return {item["InstanceType"]: item for item in found}

    @functools.cached_property
    def database_zones(self) -> set[str]:
        """The zones that offer the database's class in its version."""
        found = self.list_all(
            "rds",
            "describe_orderable_db_instance_options",
            "OrderableDBInstanceOptions",
            Engine="aurora-mysql",
            EngineVersion=self["DatabaseEngineVersion"],
            DBInstanceClass=self["DatabaseInstanceClass"],
        )
        return {zone["Name"] for option in found for zone in option["AvailabilityZones"]}

    @functools.cached_property
    def subnets(self) -> dict[str, Item]:
        """The subnets in the answers, by id; none if one does not exist."""
        ids = sorted(set(self.numbered("PrivateSubnetId", "LoadBalancerSubnetId").values()))
        found = self.get("ec2", "describe_subnets", SubnetIds=ids) or {"Subnets": []}
        return {subnet["SubnetId"]: subnet for subnet in found["Subnets"]}


def texts(answers: Mapping[str, object]) -> dict[str, str]:
    """The answers as texts, whatever they are."""
    return {str(name): str(answer) for name, answer in answers.items()}


def only(name: str, values: set[str]) -> list[Item]:
    """A filter for EC2."""
    return [{"Name": name, "Values": sorted(values)}]

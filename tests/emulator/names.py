"""Generated physical names, cut to what each type allows as CloudFormation cuts them.

ministack keeps the stack's name whole and drops the logical id, so that a pattern which spells a logical id matches
names that AWS never makes. The algorithm is the product's own, which knows resources by it: generator/cfn/generated_names.
"""

import hashlib
from contextvars import ContextVar

from ministack.core.responses import get_region
from ministack.services.cloudformation import provisioners

from generator.cfn import generated_names
from tests.emulator import schemas

MAKING: ContextVar[str] = ContextVar("the type of the resource that is made", default="")


def limit(resource_type: str, stock: int, region: str) -> int:
    """The most characters of a name: AWS's for the type, else what its schema and ministack both allow."""
    if resource_type in generated_names.LIMITS or not resource_type:
        return generated_names.LIMITS.get(resource_type, stock)
    properties = schemas.schema_of(resource_type, region).get("properties", {})
    lengths = [body["maxLength"] for name, body in properties.items() if name.endswith("Name") and "maxLength" in body]
    return min(stock, max(lengths, default=stock))


def physical_name(
    stack_name: str, logical_id: str, *, lowercase: bool = False, max_len: int = 128, seeded: bool = True
) -> str:
    """A name as CloudFormation makes it, of the type in MAKING; it stays the same until the resource is replaced.

    Takes what ministack's function takes.
    """
    seed = provisioners._NAME_SEED.get() if seeded else ""
    end = hashlib.sha256(f"{stack_name}:{logical_id}:{seed}".encode()).hexdigest()[: generated_names.ENDS[0]].upper()
    most = limit(MAKING.get(), max_len, get_region())
    name = generated_names.beginning(MAKING.get(), stack_name, logical_id, limit=most) + end
    return name.lower() if lowercase else name


def snapshot_id(physical_id: str) -> str:
    """The name of the snapshot that a DeletionPolicy has made: STACK-snapshot-RESOURCE-END, of STACK-RESOURCE-END."""
    stack, resource, end = physical_id.rsplit("-", 2)
    return f"{stack}-snapshot-{resource}-{end}"


def install() -> None:
    """Replace ministack's ways of making names."""
    provisioners._physical_name = physical_name
    provisioners._snapshot_id = snapshot_id

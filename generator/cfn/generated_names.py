"""The physical names that CloudFormation makes for resources which their template does not name.

A name is the stack's name, the logical id and a random end, with hyphens between them. Where that is longer than names
of the type may be, stack name and logical id are cut: both have an equal share of what the random end leaves, and one
that needs less leaves the rest to the other (IdentifierUtils of aws-cloudformation/cloudformation-cli-java-plugin).
Names in public repositories have random ends of 12 or 13 characters, so the shares may be one character smaller: in a
bucket's name 25 or 24 of the stack's name, and 24 of the logical id.
"""

from __future__ import annotations

ENDS = (12, 13)
"""Characters that CloudFormation may reserve for the random end."""
LONGEST = 255
# What the services' API references allow, in characters. Of other types the registry schema knows it, or nobody needs it.
LIMITS = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 32,
    "AWS::ElasticLoadBalancingV2::TargetGroup": 32,
    "AWS::IAM::InstanceProfile": 128,
    "AWS::IAM::ManagedPolicy": 128,
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::RDS::DBCluster": 63,
    "AWS::RDS::DBClusterSnapshot": 63,
    "AWS::RDS::DBInstance": 63,
    "AWS::S3::Bucket": 63,
}
# Types whose names are in lower case throughout.
LOWERED = {"AWS::RDS::DBCluster", "AWS::RDS::DBClusterSnapshot", "AWS::RDS::DBInstance", "AWS::S3::Bucket"}


def limit_of(resource_type: str) -> int:
    """The most characters that a name of this type may have."""
    return LIMITS.get(resource_type, LONGEST)


def shares(free: int, stack: str, logical_id: str) -> tuple[int, int]:
    """How many of `free` characters go to the stack's name and to the logical id."""
    of_stack = max(free - free // 2, free - len(logical_id))
    of_id = max(free // 2, free - len(stack))
    return min(len(stack), of_stack), min(len(logical_id), of_id)


def beginning(resource_type: str, stack: str, logical_id: str, end: int = ENDS[0], limit: int = 0) -> str:
    """What the name of a resource begins with, up to the hyphen before its random end of `end` characters.

    `limit` replaces the type's own.
    """
    of_stack, of_id = shares((limit or limit_of(resource_type)) - end - 2, stack, logical_id)
    text = f"{stack[:of_stack]}-{logical_id[:of_id]}-"
    return text.lower() if resource_type in LOWERED else text


def beginnings(resource_type: str, stack: str, logical_id: str) -> tuple[str, ...]:
    """What the name of a resource may begin with: one text for each length of the random end."""
    return tuple(dict.fromkeys(beginning(resource_type, stack, logical_id, end) for end in ENDS))


def certain_part(resource_type: str, logical_id: str) -> str:
    """What every name shows of the logical id, however long the stack's name is."""
    shown = logical_id[: (limit_of(resource_type) - max(ENDS) - 2) // 2]
    return shown.lower() if resource_type in LOWERED else shown

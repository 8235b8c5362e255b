"""The tiers: one module, and one nested template, for each part of the deployment; and what tiers share.

A tier is a function `build(tier, …) -> Ports` beside the dataclass that it returns; `generator/stack.py` puts them together.
"""

from generator.tiers import (
    assets,
    clusters,
    database,
    file_system,
    https,
    load_balancer,
    lustre,
    monitoring,
    network,
    portal,
    preflight,
    provider,
    secrets,
    security_groups,
    waf,
)

__all__ = [
    "assets",
    "clusters",
    "database",
    "file_system",
    "https",
    "load_balancer",
    "lustre",
    "monitoring",
    "network",
    "portal",
    "preflight",
    "provider",
    "secrets",
    "security_groups",
    "waf",
]

"""Settings of the account that no answer names and every launch meets."""

from preflight.case import Case
from preflight.verdicts import Findings, Warn, Wrong, check

EBS_ALIAS = "alias/aws/ebs"


@check("The account's default EBS key is one that the nodes may use")
def ebs_default_key(case: Case) -> Findings:
    """The clusters' root volumes are encrypted with it: ParallelCluster takes no other key for them.

    Nodes whose volume cannot be decrypted end at once, with "Client.InternalError" (EC2 user guide). The portal nodes
    name AWS's own key.
    """
    default = case.client("ec2").get_ebs_default_kms_key_id()["KmsKeyId"]
    if default.endswith(EBS_ALIAS):
        return
    key = (case.get("kms", "describe_key", KeyId=default) or {}).get("KeyMetadata", {})
    if key.get("KeyManager") == "AWS":
        return
    named = f"The account's default EBS key in {case.region} is {default}"
    if key.get("KeyState") != "Enabled":
        yield Wrong("", f"{named}, which cannot be used: make {EBS_ALIAS} the default key.")
        return
    grants = "let its policy allow the account kms:CreateGrant and kms:Decrypt through EC2 and name EbsDefaultKey"
    yield Wrong("", f"{named}: make {EBS_ALIAS} the default, or {grants} in PreflightWarnOnly.")


@check(
    "VPC Block Public Access leaves the ways in and out open",
    reads=("LoadBalancerScheme", "VpcId", "LoadBalancerSubnetId", "PrivateSubnetId"),
)
def public_access(case: Case) -> Findings:
    """An existing subnet knows how far it is blocked, exclusions included; a new VPC has no exclusion."""
    if case["VpcId"]:
        yield from blocked_subnets(case)
        return
    found = case.client("ec2").describe_vpc_block_public_access_options()
    mode = found["VpcBlockPublicAccessOptions"].get("InternetGatewayBlockMode", "off")
    shuts_in = mode == "block-ingress" and case["LoadBalancerScheme"] != "internal"
    if shuts_in or mode == "block-bidirectional":
        what = "the load balancer" if shuts_in else "every way out"
        remedy = "switch it off, or take an existing VPC that is excluded from it."
        yield Wrong("", f"VPC Block Public Access is {mode} in {case.region} and ends {what}: {remedy}")


def blocked_subnets(case: Case) -> Findings:
    """What is blocked of an existing VPC's subnets."""
    is_open = case["LoadBalancerScheme"] != "internal"
    for name, id_ in case.numbered("PrivateSubnetId", "LoadBalancerSubnetId").items():
        states = case.subnets.get(id_, {}).get("BlockPublicAccessStates", {})
        mode = states.get("InternetGatewayBlockMode", "off")
        if name.startswith("LoadBalancerSubnetId") and is_open and mode != "off":
            remedy = "exclude the subnet, or choose LoadBalancerScheme internal."
            yield Wrong(name, f"is shut to the internet by VPC Block Public Access ({mode}): {remedy}")
        elif name.startswith("PrivateSubnetId") and mode == "block-bidirectional":
            text = f"{name} {id_} has VPC Block Public Access {mode}"
            yield Warn(name, f"{text}: see that its NAT gateway stands in an excluded subnet.")


@check("The load balancer's TLS policy exists in this region", reads=("TlsPolicy",))
def tls_policy(case: Case) -> Findings:
    """The template names one for each partition."""
    if case["TlsPolicy"] and not case.get("elbv2", "describe_ssl_policies", Names=[case["TlsPolicy"]]):
        where = f"does not exist in {case.region}"
        yield Wrong("TlsPolicy", f"{where}: launch in another region, and report this region to the publisher.")

"""What CloudFormation waits for while a resource is in progress, and where to look if that takes long."""

from __future__ import annotations

# By resource type: what is waited for, and what may be amiss.
WAITS = {
    "AWS::AutoScaling::AutoScalingGroup": "the signal of a portal node that has booted: its log group has the bootstrap",
    "AWS::CertificateManager::Certificate": (
        "ACM, which validates a certificate by DNS: without an end if nobody delegates to the hosted zone"
    ),
    "AWS::CloudFormation::WaitCondition": "the signal of a head node that has booted: the cluster's log group has its log",
    "AWS::EC2::NatGateway": "a NAT gateway",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "the load balancer",
    "AWS::FSx::FileSystem": "a Lustre file system",
    "AWS::RDS::DBCluster": "the database cluster, which a snapshot of some size delays",
    "AWS::RDS::DBInstance": "a database instance",
    "Custom::AssetCopy": "the release's files, which are copied into the stack's bucket",
    "Custom::ParallelClusterImage": "preflight, which looks the portal's image up",
    "Custom::PclusterCluster": "a cluster's own stack, whose name is the cluster's: ParallelCluster has an hour for it",
    "Custom::Preflight": "preflight's checks",
    "Custom::SelfSignedCertificate": "the function that makes the self-signed certificate",
}


def waits_for(resource_type: str) -> str:
    """What a resource of this type in progress waits for; blank if that is no more than the resource itself."""
    return WAITS.get(resource_type, "")

"""Which partition and which domain a region belongs to, for everything in this package that writes an ARN or a URL."""


def partition(region: str) -> str:
    """The partition of `region`, as the second field of its ARNs: aws, aws-cn or aws-us-gov."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def suffix(region: str) -> str:
    """The domain of `region`'s endpoints, what AWS::URLSuffix answers there."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"

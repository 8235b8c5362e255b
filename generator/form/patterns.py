"""Patterns for the answers to the form: syntax only; what depends on two answers is a rule (rules.py)."""

OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
CIDR = rf"({OCTET}\.){{3}}{OCTET}/(3[0-2]|[12]?\d)"
# Three sizes, since Fn::Cidr cannot calculate the size of a subnet from that of the VPC: see tiers/network.py.
VPC_CIDR = rf"({OCTET}\.){{3}}{OCTET}/(16|18|20)"
ARN = r"arn:aws[a-z-]*"
SECRET_ARN = ARN + r":secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+"
CERTIFICATE_ARN = ARN + r":acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+"
KMS_KEY_ARN = ARN + r":kms:[a-z0-9-]+:\d{12}:key/[\w-]+"
# No path and no other characters: the policies template of ParallelCluster (parallelcluster-policies.yaml) takes no others.
BOUNDARY_ARN = ARN + r":iam::(\d{12}|aws):policy/[a-zA-Z0-9_-]+"
SNAPSHOT_ARN = ARN + r":rds:[a-z0-9-]+:\d{12}:(cluster-)?snapshot:[\w:-]+"
AVAILABILITY_ZONE = r"[a-z]{2}(-[a-z]+)+-\d[a-z]"
DOMAIN_NAME = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
HOSTED_ZONE = r"Z[A-Z0-9]{4,31}"
PREFIX_LIST = r"pl-[0-9a-f]{8,17}"
FILE_SYSTEM = r"fs-[0-9a-f]{8,17}"
IMAGE = r"ami-[0-9a-f]{8,17}"
KEY_NAME = r"[\x20-\x7e]{1,255}"
EMAIL = r"[^\s@]+@[^\s@]+\.[^\s@]+"
SHA256 = r"[0-9a-f]{64}"
# The portal nodes' security group lets out port 443; what stands before an @ would be a password in the clear.
DOWNLOAD = r"(https://[A-Za-z0-9.-]+(:443)?|s3://[a-z0-9][a-z0-9.-]+[a-z0-9])/[\w.~:/?#@!$&()*+,;=%-]+"
# AWS Graviton families have a g behind the generation's number (t4g, c7gn, hpc7g), but for a1, im4gn, is4gen and the
# Grace nodes of p6e; EnginFrame and the portal's image are x86-64 only.
X86_INSTANCE = r"(?!a1\.|mac|im4g|is4g|p6e-gb|[a-z]+\d+g)[a-z][a-z0-9-]*\.[a-z0-9-]+"
DATABASE_CLASS = r"db\.[a-z0-9]+\.[a-z0-9]+"
AURORA_VERSION = r"8\.0\.mysql_aurora\.3\.\d{2}\.\d+"
# Not 3.16.0, whose Slurm has known vulnerabilities (aws/aws-parallelcluster, issue 7601).
PARALLELCLUSTER_VERSION = r"3\.(16\.[1-9]\d?|(1[7-9]|[2-9]\d)\.\d+)"
# Without dots: the certificate of virtual-hosted S3 covers one label.
BUCKET = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
REGION = r"[a-z]{2}(-[a-z]+)+-\d"
PREFIX = r"([A-Za-z0-9._-]+/)+"
# The two forms that ParallelCluster takes (DomainNameValidator of 3.16.1).
DIRECTORY_DOMAIN = r"([\w-]+(\.[\w-]+)*|(DC|dc)=[\w-]+(,(DC|dc)=[\w-]+)*)"
# The ports are those that the firewall tier lets out.
DIRECTORY_SERVER = r"ldaps?://[A-Za-z0-9.-]+(:(389|636|3268|3269))?"
DIRECTORY_SERVERS = rf"{DIRECTORY_SERVER}(,{DIRECTORY_SERVER})*"
# Printable characters, but quotes, and what sssd's syntax or a shell's would take for its own.
DISTINGUISHED_NAME = r"[A-Za-z]+=[\x20\x21\x23-\x26\x28-\x5b\x5d-\x7e]*[\w)]"
LDAP_FILTER = r"[(][\x20\x21\x23-\x26\x28-\x3e\x40-\x7e]+[)]"
CHECK_NAMES = r"[A-Z][A-Za-z0-9]*(,[A-Z][A-Za-z0-9]*)*"
REFRESH = r"[A-Za-z0-9._-]{1,64}"


def tags(most: int) -> str:
    """The pattern for up to `most` tags, `Key=Value` with commas between them, no key twice.

    The characters are AWS's but those that part tags here. Some keys belong to AWS, ParallelCluster and this stack.
    """
    key = r"(?![aA][wW][sS]:|parallelcluster:|Name=)[\w .:/+@-]{1,128}"
    tag = key + r"=[\w .:/+@-]{1,256}"
    return rf"(?!(.*,)?([^=,]+)=(.*,)\2=){tag}(,{tag}){{0,{most - 1}}}"


def whole(pattern: str) -> str:
    """The pattern for an answer that must be given."""
    return f"^{pattern}$"


def blank_or(pattern: str) -> str:
    """The pattern for an answer that may be left blank."""
    return f"^$|^{pattern}$"

"""Files in S3, and why one cannot be read, in words that lead to a remedy."""

from botocore.exceptions import ClientError

from preflight.case import Case, Item


def stored(case: Case, bucket: str, key: str, region: str | None = None) -> Item:
    """The object as GetObject answers. Raises ValueError with the reason if S3 refuses it.

    S3 answers 403 also for an object that is not there, to a role that may not list the bucket.
    """
    try:
        found = case.get("s3", "get_object", region, Bucket=bucket, Key=key)
    except ClientError as error:
        code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code.startswith("KMS") or "kms:" in words:
            raise ValueError(f"its KMS key's policy does not allow this account kms:Decrypt; {words}") from None
        if "service control policy" in words:
            raise ValueError(f"a service control policy denies it; {words}") from None
        if code in ("AccessDenied", "403", "InvalidObjectState"):
            raise ValueError(f"S3 answers {code}: it is not there, or the bucket's policy denies it") from None
        raise
    if not found:
        raise ValueError("there is no such object")
    return found


def key_warning(case: Case, name: str, found: Item) -> str:
    """What the key of an object must allow, as a sentence; blank if AWS's own key or none encrypts it."""
    key = found.get("SSEKMSKeyId", "")
    if not key or (case.get("kms", "describe_key", KeyId=key) or {}).get("KeyMetadata", {}).get("KeyManager") == "AWS":
        return ""
    return f"The object in {name} has KMS key {key}: its policy must allow this account's roles kms:Decrypt through S3."

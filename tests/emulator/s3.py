"""S3 as CloudFormation meets it: where a TemplateURL may point, and buckets that are not empty."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import get_account_id, get_region, set_request_account_id
from ministack.services import s3 as store
from ministack.services.cloudformation import helpers

from generator.cfn.regions import partition_of, url_suffix
from tests.emulator.handlers import Properties, wraps

WRONG_ENDPOINT = (
    "S3 error: The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
    "future requests to this endpoint."
)
_REGION = r"(?P<region>[a-z]{2}(-[a-z]+)+-\d)"
_DOMAIN = r"(?P<domain>amazonaws\.com(\.cn)?)"
VIRTUAL_HOST = re.compile(rf"https://(?P<bucket>[a-z0-9.-]+?)\.s3([.-]{_REGION})?\.{_DOMAIN}/(?P<key>.+)")
PATH_STYLE = re.compile(rf"https://s3([.-]{_REGION})?\.{_DOMAIN}/(?P<bucket>[a-z0-9.-]+)/(?P<key>.+)")


def locate(url: str) -> tuple[str, str]:
    """Bucket and key of an S3 URL, as CloudFormation in the request's region would read it.

    Raises ValueError with CloudFormation's words where S3 would refuse the URL: a host that names another region than
    the bucket's, or an object in another partition.
    """
    match = VIRTUAL_HOST.fullmatch(url) or PATH_STYLE.fullmatch(url)
    if not match:
        raise ValueError("TemplateURL must be a supported URL.")
    home = next((b["region"] for (_, name), b in store._buckets._data.items() if name == match["bucket"]), None)
    if home is None:
        raise ValueError("S3 error: The specified bucket does not exist")
    if partition_of(home) != partition_of(get_region()) or match["domain"] != url_suffix(home):
        raise ValueError("S3 error: The AWS Access Key Id you provided does not exist in our records.")
    if (match["region"] or "us-east-1") != home:
        raise ValueError(WRONG_ENDPOINT)
    return match["bucket"], match["key"]


@contextlib.contextmanager
def _as_owner(bucket: str) -> Iterator[None]:
    """Read a bucket of whichever account; CloudFormation may read what is public."""
    caller = get_account_id()
    set_request_account_id(store._bucket_owner_account(bucket) or caller)
    try:
        yield
    finally:
        set_request_account_id(caller)


@wraps("AWS::S3::Bucket")
class Bucket:
    """A bucket with objects or old versions in it cannot be deleted; ministack deletes them along."""

    @staticmethod
    def delete(stock: Any, physical_id: str, properties: Properties) -> None:
        versions = [key for bucket, key in store._object_versions if bucket == physical_id]
        record = store._buckets.get(physical_id)
        if record and (record["objects"] or any(store._object_versions[physical_id, key] for key in versions)):
            raise ValueError(
                f"The bucket {physical_id} you tried to delete is not empty (Service: S3, Status Code: 409)"
            )
        stock(physical_id, properties)


def install() -> None:
    """Let CloudFormation read virtual-hosted URLs, each at its bucket's own region only."""
    stock = helpers._resolve_document

    def resolved(params: dict[str, Any], body_key: str, url_key: str, label: str) -> Any:
        url = helpers._p(params, url_key)
        if url and not url.startswith("http://127.0.0.1"):
            try:
                bucket, key = locate(url)
            except ValueError as problem:
                return None, helpers._error("ValidationError", str(problem))
            params = {**params, url_key: [f"http://127.0.0.1/{bucket}/{key}"]}
            with _as_owner(bucket):
                return stock(params, body_key, url_key, label)
        return stock(params, body_key, url_key, label)

    helpers._resolve_document = resolved

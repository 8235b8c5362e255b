"""Puts AWS's templates into AWS's public buckets, which belong to another account."""

import importlib.metadata
import json
import re

from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import s3 as store

from tests.emulator import schemas
from tests.emulator.provider.templates import KEY, POLICIES_KEY, policies, template

OWNER = "999999999999"


def publish() -> None:
    """Put the templates of the installed ParallelCluster version into the public bucket of every region."""
    version = importlib.metadata.version("aws-parallelcluster")
    files = {
        KEY.format(version=version): json.dumps(template(version)).encode(),
        POLICIES_KEY.format(version=version): json.dumps(policies(version)).encode(),
    }
    set_request_account_id(OWNER)
    for region in schemas.regions():
        if not re.search("-isob?f?e?-", region):
            set_request_region(region)
            bucket = f"{region}-aws-parallelcluster"
            public = {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            }
            store._buckets[bucket] = {
                "created": "2018-11-01T00:00:00Z",
                "region": region,
                "objects": {
                    key: store._build_object_record(body, {"content-type": "text/yaml"}) for key, body in files.items()
                },
                **store._new_bucket_public_access_block(),
            }
            store._bucket_policies[bucket] = json.dumps({"Version": "2012-10-17", "Statement": [public]})
    set_request_account_id("")

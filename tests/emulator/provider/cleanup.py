"""The function that empties the bucket of the provider's stack when the stack is deleted; else it does nothing."""

import json
import urllib.request
from typing import Any

import boto3


def handler(event: dict[str, Any], context: object) -> None:
    """Answer one event of CleanupS3bucketCustomResource."""
    names = ("StackId", "RequestId", "LogicalResourceId")
    answer = {**{name: event[name] for name in names}, "Status": "SUCCESS", "Reason": ""}
    answer["PhysicalResourceId"] = event.get("PhysicalResourceId", "CleanupS3bucketCustomResource")
    try:
        if event["RequestType"] == "Delete":
            bucket = boto3.resource("s3").Bucket(event["ResourceProperties"]["S3Bucket"])
            bucket.objects.all().delete()
            bucket.object_versions.delete()
    except Exception as error:  # whatever it is, CloudFormation must hear of it
        answer.update(Status="FAILED", Reason=str(error))
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=body, method="PUT"), timeout=30).close()

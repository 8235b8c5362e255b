"""The project's own custom resources, strict: a misspelt property is an error here and not a surprise in a launch.

troposphere lets any attribute pass on a custom resource. `ServiceTimeout` is set on each of the project's own, so that
a Lambda that dies costs minutes and not CloudFormation's hour.
"""

from __future__ import annotations

from typing import Any

from troposphere import AWSHelperFn
from troposphere.cloudformation import CustomResource


class StrictCustomResource(CustomResource):
    """A custom resource that admits only the properties of its class."""

    def __setattr__(self, name: str, value: Any) -> None:
        built = "_BaseAWSObject__initialized" in self.__dict__
        if built and name not in self.__dict__ and name not in self.attributes and name not in self.props:
            raise AttributeError(f"{self.resource_type} has no property {name}")
        super().__setattr__(name, value)


VALUE = (str, AWSHelperFn)
SERVICE = {"ServiceToken": (VALUE, True), "ServiceTimeout": (VALUE, True)}


class Preflight(StrictCustomResource):
    """Checks the answers against the account and picks Availability Zones (lambda/preflight)."""

    resource_type = "Custom::Preflight"
    props = {**SERVICE, "Answers": (list, True), "Zones": (VALUE, True), "Resolved": (dict, True)}


class ParallelClusterImage(StrictCustomResource):
    """Looks ParallelCluster's machine image up once, and again when a property changes (lambda/preflight)."""

    resource_type = "Custom::ParallelClusterImage"
    props = {
        **SERVICE,
        "ParallelClusterVersion": (VALUE, True),
        "PortalAmiId": (VALUE, True),
        "PortalImageRefresh": (VALUE, True),
    }


class AssetCopy(StrictCustomResource):
    """Copies the release's files into the stack's own bucket, and empties it at the end (lambda/assets)."""

    resource_type = "Custom::AssetCopy"
    props = {
        **SERVICE,
        "SourceBucket": (VALUE, True),
        "SourceRegion": (VALUE, True),
        "SourcePrefix": (VALUE, True),
        "Bucket": (VALUE, True),
        "Keys": (list, True),
    }


class SelfSignedCertificate(StrictCustomResource):
    """A self-signed certificate in ACM, renewed in place (lambda/certificate)."""

    resource_type = "Custom::SelfSignedCertificate"
    props = {**SERVICE, "DomainName": (VALUE, True)}


class PclusterCluster(StrictCustomResource):
    """A cluster, made by ParallelCluster's own provider, which refuses ServiceTimeout and Tags."""

    resource_type = "Custom::PclusterCluster"
    props = {
        "ServiceToken": (VALUE, True),
        "ClusterName": (VALUE, True),
        "ClusterConfiguration": (dict, True),
    }

"""The base of custom resources: a misspelt property is an error here and not a surprise in a launch.

troposphere lets any attribute pass on a custom resource. The project's own set `ServiceTimeout` (SERVICE), so that a
function that dies costs minutes and not CloudFormation's hour.
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

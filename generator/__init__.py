"""Generator of CloudFormation templates for a highly available HPC portal on AWS."""

__version__ = "0.1.0"
# Where a release lies under AssetsPrefix. A template names its own, so that a stack that is updated with a newer parent
# gets the newer children, whatever answers it keeps.
RELEASE = f"v{__version__}/"

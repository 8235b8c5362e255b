"""Generator of CloudFormation templates for a highly available HPC portal on AWS."""

__version__ = "0.1.0"

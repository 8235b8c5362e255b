"""Generator of CloudFormation templates for a highly available HPC portal on AWS."""

__version__ = "0.1.0"


def release_folder(version: str) -> str:
    """Where the files of a version lie under AssetsPrefix.

    A template names its own, so that a stack that is updated with a newer parent gets the newer children, whatever
    answers it keeps.
    """
    return f"v{version}/"


RELEASE_FOLDER = release_folder(__version__)

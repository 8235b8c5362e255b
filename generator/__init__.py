"""Generator of CloudFormation templates for a highly available HPC portal on AWS."""

__version__ = "0.1.0"
MIN_ZONES, MAX_ZONES = 2, 4  # Availability Zones that a build may be for
DEFAULT_ZONES = 2  # Availability Zones of a build, unless a command says another number
ZONES_FOLDER = "zones-{}/"  # of a build for another number, below its version's folder


def release_folder(version: str, zone_count: int = DEFAULT_ZONES) -> str:
    """Where the files of a version for so many Availability Zones lie under AssetsPrefix.

    A template names its own, so that a stack that is updated with a newer parent gets the newer children, whatever
    answers it keeps. A build for another number of zones is a release of its own, in a folder below the version's.
    """
    return f"v{version}/" + ("" if zone_count == DEFAULT_ZONES else ZONES_FOLDER.format(zone_count))


RELEASE_FOLDER = release_folder(__version__)

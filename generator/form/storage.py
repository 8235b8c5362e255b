"""Questions: EFS and FSx for Lustre."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cfn.template import Value
from generator.form import patterns
from generator.form.question import Group, choice, optional

# FSx for Lustre: 1,200 GiB, 2,400 GiB, then steps of 2,400 GiB (FSx API reference, StorageCapacity).
LUSTRE_SIZES = (1200, *range(2400, 50400, 2400))
# PERSISTENT_1 takes the first three, PERSISTENT_2 the last four (FSx API reference, PerUnitStorageThroughput).
PERSISTENT_1_THROUGHPUTS = (50, 100, 200)
PERSISTENT_2_THROUGHPUTS = (125, 250, 500, 1000)


@dataclass(frozen=True)
class Storage(Group, title="Storage"):
    """The file systems."""

    existing_file_system_id: Value = optional(
        "Existing EFS file system",
        "Optional - EFS file system of an earlier deployment; it must have no mount targets. Leave blank to create one.",
        patterns.FILE_SYSTEM,
        "Must be a file system's id such as fs-0123456789abcdef0, or blank.",
    )
    lustre_deployment_type: Value = choice(
        "Lustre deployment type",
        "SCRATCH_2 loses its data when a server fails; auto means SCRATCH_2, or PERSISTENT_1 in China (no scratch there).",
        "auto",
        "SCRATCH_2",
        "PERSISTENT_1",
        "PERSISTENT_2",
    )
    lustre_storage_capacity: Value = choice(
        "Lustre size (GiB)",
        "Size of each cluster's FSx for Lustre file system; it can grow later but never shrink.",
        *LUSTRE_SIZES,
        type="Number",
        constraint="Choose 1200, 2400 or a multiple of 2400 up to 48000.",
    )
    lustre_throughput: Value = choice(
        "Lustre throughput (MB/s per TiB)",
        "Throughput of a persistent file system: 50, 100 or 200 for PERSISTENT_1, 125 to 1000 for PERSISTENT_2.",
        *sorted((*PERSISTENT_1_THROUGHPUTS, *PERSISTENT_2_THROUGHPUTS)),
        type="Number",
    )
    kms_key_arn: Value = optional(
        "Encryption key",
        "Optional - ARN of your KMS key for the database, EFS and Lustre. Leave blank to use AWS managed keys.",
        patterns.KMS_KEY_ARN,
        "Must be the ARN of a KMS key (not an alias), or blank.",
    )

"""CloudFormation in Python: wiring between stacks, references, partitions, the engine of the Rules section."""

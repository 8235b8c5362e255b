"""The stand-in of AWS ParallelCluster's CloudFormation provider: its template and its functions, and the policies template.

AWS publishes them in a public bucket of each region, `<region>-aws-parallelcluster`. So does the emulator (`templates.py`,
`publication.py`). `function.py` and `judge.py` are the provider's Lambda function, `cleanup.py` empties its bucket.
"""

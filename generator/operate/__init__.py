"""Commands for operators: can it be launched, how far is it, why did it fail, what is left of it.

Every command reads and none changes anything. They work wherever boto3 does: with AWS_ENDPOINT_URL set, on an emulator.
"""

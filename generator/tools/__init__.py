"""What an operator asks about a deployment: why it failed, how far it is, what it left behind.

`python -m generator.tools`, or `make why`, `make status` and `make leftovers`. Needs boto3 and rich beside Python, reads
and never changes anything, and works wherever boto3 does: with AWS_ENDPOINT_URL set, on an emulator too.
"""

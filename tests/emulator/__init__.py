"""The embedded stand-in of AWS that the tests and `make local` deploy to.

It is ministack, an emulator from PyPI that really runs Lambda code, made stricter where CloudFormation is stricter.
Two programs share this package:

* the launcher (`python -m emulator --port N`, run by the Python of the emulator's own virtual environment): everything
  from `launcher.py` down. `patches.py` changes ministack's source as it is imported, the modules after it replace
  resource handlers. Read `launcher.py` first, it names them all.
* the client (`client.py`, run by the tests' Python): starts a launcher, publishes files, creates stacks, reads failures.

`regions.py`, `rules.py` and `schemas.py` need nothing but the standard library (and, for the schemas, cfn-lint's data
files), so that either side may import them.
"""

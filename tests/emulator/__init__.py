"""The embedded stand-in of AWS that the tests and `make local` deploy to.

It is ministack, an emulator from PyPI that really runs Lambda code, made stricter where CloudFormation is stricter.
Two programs share this package:

* the launcher (`python -m tests.emulator`, run by the Python of the emulator's own virtual environment; `process.py` has
  its arguments): `loader.py` changes ministack's source as it is imported (`patches.py` and `partitions.py` say how),
  the modules that `launcher.py` names replace resource handlers and checks. Read `launcher.py` first.
* the client, run by the tests' Python: `client.py` starts a launcher (`process.py`), publishes files, runs stacks and
  waits (`outcome.py`), reads what failed (`history.py`) and what is left (`leftovers.py`).

Commands that use the client: `local.py` (`make local`; what it does is in `launch.py`, what it deploys in `release.py`, what
it leaves for `make local-down` in `state.py`) and `taskcat_local.py` (what it does is in `taskcat_launch.py`).

Either side may import `generator.cfn.regions`, `generator.cfn.generated_names` and `generator.cfn.rules_engine`, which has
the Rules of a template: they need nothing but the standard library.
"""

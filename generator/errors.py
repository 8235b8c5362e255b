"""The one exception whose text is written for the person at the keyboard."""


class GeneratorError(Exception):
    """Bad input or a broken invariant of the build, said in one sentence that tells what to do."""

"""Lambda functions, which on the emulator reach no public DNS: a question to it fails, as in a closed network.

The zones of tests are nobody's in the real DNS, and no test may depend on what that answers.
"""

from typing import Any

from tests.emulator.handlers import Made, Properties, wraps

RESOLVERS, NO_RESOLVERS = "/etc/resolv.conf", "/nowhere/resolv.conf"


def cut_off(properties: Properties) -> Properties:
    """The function's properties with code that finds no resolver."""
    code = properties.get("Code", {})
    if "ZipFile" not in code:
        return properties
    return {**properties, "Code": {**code, "ZipFile": code["ZipFile"].replace(RESOLVERS, NO_RESOLVERS)}}


@wraps("AWS::Lambda::Function")
class Function:
    """As ministack has it, with other code."""

    @staticmethod
    def create(stock: Any, logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = stock(logical_id, cut_off(properties), stack)
        return made

    @staticmethod
    def update(stock: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        made: Made = stock(physical_id, cut_off(old), cut_off(new), stack, logical_id)
        return made

"""How values travel between parent and nested stacks: shown on small tiers made up here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mypy import api as mypy
from troposphere import Equals, GetAtt, If, Ref, Select, Sub
from troposphere.cloudformation import WaitConditionHandle

from generator.cfn.ports import Ports, camel, port
from generator.cfn.template import StrictTemplate, Value
from generator.cfn.wiring import Child, Parent, Tier
from generator.errors import GeneratorError
from generator.text.sources import ROOT, Sources


@dataclass(frozen=True)
class NetworkZone(Ports):
    subnet_id: Value = port("Subnet of the zone")
    unwanted: Value = port("Handed out and used by nobody")


@dataclass(frozen=True)
class Network(Ports):
    zones: tuple[NetworkZone, ...]
    vpc_id: Value = port("VPC")
    groups: Value = port("Security groups", "CommaDelimitedList")


@dataclass(frozen=True)
class Disk(Ports):
    disk_id: Value = port("File system")


Build = Callable[..., Any]
Samples = Callable[..., Build]


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Samples:
    """Turns a function into the `build` of a tier's module of the given name."""

    def make(name: str, build: Build, doc: str = "A tier of a test. And more.") -> Build:
        module = ModuleType(f"samples.{name}", doc)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        build.__module__ = module.__name__
        return build

    return make


def made_up(name: str, children: dict[str, Child]) -> Parent:
    """A parent that names its children by file name."""
    return Parent(name, StrictTemplate("A parent."), 2, Sources(), children, lambda file_name: file_name)


@pytest.fixture
def parent() -> Parent:
    return made_up("sample", {})


def handle(tier: Tier, title: str, **metadata: Any) -> WaitConditionHandle:
    """A resource that needs no properties; what it is to refer to goes into its metadata."""
    return tier.template.add_resource(WaitConditionHandle(title, Metadata=metadata))


def network(tier: Tier) -> Network:
    vpc = handle(tier, "Vpc")
    zones = (NetworkZone(subnet_id=Ref(handle(tier, f"Subnet{n}")), unwanted="x") for n in (1, 2))
    return Network(zones=tuple(zones), vpc_id=Ref(vpc), groups=[GetAtt(vpc, "A"), "sg-2"])  # type: ignore[arg-type]  # a list, until it crosses


def parameters_of(parent: Parent, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = parent.template.to_dict()["Resources"][stack]["Properties"].get("Parameters", {})
    return found


def document(parent: Parent, tier: str) -> dict[str, Any]:
    return parent.children[tier].document


def test_a_value_crosses_the_boundary_under_one_name(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, net: Network) -> Disk:
        assert net.vpc_id == Ref("VpcId")
        return Disk(disk_id=Ref(handle(tier, "Disk", Vpc=net.vpc_id)))

    net = parent.add(sample("network", network))
    made = parent.add(sample("disk", disk), net)
    assert document(parent, "network")["Outputs"]["VpcId"] == {"Description": "VPC", "Value": {"Ref": "Vpc"}}
    assert parameters_of(parent, "DiskStack") == {"VpcId": {"Fn::GetAtt": ["NetworkStack", "Outputs.VpcId"]}}
    assert document(parent, "disk")["Parameters"] == {"VpcId": {"Type": "String", "Description": "VPC"}}
    assert made.disk_id == GetAtt("DiskStack", "Outputs.DiskId")


def test_a_misspelt_port_is_an_attribute_error(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, net: Network) -> Disk:
        return Disk(disk_id=Ref(handle(tier, "Disk", Vpc=net.vpc_idd)))  # type: ignore[attr-defined]

    net = parent.add(sample("network", network))
    with pytest.raises(AttributeError, match="vpc_idd"):
        parent.add(sample("disk", disk), net)
    with pytest.raises(AttributeError, match="vpc_idd"):
        _ = net.vpc_idd


def test_a_keyword_reaches_the_tier(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, disk: Disk = Disk(disk_id="default")) -> Disk:
        return Disk(disk_id=Sub("${DiskId}"))

    parent.add(sample("disk", disk), disk=Disk(disk_id="passed"))
    assert parameters_of(parent, "DiskStack") == {"DiskId": "passed"}


def test_a_nested_port_keeps_its_name(parent: Parent, sample: Samples) -> None:
    @dataclass(frozen=True)
    class Room(Ports):
        disk: Disk

    def room(tier: Tier, room: Room) -> Disk:
        return room.disk

    parent.add(sample("room", room), Room(disk=Disk(disk_id="inside")))
    assert parameters_of(parent, "RoomStack") == {"DiskId": "inside"}


def test_a_forgotten_output_is_a_type_error(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier) -> Disk:
        return Disk()

    with pytest.raises(TypeError, match="disk_id"):
        parent.add(sample("disk", disk))


MISSPELT = """
from dataclasses import dataclass
from generator.cfn.wiring import Parent, Tier
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value

@dataclass(frozen=True)
class Disk(Ports):
    disk_id: Value = port("File system")

def one(tier: Tier) -> Disk:
    return Disk(disk_id="d")

def other(tier: Tier, disk: Disk) -> Disk:
    return Disk(disk_id=disk.disk_idd)

def wire(parent: Parent) -> Disk:
    parent.add(other, parent.add(one).disk_id)
    parent.add(other)
    return Disk(disk=parent.add(one).disk_id)
"""


def test_mypy_sees_misspelt_ports_and_wrong_arguments(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(MISSPELT)
    said, _, status = mypy.run(
        [
            *("--config-file", str(ROOT / "setup.cfg"), "--cache-dir", str(ROOT / ".mypy_cache")),
            *("--no-error-summary", "--no-pretty", "--hide-error-context", str(snippet)),
        ]
    )
    found = {line.split(":")[1]: line for line in said.splitlines() if ": error:" in line}
    assert status == 1
    assert 'has no attribute "disk_idd"' in found["15"], said
    assert "arg-type" in found["18"], said
    assert found.keys() == {"15", "18", "19", "20"}, said


def test_only_used_ports_become_parameters(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, net: Network) -> Disk:
        return Disk(disk_id=Ref(handle(tier, "Disk", Subnet=net.zones[1].subnet_id)))

    parent.add(sample("disk", disk), parent.add(sample("network", network)))
    assert list(parameters_of(parent, "DiskStack")) == ["SubnetId2"]
    assert list(document(parent, "disk")["Parameters"]) == ["SubnetId2"]


def test_a_tier_that_takes_nothing_has_no_parameters(parent: Parent, sample: Samples) -> None:
    parent.add(sample("network", network))
    assert "Parameters" not in parent.template.to_dict()["Resources"]["NetworkStack"]["Properties"]


def test_ports_work_in_the_variables_of_a_sub(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, net: Network) -> Disk:
        return Disk(disk_id=Sub("${Id}/${!Shell}/${AWS::Region}", Id=net.vpc_id))

    parent.add(sample("disk", disk), parent.add(sample("network", network)))
    assert list(parameters_of(parent, "DiskStack")) == ["VpcId"]


def test_ports_work_as_implicit_variables_of_a_sub(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, net: Network) -> Disk:
        return Disk(disk_id=Sub("${VpcId} ${Disk.Size}", Disk="x"))

    def right(tier: Tier, net: Network) -> Disk:
        handle(tier, "Disk")
        return Disk(disk_id=Sub("${VpcId} ${SubnetId1} ${Disk.Size}"))

    net = parent.add(sample("network", network))
    parent.add(sample("right", right), net)
    assert list(parameters_of(parent, "RightStack")) == ["SubnetId1", "VpcId"]
    with pytest.raises(GeneratorError, match="Disk"):  # the variable is Disk, not Disk.Size
        parent.add(sample("disk", disk), net)


def test_a_list_is_joined_on_its_way_down_and_up(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, net: Network) -> Network:
        disk = handle(tier, "Disk", First=Select(0, net.groups))
        return Network(zones=(), vpc_id=Ref(disk), groups=net.groups)

    net = parent.add(sample("network", network))
    through = parent.add(sample("disk", disk), net)
    parent.add(sample("again", disk), Network(zones=(), vpc_id="vpc-1", groups=["sg-1", "sg-2"]))  # type: ignore[arg-type]

    assert document(parent, "network")["Outputs"]["Groups"]["Value"] == {
        "Fn::Join": [",", [{"Fn::GetAtt": ["Vpc", "A"]}, "sg-2"]]
    }
    assert document(parent, "disk")["Parameters"]["Groups"]["Type"] == "CommaDelimitedList"
    assert document(parent, "disk")["Resources"]["Disk"]["Metadata"]["First"] == {"Fn::Select": [0, {"Ref": "Groups"}]}
    assert document(parent, "disk")["Outputs"]["Groups"]["Value"] == {"Fn::Join": [",", {"Ref": "Groups"}]}
    assert parameters_of(parent, "DiskStack")["Groups"] == {"Fn::GetAtt": ["NetworkStack", "Outputs.Groups"]}
    assert parameters_of(parent, "AgainStack")["Groups"] == {"Fn::Join": [",", ["sg-1", "sg-2"]]}
    assert through.groups == GetAtt("DiskStack", "Outputs.Groups")


def test_a_conditional_tier_hands_out_blanks_where_it_is_not(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier) -> Disk:
        return Disk(disk_id=Ref(handle(tier, "Disk")))

    def user(tier: Tier, disk: Disk) -> Disk:
        return Disk(disk_id=Sub("${DiskId}"))

    parent.template.add_condition("Wanted", Equals("a", "a"))
    made = parent.when("Wanted").add(sample("disk", disk))
    parent.add(sample("user", user), made)
    value = If("Wanted", GetAtt("DiskStack", "Outputs.DiskId"), "")
    assert made.disk_id == value
    assert parent.template.to_dict()["Resources"]["DiskStack"]["Condition"] == "Wanted"
    assert parameters_of(parent, "UserStack") == {"DiskId": value.to_dict()}
    parent.finish()


def test_order_is_said_with_the_ports_of_the_other_tier(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier) -> Disk:
        return Disk(disk_id=Ref(handle(tier, "Disk")))

    net = parent.add(sample("network", network))
    parent.after(net).add(sample("disk", disk))
    assert parent.template.to_dict()["Resources"]["DiskStack"]["DependsOn"] == ["NetworkStack"]
    with pytest.raises(GeneratorError, match="Disk was not returned by a tier of sample"):
        parent.after(Disk(disk_id="x")).add(sample("late", disk))


def test_two_parents_share_a_child(sample: Samples) -> None:
    def disk(tier: Tier, net: Network) -> Disk:
        return Disk(disk_id=Ref(handle(tier, "Disk", Vpc=net.vpc_id)))

    children: dict[str, Child] = {}
    build = sample("disk", disk)
    one, other = (made_up(name, children) for name in ("one", "other"))
    one.add(build, one.add(sample("network", network)))
    other.add(build, Network(zones=(), vpc_id="vpc-1", groups=""))
    assert parameters_of(other, "DiskStack") == {"VpcId": "vpc-1"}
    assert list(children) == ["network", "disk"]


def test_two_values_under_one_name_are_refused(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, one: Disk, other: Disk) -> Disk:
        return Disk(disk_id=one.disk_id)

    build = sample("disk", disk)
    parent.add(build, Disk(disk_id="a"), Disk(disk_id="a"))
    with pytest.raises(GeneratorError, match="tier disk takes two values called DiskId: rename one port"):
        parent.add(build, Disk(disk_id="a"), Disk(disk_id="b"))


@pytest.mark.parametrize(
    "value",
    [
        Ref("Nobody"),
        GetAtt("Nobody", "Arn"),
        Sub("${Nobody}"),
        Sub("${Nobody.Arn}"),
        Sub("${Here}", Here=Ref("Nobody")),
        If("Nobody", "a", "b"),
        {"Fn::FindInMap": ["Nobody", "a", "b"]},
        {"Fn::Base64": {"Fn::Sub": "x ${Nobody}"}},
    ],
)
def test_a_reference_to_nothing_is_refused(parent: Parent, sample: Samples, value: Value) -> None:
    def disk(tier: Tier) -> Disk:
        return Disk(disk_id=Ref(handle(tier, "Disk", Value=value)))

    with pytest.raises(GeneratorError, match=r"tier disk refers to .*Nobody"):
        parent.add(sample("disk", disk))


def test_a_resource_and_a_port_of_one_name_are_refused(parent: Parent, sample: Samples) -> None:
    def build(tier: Tier, disk: Disk) -> Disk:
        tier.template.add_resource(WaitConditionHandle("DiskId"))
        return Disk(disk_id=disk.disk_id)

    with pytest.raises(
        GeneratorError, match="tier mount has a resource DiskId and takes a port of that name: rename one"
    ):
        parent.add(sample("mount", build), Disk(disk_id="fs-1"))


def test_a_dependency_on_nothing_is_refused(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier) -> Disk:
        tier.template.add_resource(WaitConditionHandle("Disk", DependsOn="Nobody"))
        return Disk(disk_id="x")

    with pytest.raises(GeneratorError, match="Nobody"):
        parent.add(sample("disk", disk))


def test_a_value_of_the_parent_has_no_place_in_a_child(parent: Parent, sample: Samples) -> None:
    net = parent.add(sample("network", network))

    def disk(tier: Tier) -> Disk:
        return Disk(disk_id=net.vpc_id)

    with pytest.raises(GeneratorError, match="NetworkStack, which is neither its resource nor a parameter it uses"):
        parent.add(sample("disk", disk))


def test_a_value_that_is_not_a_port_is_refused(parent: Parent, sample: Samples) -> None:
    def disk(tier: Tier, vpc: Any) -> Disk:
        return Disk(disk_id=vpc)

    for argument in ("vpc-1", Ref("Vpc"), ("vpc-1",)):
        with pytest.raises(GeneratorError, match="a tier takes Ports, not"):
            parent.add(sample("disk", disk), argument)


def test_a_parent_that_refers_to_nothing_is_refused(parent: Parent) -> None:
    parent.template.add_resource(WaitConditionHandle("Here", Metadata={"Value": Ref("Nobody")}))
    with pytest.raises(GeneratorError, match="sample refers to Nobody"):
        parent.finish()


def test_a_condition_has_one_meaning(parent: Parent) -> None:
    condition = parent.template.add_condition("Wanted", Equals(Ref("A"), "yes"))
    assert parent.template.add_condition("Wanted", Equals(Ref("A"), "yes")) == condition == "Wanted"
    with pytest.raises(GeneratorError, match="condition Wanted is defined twice"):
        parent.template.add_condition("Wanted", Equals(Ref("A"), "no"))


def test_a_mapping_grows_and_never_changes(parent: Parent) -> None:
    parent.template.add_mapping("Region", {"r1": {"A": "1"}})
    parent.template.add_mapping("Region", {"r1": {"B": "2"}, "r2": {"B": "3"}})
    assert parent.template.mappings == {"Region": {"r1": {"A": "1", "B": "2"}, "r2": {"B": "3"}}}
    with pytest.raises(GeneratorError, match=r"mapping Region\.r1\.A has two values"):
        parent.template.add_mapping("Region", {"r1": {"A": "2"}})


def test_a_description_is_the_first_sentence_of_the_module(parent: Parent, sample: Samples) -> None:
    parent.add(sample("network", network, "The net\nof all. More."))
    assert document(parent, "network")["Description"] == "The net of all."
    with pytest.raises(GeneratorError, match="needs a docstring"):
        parent.add(sample("bare", network, ""))


def test_names_of_ports_in_cloudformation() -> None:
    assert [camel(name) for name in ("vpc_id", "portal_ami_id", "compute_efa")] == [
        "VpcId",
        "PortalAmiId",
        "ComputeEfa",
    ]

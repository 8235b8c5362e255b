"""The client starts and ends the emulator, tells events, and what is on offer there answers like AWS."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.emulator.client import Emulator
from tests.emulator.outcome import Outcome
from tests.emulator.process import ROOT
from tests.support.small_templates import nested, resource, template


def test_every_event_of_every_stack_is_told(emulator: Emulator, name: str) -> None:
    child = nested(emulator, template({"Topic": resource("AWS::SNS::Topic")}), "told.json")
    told: list[tuple[str, str]] = []

    def hear(event: Any) -> None:
        told.append((event["LogicalResourceId"], event["ResourceStatus"]))

    outcome: Outcome = emulator.create_stack(name, template({"Child": child}), on_event=hear)
    assert outcome.complete and told[0] == (name, "CREATE_IN_PROGRESS") and told[-1] == (name, "CREATE_COMPLETE")
    assert ("Topic", "CREATE_COMPLETE") in told and len(told) == len(emulator.events(name))
    told.clear()
    emulator.delete_stack(name, on_event=hear)
    assert told[0] == (name, "DELETE_IN_PROGRESS") and (name, "CREATE_COMPLETE") not in told


@pytest.mark.needs_emulator
def test_the_emulator_ends_with_the_process_that_started_it() -> None:
    code = """if True:
        import os, sys
        from tests.emulator.client import Emulator
        started = Emulator().__enter__()
        print(started._process.pid, started.home, flush=True)
        os._exit(1)
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    group, home = ran.stdout.split()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            os.killpg(int(group), 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.killpg(int(group), 0)
    assert not Path(home).exists()


def test_another_ministack_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.emulator import loader

    monkeypatch.setattr("importlib.metadata.version", lambda package: "9.9.9")
    with pytest.raises(loader.Unpatchable, match=r"ministack 9.9.9 is installed, .* written for 1.5.33"):
        loader.check_version()


def test_a_patch_that_no_longer_fits_is_refused_with_a_sentence(tmp_path: Path) -> None:
    from tests.emulator import loader, patches

    module = tmp_path / "engine.py"
    module.write_text("x = 1\n")
    with pytest.raises(loader.Unpatchable, match="engine has 0 times what the emulator expects 3 times"):
        loader.Loader(patches.ENGINE, str(module), tmp_path).get_code(patches.ENGINE)


def test_boto3_reaches_fsx(emulator: Emulator) -> None:
    fsx = boto3.client(
        "fsx", region_name="us-east-1", endpoint_url=emulator.endpoint, aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert fsx.describe_file_systems()["FileSystems"] == []


def test_what_is_on_offer_depends_on_the_region(emulator: Emulator) -> None:
    def types(region: str, *wanted: str) -> dict[str, Any]:
        filters = [{"Name": "instance-type", "Values": list(wanted)}]
        found = emulator.client("ec2", region).describe_instance_types(Filters=filters)["InstanceTypes"]
        return {item["InstanceType"]: item for item in found}

    known = types("us-east-1", "t3.2xlarge", "m6g.xlarge", "hpc6a.48xlarge", "c6i.2xlarge", "no.large")
    assert {name: item["VCpuInfo"]["DefaultVCpus"] for name, item in known.items() if name[0] in "tc"} == {
        "t3.2xlarge": 8,
        "c6i.2xlarge": 8,
    }
    assert known["m6g.xlarge"]["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"]
    assert known["c6i.2xlarge"]["ProcessorInfo"]["SupportedArchitectures"] == ["x86_64"]
    assert not known["c6i.2xlarge"]["NetworkInfo"]["EfaSupported"] and "no.large" not in known
    assert "hpc6a.48xlarge" not in types("cn-north-1", "hpc6a.48xlarge", "c6i.2xlarge")
    offers = emulator.client("ec2", "cn-north-1").describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["c6i.2xlarge"]}]
    )["InstanceTypeOfferings"]
    assert [offer["Location"] for offer in offers] == [f"cn-north-1{letter}" for letter in "abcd"]
    rds = emulator.client("rds", "cn-north-1")
    wanted = {"Engine": "aurora-mysql", "DBInstanceClass": "db.serverless"}
    assert rds.describe_orderable_db_instance_options(**wanted)["OrderableDBInstanceOptions"]


def test_the_images_of_parallelcluster_are_there(emulator: Emulator) -> None:
    filters = [{"Name": "name", "Values": ["aws-parallelcluster-3.16.1-amzn2023-hvm-x86_64-*"]}]
    for region in ("us-east-1", "cn-northwest-1"):
        images = emulator.client("ec2", region).describe_images(Owners=["amazon"], Filters=filters)["Images"]
        assert [image["State"] for image in images] == ["available"] and images[0]["CreationDate"]


def test_quotas_can_be_set(emulator: Emulator) -> None:
    quotas = emulator.client("service-quotas")
    emulator.set_quotas(**{"L-F678F1CE": 5.0})
    assert quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quota"]["Value"] == 5
    emulator.set_quotas()
    assert quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quota"]["Value"] > 1000


def test_service_linked_roles_have_the_names_that_aws_gives_them(emulator: Emulator) -> None:
    iam = emulator.client("iam")
    emulator.set_account(service_roles=False)
    names = {
        service: iam.create_service_linked_role(AWSServiceName=f"{service}.amazonaws.com")["Role"]["RoleName"]
        for service in ("spot", "autoscaling", "fsx")
    }
    with pytest.raises(iam.exceptions.InvalidInputException, match="has been taken in this account"):
        iam.create_service_linked_role(AWSServiceName="spot.amazonaws.com")
    emulator.set_account()
    assert names == {
        "spot": "AWSServiceRoleForEC2Spot",
        "autoscaling": "AWSServiceRoleForAutoScaling",
        "fsx": "AWSServiceRoleForAmazonFSx",
    }
    assert iam.get_role(RoleName="AWSServiceRoleForEC2Spot")["Role"]["Path"] == "/aws-service-role/spot.amazonaws.com/"


def test_without_its_environment_a_test_that_needs_the_emulator_is_skipped_with_a_reason() -> None:
    files = [ROOT / "tests" / "emulator" / name for name in ("test_client.py", "test_local.py")]
    options = ["-n0", "-rs", "-k", "quotas or shows_tiers or another_ministack"]
    environment = {**os.environ, "HPC_PORTAL_EMULATOR_PYTHON": "/nowhere/python"}
    command = [sys.executable, "-m", "pytest", *options, *map(str, files)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and "1 passed, 2 skipped" in ran.stdout, ran.stdout
    assert "the emulator's environment is not set up: `make test` and `make local` do that" in ran.stdout

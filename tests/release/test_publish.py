"""Publishing: a release is whole or none, never changes, and what its links open is what gets launched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from generator import __version__, form
from generator.__main__ import main
from generator.cfn.regions import REGIONS
from generator.errors import GeneratorError
from generator.release import contents, lint, package, version
from generator.release.bucket import Bucket
from generator.text import archives
from generator.text.sources import ROOT, Sources
from tests.emulator.client import Emulator
from tests.emulator.release import prepare
from tests.release.test_links import opened
from tests.support.packages import pin_none
from tests.support.shell import Call, point_to, refuse, watch

RELEASE = f"hpc-portal/v{__version__}/"
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
# Semantic Versioning 2.0.0, without build metadata: a plus sign in a key is a blank in some URLs.
VERSION = re.compile(r"\d+\.\d+\.\d+(-(?!0\d+(\.|$))[0-9a-z-]+(\.(?!0\d+(\.|$))[0-9a-z-]+)*)?")
Run = Callable[..., int]


def git(folder: Path, *command: str) -> str:
    return subprocess.run([*GIT, *command], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkout of a tagged version."""
    folder = tmp_path / "source"
    for part in ("templates", "lambda", "userdata"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    pin_none(folder)
    git(folder.parent, "init", "-q", str(folder))
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "All")
    git(folder, "tag", f"v{__version__}")
    return folder


@pytest.fixture
def run(emulator: Emulator, source: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Publishes into the bucket `name` in eu-west-1, made for the test; the certificate function without its packages."""
    point_to(emulator, monkeypatch)
    emulator.publish({}, name, region="eu-west-1")
    monkeypatch.setattr(package, "install_wheels", lambda root, cache: no_wheels(tmp_path))
    monkeypatch.setattr(lint, "report", lambda zone_count, regions, sources: 0)  # has tests of its own

    def command(*arguments: str) -> int:
        return main(["publish", "--source", str(source), "--bucket", name, "--region", "eu-west-1", *arguments])

    return command


def no_wheels(tmp_path: Path) -> Path:
    """A folder without any archives."""
    (tmp_path / "wheels").mkdir(exist_ok=True)
    return tmp_path / "wheels"


def held(emulator: Emulator, bucket: str, region: str = "eu-west-1") -> dict[str, bytes]:
    """Everything in a bucket, by key."""
    s3 = emulator.client("s3", region)
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def whole(there: Mapping[str, bytes], folder: str = RELEASE) -> bool:
    """Whether the files under `folder` are those of their manifest."""
    files = {key.removeprefix(folder): content for key, content in there.items() if key.startswith(folder)}
    sums = files.pop(archives.MANIFEST, b"").decode().splitlines()
    return bool(sums) and sums == [f"{hashlib.sha256(files[key]).hexdigest()}  {key}" for key in sorted(files)]


def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that are written from now on, as they are."""
    found: list[str] = []

    def watcher(operation: str, arguments: Mapping[str, Any], call: Call) -> Any:
        if operation == "PutObject":
            found.append(arguments["Key"])
        return call()

    watch(monkeypatch, watcher)
    return found


CHECKSUM = re.compile(r"(?<=template\.yaml:)[0-9a-f]{64}")  # of a nested template, in its parent


# What is published


def test_a_release_is_published_whole(
    run: Run, emulator: Emulator, source: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    out, err = capsys.readouterr()
    there = held(emulator, name)
    assert whole(there)
    expected = contents.files(2, Sources(source), source.parent / "wheels")
    assert there == {RELEASE + key: content for key, content in expected.items()}
    assert {f"templates/{path.name}" for path in (ROOT / "build/templates").iterdir()} <= expected.keys()
    assert f"s3://{name}/{RELEASE} published ({len(there)} files written)" in out and "evelopment" not in out
    assert f"https://{name}.s3.eu-west-1.amazonaws.com/{RELEASE}templates/main.template.yaml\n" in out
    assert err == "", "no progress where there is no terminal"


def test_links_of_both_parents_are_printed_for_every_region(
    run: Run, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    out = capsys.readouterr().out
    links = [line.split() for line in out.splitlines() if "/stacks/create/review" in line]
    assert [region for region, _ in links] == list(REGIONS["aws"]) * len(form.PARENTS)
    assert all(opened(link)[1] == region for region, link in links)
    for parent in form.PARENTS:
        address = f"https://{name}.s3.eu-west-1.amazonaws.com/{RELEASE}templates/{parent}.template.yaml"
        assert f" {address}\n" in out
        assert len([link for _, link in links if opened(link)[2]["templateURL"] == address]) == len(REGIONS["aws"])


@pytest.mark.parametrize(
    ("answer", "parents"),
    [
        ("ComputeMaxNodes=12", list(form.PARENTS)),
        ("VpcCidr=10.1.0.0/16", [form.MAIN]),
        ("VpcId=vpc-1", [form.EXISTING_VPC]),
    ],
)
def test_answers_go_into_the_links_of_the_parents_that_ask_for_them(
    run: Run, tmp_path: Path, answer: str, parents: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps([answer]))
    assert run("--parameters", str(path)) == 0
    links = [line.split()[1] for line in capsys.readouterr().out.splitlines() if "/stacks/create/review" in line]
    assert all(f"param_{answer.partition('=')[0]}" in opened(link)[2] for link in links)
    opens = {Path(opened(link)[2]["templateURL"]).name.partition(".")[0] for link in links}
    assert sorted(opens) == sorted(parents)


def test_what_cfn_lint_finds_is_not_published(
    run: Run, emulator: Emulator, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lint, "report", lambda zone_count, regions, sources: 1)
    assert run() == 1
    assert held(emulator, name) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        ["--bucket", ""],
        ["--bucket", "My.Bucket"],
        ["--prefix", "hpc"],
        ["--region", "Frankfurt"],
        ["--zones", "9"],
        ["--parameters", "/nowhere.json"],
    ],
    ids=lambda wrong: wrong[0],
)
def test_arguments_are_looked_at_before_anything_is_linted(
    run: Run, wrong: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lint, "report", lambda *_: pytest.fail("it lints"))
    assert run(*wrong) == 1


@pytest.mark.parametrize("target", ["publish", "launch-links"])
def test_make_asks_for_the_bucket_before_it_sets_anything_up(target: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("BUCKET", "MAKEFLAGS")}
    command = ["make", "--silent", target, "MAIN=/nowhere/python"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines()[0] == "No bucket is named: give BUCKET=name."


# Another number of zones


def test_three_zones_are_a_release_of_their_own_below_the_version(run: Run, emulator: Emulator, name: str) -> None:
    assert run() == run("--zones", "3") == 0
    there = held(emulator, name)
    below = f"{RELEASE}zones-3/"
    assert whole({key: content for key, content in there.items() if not key.startswith(below)})
    assert whole(there, below)
    templates = {key: content.decode() for key, content in there.items() if key.endswith("main.template.yaml")}
    assert "AvailabilityZone3" in templates[f"{below}templates/main.template.yaml"]
    for key, text in templates.items():
        folder = key.removeprefix("hpc-portal/").removesuffix("templates/main.template.yaml")
        assert f"${{AssetsPrefix}}{folder}templates/preflight.template.yaml" in text


def test_a_release_is_still_complete_after_one_for_three_zones(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--zones", "3") == run() == 0
    written = writes(monkeypatch)
    assert run() == run("--zones", "3") == 0
    assert written == [], "neither takes the other's files for foreign ones"


def test_links_for_three_zones_open_their_templates(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--zones", "3") == 0
    links = [line.split()[1] for line in capsys.readouterr().out.splitlines() if "/stacks/create/review" in line]
    assert links and all(f"/{RELEASE}zones-3/templates/" in opened(link)[2]["templateURL"] for link in links)


def test_the_manifest_is_the_last_to_come(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written = writes(monkeypatch)
    assert run() == 0
    assert written.index(f"{RELEASE}{archives.MANIFEST}") == len(written) - 1
    assert run() == 0
    assert len(written) == len(set(written)), "a second run writes nothing"


@pytest.mark.parametrize(("region", "partition"), [("cn-northwest-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")])
def test_a_release_is_published_in_the_other_partitions(
    run: Run, emulator: Emulator, name: str, region: str, partition: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = f"{name}-{partition}"
    emulator.publish({}, bucket, region=region)
    assert run("--bucket", bucket, "--region", region) == 0
    assert whole(held(emulator, bucket, region))
    links = [line.split() for line in capsys.readouterr().out.splitlines() if "/stacks/create/review" in line]
    assert {listed for listed, _ in links} == set(REGIONS[partition])
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    for _, link in links:
        assert opened(link)[2]["templateURL"].startswith(f"https://{bucket}.s3.{region}.{suffix}/")


def test_without_a_region_the_configuration_names_one_and_the_bucket_its_own(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert run("--region", "") == 0
    assert "param_AssetsBucketRegion=eu-west-1" in capsys.readouterr().out


def test_a_bucket_with_a_kms_key_is_warned_about(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234"

    def encrypted(operation: str, arguments: Mapping[str, Any], call: Call) -> Any:
        found = call()
        return {**found, "SSEKMSKeyId": key} if operation == "HeadObject" else found

    watch(monkeypatch, encrypted)
    assert run() == 0
    assert f"encrypts with the KMS key {key}, so only roles that may use it" in capsys.readouterr().err


# Interruptions


@pytest.mark.parametrize("after", [0, 7, -1])
def test_an_interrupted_run_is_gone_on_with(
    run: Run, source: Path, emulator: Emulator, name: str, after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """`after` so many files; -1: before the last, the manifest."""
    count = len(contents.files(2, Sources(source), no_wheels(source.parent)))
    stop = after % count
    with pytest.MonkeyPatch.context() as patch:
        done = writes(patch)

        def watcher(operation: str, arguments: Mapping[str, Any], call: Call) -> Any:
            if operation == "PutObject" and len(done) == stop:
                raise KeyboardInterrupt
            return call()

        watch(patch, watcher)
        assert run() == 130
    out, err = capsys.readouterr()
    assert "to resume, run it again" in err and "https://" not in out
    there = held(emulator, name)
    assert len(there) == stop and f"{RELEASE}{archives.MANIFEST}" not in there
    with pytest.MonkeyPatch.context() as patch:
        written = writes(patch)
        assert run() == 0
        assert len(written) == count - stop and not set(written) & set(there)
    assert whole(held(emulator, name))


def test_a_killed_run_is_gone_on_with(run: Run, emulator: Emulator, source: Path, name: str) -> None:
    code = f"""
        import os, signal, pathlib
        from botocore.client import BaseClient
        from generator.__main__ import main
        from generator.release import lint, package
        lint.report = lambda *_: 0
        real, puts = BaseClient._make_api_call, []
        def call(self, operation, arguments):
            puts.extend([operation] * (operation == "PutObject"))
            if len(puts) == 9:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(self, operation, arguments)
        BaseClient._make_api_call = call
        package.install_wheels = lambda root, cache: pathlib.Path({str(no_wheels(source.parent))!r})
        main(["publish", "--source", {str(source)!r}, "--bucket", {name!r}, "--region", "eu-west-1"])
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(held(emulator, name)) == 8 and not whole(held(emulator, name))
    assert run() == 0
    assert whole(held(emulator, name))


# A release never changes


@pytest.mark.parametrize("key", ["templates/main.template.yaml", archives.MANIFEST, "userdata/cluster/more.sh"])
def test_other_bytes_are_refused_before_anything_is_written(
    run: Run, emulator: Emulator, name: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.publish({key: b"other"}, name, RELEASE, "eu-west-1")
    assert run() == 1
    out, err = capsys.readouterr()
    assert f"s3://{name}/{RELEASE} holds another release of this version ({key} differ" in err and out == ""
    assert "never overwritten" in err and err.count("\n") == 1
    assert held(emulator, name) == {RELEASE + key: b"other"}


def test_a_published_release_is_refused_when_a_source_has_changed(
    run: Run, emulator: Emulator, source: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    before = held(emulator, name)
    (source / "userdata" / "cluster" / "publish.sh").write_text("#!/bin/sh\n")
    git(source, "commit", "-q", "-a", "-m", "Later")
    git(source, "tag", "-f", f"v{__version__}")
    assert run() == 1
    assert "holds another release of this version" in capsys.readouterr().err
    assert held(emulator, name) == before


def test_the_same_bytes_put_there_by_other_means_will_do(
    run: Run, emulator: Emulator, source: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the AWS command line's, which leaves no SHA-256."""
    bundle, content = archives.portal_bundle(source)
    emulator.client("s3", "eu-west-1").put_object(
        Bucket=name, Key=RELEASE + bundle, Body=content, ChecksumAlgorithm="CRC32"
    )
    written = writes(monkeypatch)
    assert run() == 0
    assert RELEASE + bundle not in written and whole(held(emulator, name))


def test_the_second_of_two_publishers_overwrites_nothing(
    run: Run, emulator: Emulator, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.publish({"templates/main.template.yaml": b"other"}, name, RELEASE, "eu-west-1")
    monkeypatch.setattr(Bucket, "keys", lambda self, folder: set())  # looked just before the other wrote
    assert run() == 1
    assert f"Somebody else has just written s3://{name}/{RELEASE}templates/main" in capsys.readouterr().err
    assert held(emulator, name)[f"{RELEASE}templates/main.template.yaml"] == b"other"


# Versions


def test_only_a_clean_tagged_commit_is_the_release(source: Path) -> None:
    assert version.version(source) == __version__
    (source / "notes.txt").write_text("new")
    untracked = version.version(source)
    (source / "notes.txt").unlink()
    with (source / "userdata" / "portal" / "bootstrap.sh").open("a") as file:
        file.write("# more\n")
    changed = version.version(source)
    git(source, "commit", "-q", "-a", "-m", "More")
    committed = version.version(source)
    git(source, "tag", "v9.9.9")
    assert version.version(source) == committed, "another version's tag"
    shutil.rmtree(source / ".git")
    unknown = version.version(source)
    assert len({untracked, changed, committed, unknown, __version__}) == 5
    shape = f"{re.escape(__version__)}-dev"
    assert re.fullmatch(shape + r"\.g[0-9a-f]{7,}\.d[0-9a-f]{8}", changed)
    assert re.fullmatch(shape + r"\.g[0-9a-f]{7,}", committed)
    assert re.fullmatch(shape + r"\.d[0-9a-f]{8}", unknown)
    for name in (untracked, changed, committed, unknown):
        assert VERSION.fullmatch(name) and version.is_development(name)


def test_changes_have_a_version_each(source: Path) -> None:
    found = set()
    for path in ("userdata/portal/lib.sh", "userdata/cluster/publish.sh", "lambda/certificate/handler.py"):
        with (source / path).open("a") as file:
            file.write("CHANGED=1\n")  # comments of a function are not published
        found.add(version.version(source))
        assert version.version(source) in found, "and the same one each time"
    assert len(found) == 3


def test_a_development_version_names_its_own_folder(
    run: Run, emulator: Emulator, source: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "notes.txt").write_text("new")
    assert run() == 0
    stamped = version.version(source)
    out = capsys.readouterr().out
    assert out.startswith(f"Development version {stamped}: no commit tagged v{__version__}, or changes beside it.\n")
    there = held(emulator, name)
    folder = f"hpc-portal/v{stamped}/"
    assert whole(there, folder) and all(key.startswith(folder) for key in there)
    main = there[f"{folder}templates/main.template.yaml"].decode()
    assert f"${{AssetsPrefix}}v{stamped}/templates/" in main and f"(version {stamped})" in main
    for key, content in there.items():
        assert f"v{__version__}/".encode() not in content, key
    assert f"%2Fv{stamped}%2Ftemplates%2Fmain.template.yaml" in out


def test_a_stamp_changes_nothing_else(source: Path) -> None:
    plain, stamped = (
        contents.templates(2, Sources(source, version)) for version in (__version__, "7.7.7-dev.g1234567")
    )
    # A release's version looks like a number to some readers, and stands in quotes.
    same = {key: CHECKSUM.sub("", text).replace(f"'{__version__}'", __version__) for key, text in plain.items()}
    assert same == {
        key: CHECKSUM.sub("", text.replace("7.7.7-dev.g1234567", __version__)) for key, text in stamped.items()
    }


# Links


def test_the_url_in_a_printed_link_creates_the_stack_with_exactly_its_parameters(
    run: Run, emulator: Emulator, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In another region than the bucket's."""
    given = prepare(emulator, {"PortalAccessCidr": "203.0.113.0/24", "ComputeMaxNodes": "12"}, "eu-west-3")
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps([{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()]))
    assert run("--parameters", str(answers), "--prefix", "our/portal/") == 0
    link, _ = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("eu-west-3 ")]
    _, region, query = opened(link)
    parameters = {key.removeprefix("param_"): value for key, value in query.items() if key.startswith("param_")}
    where = {"AssetsBucket": name, "AssetsBucketRegion": "eu-west-1", "AssetsPrefix": "our/portal/"}
    assert parameters == given | where
    outcome = emulator.create_stack(name, region=region, url=query["templateURL"], parameters=parameters)
    assert outcome.complete, outcome.reason
    [stack] = emulator.client("cloudformation", region).describe_stacks(StackName=name)["Stacks"]
    launched = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert parameters.items() <= launched.items()
    assert outcome.outputs["Version"] == __version__
    assert emulator.delete_stack(name, region=region).complete


def test_answers_that_a_link_cannot_carry_stop_before_anything_is_written(
    run: Run, emulator: Emulator, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text('[{"ParameterKey": "Nonsense", "ParameterValue": "1"}]')
    assert run("--parameters", str(answers)) == 1
    assert capsys.readouterr().err == (
        "publish: The form of main does not ask for Nonsense: take it out of the answers.\n"
    )
    answers.write_text("[1]")
    assert run("--parameters", str(answers)) == 1
    assert f"{answers}: item 1 is a number" in capsys.readouterr().err
    assert held(emulator, name) == {}


# Sentences


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--bucket", ""], "No bucket is named: give BUCKET=…"),
        (["--bucket", "My.Bucket"], "BUCKET My.Bucket is no name that will do: give BUCKET=…"),
        (["--bucket", "nobody-has-this"], "There is no bucket nobody-has-this in partition aws: correct BUCKET"),
        (["--region", ""], "No region is known: name one with REGION=…"),
        (["--region", "Frankfurt"], "REGION Frankfurt is no region: name one such as us-east-1."),
        (["--region", "us-iso-east-1"], "REGION us-iso-east-1 is in partition aws-iso: choose a region of aws, aws-cn"),
        (["--region", "us-east-2"], "is in eu-west-1, not in us-east-2: give REGION=eu-west-1, or leave it out."),
        (["--profile", "nobody"], "PROFILE nobody is not in the AWS configuration"),
        (["--prefix", "hpc"], "PREFIX hpc will not do: it must end in a slash, such as hpc-portal/."),
    ],
)
def test_what_is_wrong_with_the_command(
    run: Run, arguments: list[str], sentence: str, emulator: Emulator, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 1
    out, err = capsys.readouterr()
    assert err.startswith("publish: ") and sentence in err and err.count("\n") == 1 and out == ""
    assert held(emulator, name) == {}


@pytest.mark.parametrize(
    ("operation", "code", "sentence"),
    [
        ("GetCallerIdentity", "InvalidClientTokenId", "AWS does not know these credentials there; the partitions aws"),
        ("GetCallerIdentity", "ExpiredToken", "the credentials have expired; sign in again."),
        ("HeadBucket", "403", "cannot be read: access is denied; the credentials need s3:ListBucket on the bucket"),
        ("HeadBucket", "404", "There is no bucket "),
        ("ListObjectsV2", "AccessDenied", "cannot be listed: access is denied; the credentials need s3:ListBucket"),
        ("PutObject", "AccessDenied", "cannot be written: access is denied; the credentials need s3:ListBucket"),
        ("PutObject", "InternalError", "cannot be written: We encountered an internal error. Please try again."),
        ("PutObject", "PreconditionFailed", "Somebody else has just written "),
    ],
)
def test_what_aws_refuses_is_one_sentence(
    run: Run,
    operation: str,
    code: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refuse(monkeypatch, operation, code, "We encountered an internal error. Please try again.")
    assert run() == 1
    out, err = capsys.readouterr()
    assert err.startswith("publish: ") and sentence in err and err.count("\n") == 1
    assert out == "", "nothing half-claimed"


def test_a_file_that_may_not_be_read_is_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    refuse(monkeypatch, "HeadObject", "403")
    capsys.readouterr()
    assert run() == 1
    assert "cannot be read: access is denied; the credentials need s3:ListBucket" in capsys.readouterr().err


def test_missing_credentials_are_reported(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert run() == 1
    assert capsys.readouterr().err.startswith("publish: There are no AWS credentials: sign in")


def test_an_endpoint_that_cannot_be_reached_is_reported(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert run() == 1
    assert "http://127.0.0.1:9/ cannot be reached; check network, proxy and REGION." in capsys.readouterr().err


def test_a_checkout_of_somebody_else_is_refused(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to test it
    with pytest.raises(GeneratorError, match=r"git refuses to read .*: run this as its owner"):
        version.version(source)

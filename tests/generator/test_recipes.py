"""The recipes in the documents work: each is carried out in a copy of the project as the document has it.

Each recipe alone can be generated from. All of them together pass the tests that watch over what they touch.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.text.sources import ROOT
from tests.support.recipes import recipes

pytestmark = pytest.mark.slow

DEVELOPMENT, OPERATIONS = (ROOT / "docs" / name for name in ("development.md", "operations.md"))
RECIPES = recipes(DEVELOPMENT.read_text(encoding="utf-8"))
LISTED = "tests.generator.test_logical_ids"
# What a copy needs to be built and tested.
COPIED = ("build", "docs", "generator", "lambda", "parameters", "templates", "tests", "userdata")
# The tests that watch over what the recipes touch, and a choice among the slow ones.
WATCHING = {
    "": [
        "tests/generator/test_cluster_config.py",
        "tests/generator/test_cluster_shipped.py",
        "tests/generator/test_docs.py",
        "tests/generator/test_form.py",
        "tests/generator/test_iam.py",
        "tests/generator/test_logical_ids.py",
        "tests/generator/test_properties.py",
        "tests/generator/test_wiring.py",
    ],
    "cluster": ["tests/generator/test_conditions.py"],
    "go_ahead and us-east-1": ["tests/generator/test_cluster_dryrun.py"],
    "account": ["tests/nodes/test_cluster_scripts.py"],
    "accounts": ["tests/nodes/test_portal_scripts.py"],
}


def run(copy: Path, *arguments: str) -> None:
    """Run Python in the copy; what it prints is in the failure."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"python {' '.join(arguments)}\n{done.stdout[-6000:]}{done.stderr[-2000:]}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project, without what git ignores."""
    made = tmp_path / "project"
    for folder in COPIED:
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, made)
    for folder in (".ci", ".github"):
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, made / folder)
    return made


def user_by_hand(copy: Path) -> None:
    """Carry out "By hand" of docs/operations.md: the same line in both files that it names."""
    document = OPERATIONS.read_text(encoding="utf-8")
    recipe = re.search(r"^\*\*By hand\*\*.*?(?=\n\n)", document, re.MULTILINE | re.DOTALL)
    assert recipe, "docs/operations.md has no paragraph By hand"
    line = re.search(r"`(account NAME ID \S+)`", recipe[0])
    scripts = re.findall(r"\]\(\.\./(userdata/\S+\.sh)\)", recipe[0])
    assert line and len(scripts) == 2
    account = line[1].replace("NAME", "alice").replace("ID", "6001")
    for script in scripts:
        text = (copy / script).read_text()
        last = re.findall(r"^account .*\n", text, re.MULTILINE)[-1]
        (copy / script).write_text(text.replace(last, f"{last}{account}\n"))


QUEUE = """\
    - Name: own
      CapacityType: ONDEMAND
      ComputeResources:
        - Name: r6i-8xlarge
          InstanceType: r6i.8xlarge
          MinCount: 0
          MaxCount: 4
      CustomSlurmSettings:
        PreemptMode: OFF
        GraceTime: 0120
        MaxTime: 12:00:00
      Networking:
        SubnetIds: [!Ref PrivateSubnetId]
        AdditionalSecurityGroups: [!Ref ComputeNodeSecurityGroupId, sg-00000000000000001]
      CustomActions:
        OnNodeStart:
          Sequence:
            - Script: !Sub s3://${LocalAssetsBucket}/${ClusterScripts}/accounts.sh
              Args: [compute]
            - Script: s3://my-scripts/licenses.sh
      Iam:
        AdditionalIamPolicies:
          - Policy: !Sub arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore
          - Policy: !Ref NodePolicyArn
          - Policy: !Sub arn:${AWS::Partition}:iam::aws:policy/CloudWatchAgentServerPolicy
        S3Access:
          - BucketName: !Ref LocalAssetsBucket
            KeyName: userdata/cluster*
          - BucketName: my-data
            EnableWriteAccess: true
"""
STORAGE = """\
  - Name: own
    StorageType: Ebs
    MountDir: /own
    EbsSettings:
      VolumeType: gp3
      Size: 500
      Encrypted: true
"""


def further_edits(copy: Path) -> None:
    """Add a queue without ComputeSettings, with own policy, script and bucket, and one more file system."""
    path = copy / "templates/cluster.yaml"
    text = path.read_text()
    for place, more in (("    - !If\n      - SpotWanted\n", QUEUE), ("\nMonitoring:\n", STORAGE)):
        assert text.count(place) == 1
        text = text.replace(place, f"{more}{place}")
    path.write_text(text)


def test_the_document_has_the_recipes_that_people_look_for() -> None:
    assert RECIPES.keys() >= {"Add a queue", "Add a parameter", "Add a tier", "Add an output", "Add an alarm"}


def test_the_operators_document_leads_to_the_recipe_for_a_queue() -> None:
    section = OPERATIONS.read_text(encoding="utf-8").partition("### Adding a queue\n")[2].partition("\n### ")[0]
    assert "templates/cluster.yaml" in section and "development.md#add-a-queue" in section


@pytest.mark.parametrize("title", RECIPES)
def test_the_project_can_be_generated_after_a_recipe(copy: Path, title: str) -> None:
    for change in RECIPES[title]:
        change.apply(copy)
    run(copy, "-m", LISTED)
    run(copy, "-m", "generator", "build")
    run(copy, "-m", "generator", "check")


def test_tests_and_lint_are_green_after_all_recipes_and_further_edits(copy: Path) -> None:
    for changes in RECIPES.values():
        for change in changes:
            change.apply(copy)
    user_by_hand(copy)
    further_edits(copy)
    run(copy, "-m", LISTED)
    run(copy, "-m", "generator", "build")
    run(copy, "-m", "generator", "lint", "--regions", "us-east-1")
    for choice, files in WATCHING.items():
        run(copy, "-m", "pytest", "-p", "no:cacheprovider", "-n0", *(["-k", choice] if choice else []), *files)

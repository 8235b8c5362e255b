"""The portal nodes' scripts as text, and whole bootstraps, run for real with stubs: what a good node looks like."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.portal_node import (
    ADMIN_PASSWORD,
    LICENSE_TEXT,
    MASTER_PASSWORD,
    MUNGE_KEY,
    PORTAL_PASSWORD,
    PROJECT,
    PortalNode,
    archive,
)

HEADER = PROJECT / "userdata/header.sh"
PORTAL = PROJECT / "userdata/portal"
SCRIPTS = sorted(PORTAL.rglob("*.sh"))


@pytest.mark.parametrize("script", [HEADER, *SCRIPTS], ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_script_can_be_run_and_stops_at_a_failure(script: Path) -> None:
    text = script.read_text()
    assert script.stat().st_mode & 0o111
    assert "pipefail" in text or "lib.sh" in text


def test_user_data_keeps_its_lines_in_a_yaml_dump() -> None:
    assert not re.search(r"\t|[ \r]$", HEADER.read_text(), re.MULTILINE)


@pytest.mark.parametrize("script", ["bootstrap.sh", "flavors/enginframe/steps.sh"])
def test_every_step_is_run_in_order(script: str) -> None:
    """A step that is not named would never run."""
    named = re.findall(r"^run \d+ (\S+)$", (PORTAL / script).read_text(), re.MULTILINE)
    assert named == sorted(path.stem for path in (PORTAL / script).parent.glob("steps/*"))


def test_units_run_what_the_bundle_holds() -> None:
    """ExecStart and conditions of every unit name a script that is there."""
    for unit in PORTAL.rglob("units/*"):
        for script in re.findall(r"/opt/hpc-portal/(\S+)", unit.read_text()):
            assert (PORTAL / script).exists(), f"{unit.name} runs {script}"


def test_accounts_have_the_numbers_that_the_clusters_use() -> None:
    """A job runs under its submitter's uid: portal and clusters must agree."""
    account = re.compile(r"^account (\w+) (\d+)", re.MULTILINE)
    portal = account.findall((PORTAL / "steps/50-accounts.sh").read_text())
    assert portal == account.findall((PROJECT / "userdata/cluster/accounts.sh").read_text())


def test_batch_service_has_all_options() -> None:
    """Well-formed, and with every option that the applications plugin's script knows."""
    tree = ElementTree.parse(PROJECT / "templates/batch-service/batch_builtin_job_submission.xml")
    options = {element.get("id") for element in tree.iter("{http://www.enginframe.com/2000/EnginFrame}option")}
    program = {"JOB_NAME", "PROJECT", "COMMAND", "APP_OPTIONS", "INPUT_FILE", "EXEC_DIR"}
    assert options - {None} == program | {"PROCESSORS", "CLUSTER", "QUEUE", "HOST", "JOB_OPTIONS"}
    embedded = {element.get("id") for element in tree.iter("{http://www.enginframe.com/2000/EnginFrame}embed")}
    assert embedded == {"list.of.clusters", "list.of.queues", "list.of.hosts"}


def test_second_run_changes_nothing(tmp_path: Path) -> None:
    """Run again on a finished node: the same files with the same times, one rule in each table, one password change."""
    node = PortalNode(tmp_path)
    status, output = node.run()
    assert status == 0, output
    before, sql = node.tree(), (node.world / "sql").read_text()
    status, output = node.run()
    assert status == 0, output
    assert node.tree() == before
    assert (node.world / "rules-iptables").read_text().splitlines() == [
        "OUTPUT --destination 169.254.169.254 -m owner --uid-owner 5002 -j ACCEPT",
        "OUTPUT --destination 169.254.169.254 -m owner ! --uid-owner 0 -j REJECT",
    ]
    rule = "OUTPUT --destination fd00:ec2::254 -m owner ! --uid-owner 0 -j REJECT"
    assert (node.world / "rules-ip6tables").read_text().splitlines() == [rule]
    assert (node.world / "passwords").read_text() == f"efadmin:{ADMIN_PASSWORD}\n"
    assert not re.search("DROP|DELETE|TRUNCATE|UPDATE", sql)
    assert node.calls().count("systemctl restart munge.service") == 1


@pytest.mark.parametrize("flavor", ["EnginFrame", "EFPortal"])
def test_what_a_node_looks_like(tmp_path: Path, flavor: str) -> None:
    """Everything the steps promise, on one node."""
    license_arn = "arn:license" if flavor == "EFPortal" else ""
    node = PortalNode(tmp_path, FLAVOR=flavor, LICENSE_SECRET_ARN=license_arn)
    status, output = node.run()
    assert status == 0, output
    top = "efs/nisp/enginframe" if flavor == "EFPortal" else "efs/nice/enginframe"
    answers = {key: value.replace("\\", "") for key, value in properties((node.world / "answers").read_text()).items()}
    assert answers["nice.root.dir.ui"] == "/" + top.removesuffix("/enginframe")
    assert answers["kernel.ef.enterprise.tcp.servers"] == "10.0.1.10:7800,10.0.2.10:7800"
    assert answers["kernel.ef.db.url"].endswith(":3306/enginframedb?sslMode=VERIFY_IDENTITY")
    assert answers["kernel.ef.db.savePasswordInKeystore"] == "true"
    assert ("kernel.eflicense" in answers) == (flavor == "EFPortal")
    # EnginFrame's server reads its license with the node's role; EF Portal has a file for that.
    assert ("5002 -j ACCEPT" in (node.world / "rules-iptables").read_text()) == (flavor == "EnginFrame")
    assert not any("@" in value for value in answers.values())
    assert 'keepAliveTimeout="75000"' in node.read(f"{top}/conf/tomcat/conf/server.xml")
    assert "ef.download.server.url=https://127.0.0.1:8443/" in node.read(f"{top}/conf/enginframe/agent.conf")
    assert list((node.root / top).rglob("WEB-INF/lib/mysql-connector-j-8.4.0.jar"))
    assert list((node.root / top).rglob("published/batch/batch_builtin_job_submission.xml"))
    agent = json.loads(node.read("opt/aws/amazon-cloudwatch-agent/etc/hpc-portal.json"))
    assert agent["metrics"]["metrics_collected"]["disk"]["resources"] == ["/"]
    assert {"nfs4", "lustre", "autofs"} < set(agent["metrics"]["metrics_collected"]["disk"]["ignore_file_system_types"])
    assert {log["log_group_name"] for log in agent["logs"]["logs_collected"]["files"]["collect_list"]} == {
        "/hpc/portal"
    }
    fstab = {line.split()[1]: line.split()[2:4] for line in node.read("etc/fstab").splitlines()}
    assert fstab["/efs"][0] == "efs" and {"tls", "iam", "_netdev"} < set(fstab["/efs"][1].split(","))
    assert "nosuid" not in fstab["/efs"][1]
    for zone in "12":
        assert {"nofail", "_netdev", "x-systemd.automount"} < set(fstab[f"/fsx_cluster{zone}"][1].split(","))
    assert "efadmin:x:5001:5001" in (node.world / "passwd").read_text()


def properties(text: str) -> dict[str, str]:
    """Keys and still escaped values of a Java properties file with ` = ` between them."""
    return dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line and not line.startswith("#"))


def test_no_secret_gets_out(tmp_path: Path) -> None:
    """Not in a log, an argument, the process list, a file that others may read, nor on /efs but for the license."""
    node = PortalNode(tmp_path, FLAVOR="EFPortal", LICENSE_SECRET_ARN="arn:license")
    status, output = node.run()
    assert status == 0, output
    escaped = PORTAL_PASSWORD.replace("=", "\\=").replace(":", "\\:")
    secrets = [ADMIN_PASSWORD, MASTER_PASSWORD, PORTAL_PASSWORD, escaped, MUNGE_KEY, LICENSE_TEXT]
    told = "\n".join([output, *node.calls(), (node.world / "processes").read_text()])
    assert not [secret for secret in secrets if secret in told]
    for path in node.root.rglob("*"):
        if path.is_file():
            found = [secret for secret in secrets if secret.encode() in path.read_bytes()]
            assert found == ([LICENSE_TEXT] if path.name == "license.ef" else []), path
            assert not found or not path.stat().st_mode & 0o007, path
    assert (node.root / "etc/munge/munge.key").stat().st_mode & 0o777 == 0o400
    assert (node.world / "options-mode").read_text() == (node.world / "answers-mode").read_text() == "600\n"
    assert (node.root / "run/hpc-portal").stat().st_mode & 0o777 == 0o700


SIGNATURE = "X-Amz-Signature=0123456789abcdef"
PRESIGNED = {
    "PortalInstaller": f"https://example.com/packages/enginframe-latest.jar?{SIGNATURE}",
    "JdbcDriver": f"https://example.com/packages/driver.jar?{SIGNATURE}",
}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="installed"),
        pytest.param({"INSTALLER_SHA256": "0" * 64}, id="wrong installer"),
        pytest.param({"JDBC_SHA256": "0" * 64}, id="wrong driver"),
        pytest.param({"gone": "enginframe-latest.jar"}, id="installer gone"),
        pytest.param({"empty": "yes"}, id="driver without a jar"),
    ],
)
def test_a_presigned_location_leaves_no_trace(tmp_path: Path, changes: dict[str, str]) -> None:
    """Not in a log, an argument, nor in a file that others than root may read."""
    node = PortalNode(tmp_path, **{name: value for name, value in changes.items() if name.isupper()})
    locations = dict(PRESIGNED)
    (node.world / "web/driver.jar").write_bytes(b"driver")
    if "gone" in changes:
        (node.world / "web" / changes["gone"]).unlink()
    if "empty" in changes:
        locations["JdbcDriver"] = f"https://example.com/packages/driver.tar.gz?{SIGNATURE}"
        (node.world / "web/driver.tar.gz").write_bytes(archive({"a/b": b""}))
    node.secret("arn:downloads", json.dumps(locations))
    status, output = node.run()
    assert (status == 0) == (not changes), output
    assert "https://example.com/packages/" in output
    assert SIGNATURE not in "\n".join([output, *node.calls()])
    for path in node.root.rglob("*"):
        if path.is_file() and SIGNATURE.encode() in path.read_bytes():
            assert path.stat().st_mode & 0o777 == 0o600, path


def test_database_statements_suit_mysql_8(tmp_path: Path) -> None:
    """MySQL 8's grammar, latin1, own user with TLS, quotes and backslashes in passwords spelled right."""
    node = PortalNode(tmp_path)
    node.secret("arn:portal", "a'b\\c")
    node.ready_for("70-portal")
    sql = (node.world / "sql").read_text()
    assert "CREATE DATABASE IF NOT EXISTS `enginframedb` DEFAULT CHARACTER SET latin1;" in sql
    assert "CREATE USER IF NOT EXISTS 'enginframe'@'%' IDENTIFIED BY 'a\\'b\\\\c' REQUIRE SSL;" in sql
    assert "GRANT ALL PRIVILEGES ON `enginframedb`.* TO 'enginframe'@'%';" in sql
    options = (node.world / "options").read_text()
    assert "password='m4ster\\'pass\\\\word'" in options and "ssl-mode=VERIFY_IDENTITY" in options


@pytest.mark.parametrize(
    ("region", "suffix", "store"),
    [
        ("eu-west-1", "amazonaws.com", "https://truststore.pki.rds.amazonaws.com/eu-west-1/"),
        ("cn-north-1", "amazonaws.com.cn", "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/cn-north-1/"),
        ("us-gov-west-1", "amazonaws.com", "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/us-gov-west-1/"),
    ],
)
def test_the_database_s_certificate_is_verified_in_each_partition(
    tmp_path: Path, region: str, suffix: str, store: str
) -> None:
    """Each partition has a trust store of its own; MariaDB's client is told in its own words to verify."""
    node = PortalNode(tmp_path, REGION=region, URL_SUFFIX=suffix)
    (node.world / "web/eu-west-1-bundle.pem").rename(node.world / f"web/{region}-bundle.pem")
    assert node.step("60-java")[0] == 0
    status, output = node.step("65-database", MYSQL_VERSION="15.1 Distrib 10.5.29-MariaDB")
    assert status == 0, output
    assert any(call.endswith(f"{store}{region}-bundle.pem") for call in node.calls())
    assert "ssl-verify-server-cert" in (node.world / "options").read_text()
    assert len((node.world / "trusted").read_text().splitlines()) == 2

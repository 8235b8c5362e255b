"""What real AWS does that no emulator shows: each line of it that a template can show, with the fact as its message."""

from __future__ import annotations

import ast
import json
import re
import sys
from typing import Any

import pytest

from generator import RELEASE_FOLDER, form
from generator.cfn import partition
from generator.stack import MAX_ZONES, MIN_ZONES
from generator.tiers import waf
from generator.tiers.functions import RUNTIME
from generator.tiers.load_balancer import IDLE_SECONDS
from tests.support.built import NAMES, PARENTS, REQUIRED, as_list, resource, resources, strings, templates, walk

ZONES = (1, 2)
FUNCTIONS = [pytest.param(place, body["Properties"], id=place) for place, body in resources("AWS::Lambda::Function")]
NODES = [f"portal.PortalNode{zone}" for zone in ZONES]


def raw(place: str) -> dict[str, Any]:
    """The whole resource `template.LogicalId`."""
    name, title = place.split(".")
    return templates()[name]["Resources"][title]  # type: ignore[no-any-return]


def refers(node: Any, stack: str) -> bool:
    return f'"{stack}"' in json.dumps(node)


# Launch


@pytest.mark.parametrize("parent", PARENTS)
def test_a_template_url_names_the_bucket_s_own_region(parent: str) -> None:
    for title, body in templates()[parent]["Resources"].items():
        url = body["Properties"]["TemplateURL"]["Fn::Sub"]
        folder = f"${{AssetsPrefix}}{RELEASE_FOLDER}templates/"
        start = f"https://${{AssetsBucket}}.s3.${{AssetsBucketRegion}}.${{AWS::URLSuffix}}/{folder}"
        assert url.startswith(start), f"{title}: S3 answers 301 to another region, and CloudFormation fails"
        name = re.sub("(?<!^)([A-Z])", r"-\1", title.removesuffix("Stack")).lower()
        assert url == f"{start}{name}.template.yaml" and name in templates()


def test_the_provider_s_template_is_of_the_stack_s_own_region() -> None:
    for title in ("ParallelCluster", "BoundedPolicies"):
        assert resource(f"provider.{title}")["TemplateURL"]["Fn::Sub"].startswith(
            "https://${AWS::Region}-aws-parallelcluster.s3.${AWS::Region}.${AWS::URLSuffix}/"
            "parallelcluster/${ParallelClusterVersion}/templates/"
        ), "AWS publishes it in each region; a pinned version, not latest"


@pytest.mark.parametrize("parent", PARENTS)
def test_the_portal_comes_after_the_listener(parent: str) -> None:
    portal = templates()[parent]["Resources"]["PortalStack"]
    assert refers(portal, "HttpsStack"), "a target group without a listener reports its targets as unused"
    entrance = templates()[parent]["Resources"]["HttpsStack"]
    assert refers(entrance, "LoadBalancerStack"), "a self-signed certificate needs the balancer's name"


@pytest.mark.parametrize("parent", PARENTS)
def test_the_clusters_do_not_wait_for_the_listener(parent: str) -> None:
    assert not refers(templates()[parent]["Resources"]["ClustersStack"], "HttpsStack")


@pytest.mark.parametrize("parent", PARENTS)
def test_the_portal_does_not_wait_for_the_clusters(parent: str) -> None:
    waiting = {title for title, body in templates()[parent]["Resources"].items() if refers(body, "ClustersStack")}
    assert waiting <= {"MonitoringStack"}, "its alarms are about the head nodes, and nobody waits for it"


@pytest.mark.parametrize("parent", PARENTS)
def test_everything_that_costs_money_comes_after_preflight(parent: str) -> None:
    """Directly or by what it refers to."""
    stacks = templates()[parent]["Resources"]
    after = {title: {other for other in stacks if refers(body, other)} for title, body in stacks.items()}

    def behind(title: str, seen: frozenset[str] = frozenset()) -> bool:
        return "PreflightStack" in after[title] or any(
            behind(other, seen | {title}) for other in after[title] - seen - {title}
        )

    assert [title for title in stacks if title != "PreflightStack" and not behind(title)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_has_a_systems_manager_type(name: str) -> None:
    for title, body in templates()[name].get("Parameters", {}).items():
        assert "SSM" not in body["Type"], f"{title}: it takes a name, and latest re-resolves at every update"
        if title == "PortalAmiId":
            assert body["Type"] == "String", "blank means: looked up once"


@pytest.mark.parametrize("parent", PARENTS)
def test_deletion_protection_is_off_at_creation(parent: str) -> None:
    default = templates()[parent]["Parameters"]["DeletionProtection"]["Default"]
    assert default == "no", "switched on at create it makes a failed launch end in ROLLBACK_FAILED"


def test_no_service_linked_role_is_a_resource() -> None:
    assert not resources("AWS::IAM::ServiceLinkedRole"), "it fails where the account has the role"


# Lambdas and custom resources


@pytest.mark.parametrize(("place", "properties"), FUNCTIONS)
def test_functions_are_plain(place: str, properties: dict[str, Any]) -> None:
    assert "VpcConfig" not in properties, "in a VPC it holds its interfaces for 20 to 45 minutes at delete"
    assert "ReservedConcurrentExecutions" not in properties, "fresh accounts have ten in all"
    assert "TracingConfig" not in properties, "China has no X-Ray"
    assert "KmsKeyArn" not in properties and "Environment" not in properties
    assert properties["Runtime"] == RUNTIME == "python3.13"
    assert properties["Architectures"] == ["x86_64"]
    logs = properties["LoggingConfig"]["LogGroup"]["Ref"]
    assert raw(f"{place.split('.')[0]}.{logs}")["Type"] == "AWS::Logs::LogGroup", "its own group goes with the stack"
    assert properties["Timeout"] <= 900
    role = raw(f"{place.split('.')[0]}.{properties['Role']['Fn::GetAtt'][0]}")
    assert refers(role, logs), "it may write there"


@pytest.mark.parametrize(("place", "properties"), FUNCTIONS)
def test_inlined_code_compiles_and_has_its_handler(place: str, properties: dict[str, Any]) -> None:
    code = properties["Code"].get("ZipFile")
    assert properties["Handler"] == "index.handler"
    tree = ast.parse(code, feature_version=(3, 13))
    # lambda/common/answer.py's decorator takes the context and answers CloudFormation, whatever happens. A handler that
    # takes the context itself hands both on.
    answering = [
        [argument.arg for argument in node.args.args]
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and [ast.unparse(decorator) for decorator in node.decorator_list] == ["custom_resource"]
    ]
    assert answering == [["event"]]
    assert "handler" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = {
        (alias.name if isinstance(node, ast.Import) else str(node.module)).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    layer = {"cryptography"} if "Layers" in properties else set()
    assert imported <= {*sys.stdlib_module_names, "boto3", "botocore"} | layer


def test_there_are_three_functions() -> None:
    assert {param.id for param in FUNCTIONS} == {
        "preflight.PreflightFunction",
        "assets.CopyFunction",
        "https.CertificateFunction",
    }


@pytest.mark.parametrize(
    ("place", "body"), [pytest.param(place, body, id=place) for place, body in resources("Custom::")]
)
def test_the_project_s_custom_resources_outwait_their_functions(place: str, body: dict[str, Any]) -> None:
    properties = body["Properties"]
    if body["Type"] == "Custom::PclusterCluster":
        assert "ServiceTimeout" not in properties and "Tags" not in properties, "the provider refuses both"
        assert properties["ServiceToken"] == {"Ref": "ProviderToken"}
        return
    function = resource(f"{place.split('.')[0]}.{properties['ServiceToken']['Fn::GetAtt'][0]}")
    assert int(properties["ServiceTimeout"]) > function["Timeout"], "else CloudFormation gives up before it answers"
    assert int(properties["ServiceTimeout"]) <= 3600


def test_preflight_is_done_within_a_minute() -> None:
    assert resource("preflight.PreflightFunction")["Timeout"] <= 60


def test_the_certificate_is_renewed_by_a_schedule_that_may_call_it() -> None:
    rule, permission = resource("https.CertificateRenewal"), resource("https.CertificateRenewalPermission")
    assert rule["State"] == "ENABLED" and rule["ScheduleExpression"] == "rate(1 day)"
    text = rule["Targets"][0]["Input"]["Fn::Sub"][0]
    assert json.loads(text).keys() == {"CertificateArn", "DomainName"}
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == {"Fn::GetAtt": ["CertificateRenewal", "Arn"]}


def test_nodes_wait_for_the_copied_files() -> None:
    """Outputs of a nested stack exist only when all of it is done, so its Copy needs no further Ref."""
    keys = [item["Key"] for item in resource("assets.Copy")["Files"]]
    outputs = {name: body["Value"] for name, body in templates()["assets"]["Outputs"].items()}
    assert outputs["PortalBundle"] in keys and outputs["CertificatePackagesZip"] in keys
    scripts = {key.removeprefix(outputs["ClusterScripts"] + "/") for key in keys if outputs["ClusterScripts"] in key}
    assert {"accounts.sh", "services.sh", "publish.sh", "operator.sh", "users.sh"} <= scripts
    assert {f"userdata/cluster/{name}" for name in scripts} <= set(keys), "and at the fixed keys of the head node"
    assert keys == sorted(set(keys))
    assert re.fullmatch(r"userdata/portal-[0-9a-f]{12}\.tar", outputs["PortalBundle"]), "content changes the key"
    assert re.fullmatch(r"[0-9a-f]{64}", outputs["PortalBundleSha256"])


def test_no_user_data_or_cluster_has_a_download_location() -> None:
    """It may be presigned, and jobs can read user data."""
    names = {"PortalInstallerUrl", "JdbcDriverUrl"}
    readable = [body for _, body in resources("AWS::EC2::LaunchTemplate")] + [templates()["clusters"]]
    assert len(readable) == len(ZONES) + 1
    assert not [name for body in readable for name in names if name in json.dumps(body)]


# Portal nodes


@pytest.mark.parametrize("zone", ZONES)
def test_a_node_has_one_fixed_interface_which_says_its_subnet_and_groups(zone: int) -> None:
    data = resource(f"portal.PortalLaunchTemplate{zone}")["LaunchTemplateData"]
    assert data["NetworkInterfaces"] == [
        {"DeviceIndex": 0, "NetworkInterfaceId": {"Ref": f"PortalInterfaceId{zone}"}}
    ], "the documented pattern for an address that survives replacement"
    assert "SecurityGroupIds" not in data and "SecurityGroups" not in data, "they sit on the interface"
    interface = resource(f"security-groups.PortalInterface{zone}")
    assert interface["SubnetId"] == {"Ref": f"PrivateSubnetId{zone}"}
    assert interface["GroupSet"] == [{"Ref": "PortalSecurityGroup"}]
    assert "PrivateIpAddress" not in interface


@pytest.mark.parametrize("place", NODES)
def test_a_portal_group_holds_one_node_on_its_own_interface(place: str) -> None:
    group, zone = resource(place), place[-1]
    assert "VPCZoneIdentifier" not in group, "with an interface given, a launch fails"
    assert group["AvailabilityZones"] == [{"Ref": f"AvailabilityZone{zone}"}]
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == ("1", "1", "1")
    assert group["InstanceMaintenancePolicy"] == {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100}
    assert group["HealthCheckType"] == "EC2", "ELB would kill both nodes when EFS or Aurora is down"
    assert group["TargetGroupARNs"] == [{"Ref": "TargetGroupArn"}]
    template = {"Ref": f"PortalLaunchTemplate{zone}"}
    version = {"Fn::GetAtt": [f"PortalLaunchTemplate{zone}", "LatestVersionNumber"]}
    assert group["LaunchTemplate"] == {"LaunchTemplateId": template, "Version": version}


@pytest.mark.parametrize("place", NODES)
def test_a_group_is_updated_in_place_and_hears_its_node(place: str) -> None:
    body = raw(place)
    policy = body["UpdatePolicy"]
    assert policy.keys() == {"AutoScalingRollingUpdate"}, "a replaced group could not have the interface"
    rolling = policy["AutoScalingRollingUpdate"]
    assert rolling["MinInstancesInService"] == 0 and rolling["MaxBatchSize"] == 1
    assert rolling["WaitOnResourceSignals"] is True and rolling["PauseTime"] == "PT1H", "the most that is taken"
    assert set(rolling["SuspendProcesses"]) == {
        *("HealthCheck", "ReplaceUnhealthy", "AZRebalance", "AlarmNotification", "ScheduledActions")
    }
    assert body["CreationPolicy"]["ResourceSignal"]["Count"] == 1


@pytest.mark.parametrize("zones", range(MIN_ZONES, MAX_ZONES + 1))
def test_zones_change_one_after_the_other(zones: int) -> None:
    portal = templates(zones)["portal"]["Resources"]
    chain = [as_list(portal[f"PortalNode{zone}"].get("DependsOn", [])) for zone in range(1, zones + 1)]
    wanted = [[], *([f"PortalNode{zone}"] for zone in range(1, zones))]
    assert chain == wanted, "sibling groups update in parallel: a script change would take all nodes down"


def test_the_image_is_held_until_it_is_asked_for_anew() -> None:
    assert resource("preflight.PortalImage").keys() == {
        *("ServiceToken", "ServiceTimeout", "ParallelClusterVersion", "PortalAmiId", "PortalImageRefresh")
    }, "whatever else stood here would look the image up again when it changes"


@pytest.mark.parametrize("zone", ZONES)
def test_user_data_is_below_16_kib_and_holds_no_secret(zone: int) -> None:
    text, variables = resource(f"portal.PortalLaunchTemplate{zone}")["LaunchTemplateData"]["UserData"]["Fn::Base64"][
        "Fn::Sub"
    ]
    # 40 bytes more for each of the values than for its name: ARNs and URLs.
    assert len(text.encode()) + 40 * text.count("${") < 16 * 1024
    assert "{{resolve:" not in text
    assert text.startswith("#!/bin/bash\n")
    env, rest = text.split("\nNODE_ENV\n", 1)
    assert "${" not in rest, "below the list of answers, Fn::Sub has nothing to find"
    assert "cloudformation signal-resource" in rest
    names = set(re.findall(r"\$\{([A-Za-z]+)\}", env))
    assert variables["LogicalId"] == f"PortalNode{zone}" and set(variables) <= names
    assert not [name for name in names if re.search("Password|Secret", name) and not name.endswith("Arn")]


def test_the_balancer_s_timeouts_fit_tomcat_s() -> None:
    """Tomcat's keep-alive below the balancer's idle timeout gives sporadic 502s: the bootstrap raises it to 75 s."""
    attributes = {
        item["Key"]: item["Value"] for item in as_list(resource("load-balancer.LoadBalancer")["LoadBalancerAttributes"])
    }
    assert attributes["idle_timeout.timeout_seconds"] == str(IDLE_SECONDS) and IDLE_SECONDS < 75
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_access_logs_wait_for_the_bucket_s_policy() -> None:
    """The balancer tries the bucket at once. The policy is conditional, and DependsOn of what is not there is none."""
    (bucket,) = (
        item["Value"]
        for item in as_list(resource("load-balancer.LoadBalancer")["LoadBalancerAttributes"])
        if item["Key"] == "access_logs.s3.bucket"
    )
    assert refers(bucket, "AccessLogBucket") and refers(bucket, "AccessLogBucketPolicy")


def test_the_target_group_is_sticky_and_speaks_https() -> None:
    group = resource("load-balancer.PortalTargets")
    assert group["Protocol"] == group["HealthCheckProtocol"] == "HTTPS"
    assert group["TargetType"] == "instance"
    attributes = {item["Key"]: item["Value"] for item in group["TargetGroupAttributes"]}
    assert attributes["stickiness.enabled"] == "true" and attributes["stickiness.type"] == "lb_cookie"


def test_the_listener_s_tls_policy_is_said_and_not_the_default_of_2016() -> None:
    listener = resource("https.HttpsListener")
    assert listener["SslPolicy"] == {"Fn::FindInMap": ["Partition", {"Ref": "AWS::Partition"}, "TlsPolicy"]}
    assert all("TLS13-1-2" in policy for policy in partition.BY_PARTITION["TlsPolicy"].values())
    (redirect,) = resource("https.HttpListener")["DefaultActions"]
    assert redirect["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}


# Data


def test_lustre_is_of_version_2_15_and_of_one_zone() -> None:
    system = resource("lustre.LustreFileSystem1")
    assert system["FileSystemTypeVersion"] == "2.15", "the default is 2.10 for scratch and PERSISTENT_1"
    assert system["SubnetIds"] == [{"Ref": "PrivateSubnetId1"}]
    throughput = system["LustreConfiguration"]["PerUnitStorageThroughput"]["Fn::If"]
    assert throughput[0] == "LustrePersistent", "persistent types need it, scratch refuses it"
    assert throughput[2] == {"Ref": "AWS::NoValue"}


def test_the_database_can_change_its_capacity_in_place() -> None:
    cluster = resource("database.DatabaseCluster")
    assert "EngineMode" not in cluster, "serverless and provisioned differ in the instances' class alone"
    assert cluster["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": {"Ref": "DatabaseMinCapacity"},
        "MaxCapacity": {"Ref": "DatabaseMaxCapacity"},
    }
    assert "DatabaseName" not in cluster, "CloudFormation would make it in another character set"
    assert cluster["Engine"] == "aurora-mysql"
    parameters = resource("database.DatabaseParameters")
    assert parameters["Parameters"]["require_secure_transport"] == "ON"
    assert parameters["Family"] == "aurora-mysql8.0"


def test_writer_and_reader_stand_in_their_own_zones() -> None:
    for zone in ZONES:
        instance = resource(f"database.DatabaseInstance{zone}")
        assert instance["AvailabilityZone"] == {"Ref": f"AvailabilityZone{zone}"}
        assert instance["PromotionTier"] == zone - 1
        assert instance["PubliclyAccessible"] is False
        assert instance["CACertificateIdentifier"] == "rds-ca-rsa2048-g1", "the one that all partitions have"
    assert raw("database.DatabaseInstance2")["DependsOn"] == "DatabaseInstance1", "the first made becomes the writer"


def test_efs_has_aws_s_own_vault_and_takes_tls_alone() -> None:
    system = resource("file-system.FileSystem")
    assert system["BackupPolicy"] == {"Status": "ENABLED"}
    assert not resources("AWS::Backup::"), "a vault with recovery points cannot be deleted"
    deny = [item for item in system["FileSystemPolicy"]["Statement"] if item["Effect"] == "Deny"]
    assert deny[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (allow,) = (item for item in system["FileSystemPolicy"]["Statement"] if item["Effect"] == "Allow")
    assert {
        "elasticfilesystem:ClientMount",
        "elasticfilesystem:ClientWrite",
        "elasticfilesystem:ClientRootAccess",
    } == set(allow["Action"]), "nodes need root to be root"
    storage = resource("clusters.Cluster1")["ClusterConfiguration"]["SharedStorage"]
    (efs,) = (item["EfsSettings"] for item in storage if item["StorageType"] == "Efs")
    assert efs["EncryptionInTransit"] is True, "such a policy binds the clusters too"


def test_the_log_bucket_expires_its_logs() -> None:
    (rule,) = resource("load-balancer.AccessLogBucket")["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == {"Ref": "LogRetentionDays"}, "it is never empty at delete and stays"


def test_the_munge_key_is_never_made_anew() -> None:
    assert raw("secrets.MungeKey")["Properties"]["GenerateSecretString"] == {
        "PasswordLength": 128,
        "ExcludePunctuation": True,
    }, "any change of these makes another key, which needs a stopped fleet; 128 characters are base64 of 96 bytes"


def test_passwords_hold_nothing_that_some_reader_would_trip_over() -> None:
    for title in ("AdminPassword", "DatabasePassword", "PortalDatabasePassword"):
        generated = resource(f"secrets.{title}")["GenerateSecretString"]
        assert set("/\"@ '\\`$#:=!&") <= set(generated["ExcludeCharacters"]), title
        assert generated["PasswordLength"] >= 20
        assert "SecretStringTemplate" not in generated, "plain text, no JSON"


def test_parallelcluster_s_log_groups_stay_and_expire() -> None:
    logs = resource("clusters.Cluster1")["ClusterConfiguration"]["Monitoring"]["Logs"]["CloudWatch"]
    assert logs["DeletionPolicy"] == "Retain", "said, since the default is the same: the guide lists them"
    assert logs["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_database_s_password_is_handed_to_slurm_by_arn() -> None:
    database = resource("clusters.Cluster1")["ClusterConfiguration"]["Scheduling"]["SlurmSettings"]["Database"][
        "Fn::If"
    ][1]
    assert database["PasswordSecretArn"] == {"Ref": "DatabaseSecretArn"}
    assert database["DatabaseName"] == "slurm_az1", "two slurmdbd must never share a schema"


# Others


def test_the_alarms_topic_has_no_key() -> None:
    topic = resource("monitoring.Alarms")
    assert "KmsMasterKeyId" not in topic, "with AWS's own key CloudWatch delivers no alarm and says nothing"


def test_every_alarm_speaks_to_the_topic() -> None:
    for place, body in resources("AWS::CloudWatch::Alarm"):
        properties = body["Properties"]
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "Alarms"}], place
        assert ": " in properties["AlarmDescription"] or "; " in properties["AlarmDescription"], "what to do"


def firewall() -> dict[str, set[str]]:
    """The rules of each managed group of AWS WAF that count and do not block."""
    groups = [rule["Statement"].get("ManagedRuleGroupStatement") for rule in resource("waf.WebAcl")["Rules"]]
    return {
        group["Name"]: {item["Name"] for item in group["RuleActionOverrides"] if item["ActionToUse"] == {"Count": {}}}
        for group in groups
        if group
    }


def test_the_firewall_overrides_only_rules_that_exist() -> None:
    """AWS WAF takes an override of a rule that does not exist, and goes on blocking."""
    assert {name: len(rules) for name, rules in waf.MANAGED_RULES.items()} == {waf.COMMON: 22, waf.KNOWN_BAD_INPUTS: 12}
    assert all(counted <= set(waf.MANAGED_RULES[name]) for name, counted in firewall().items())


def test_the_firewall_counts_what_uploads_and_job_scripts_would_trip() -> None:
    bodies = {name: {rule for rule in rules if rule.endswith("_BODY")} for name, rules in waf.MANAGED_RULES.items()}
    assert sum(map(len, bodies.values())) == 8
    assert all(rules <= firewall()[name] for name, rules in bodies.items())


def test_the_firewall_counts_file_views_of_logs() -> None:
    assert {"RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS"} <= firewall()[waf.COMMON]


def test_the_firewall_still_blocks_the_rest() -> None:
    assert sum(len(set(rules) - firewall()[name]) for name, rules in waf.MANAGED_RULES.items()) == 24


def test_the_firewall_s_rules_have_an_order() -> None:
    rules = resource("waf.WebAcl")["Rules"]
    assert len({rule["Priority"] for rule in rules}) == len(rules)


def test_the_s3_endpoint_s_policy_is_open() -> None:
    endpoint = resource("network.S3Endpoint")
    assert "PolicyDocument" not in endpoint, "custom resources' answers and repositories go through it"
    assert endpoint["VpcEndpointType"] == "Gateway"
    tables = {
        title for title, body in templates()["network"]["Resources"].items() if body["Type"] == "AWS::EC2::RouteTable"
    }
    assert {table["Ref"] for table in endpoint["RouteTableIds"]} == tables


def test_outdated_and_regionally_absent_types_are_not_used() -> None:
    used = {body["Type"] for _, body in resources()}
    absent = {
        *(
            "AWS::AutoScaling::LaunchConfiguration",
            "AWS::Budgets::Budget",
            "AWS::Cognito::UserPool",
            "AWS::PCS::Cluster",
        ),
        "AWS::CloudFormation::WaitCondition",
    }
    assert not used & absent


def test_availability_zones_are_asked_for_and_held() -> None:
    assert not [place for place, body in resources() for path, _ in walk(body) if "Fn::GetAZs" in path], (
        "GetAZs can change its order and break a later update"
    )
    outputs = templates()["preflight"]["Outputs"]
    assert outputs["PickedZone1"]["Value"] == {"Fn::GetAtt": ["Checks", "AvailabilityZone1"]}


def test_required_answers_are_all_that_a_launch_needs() -> None:
    main = templates()[form.MAIN]["Parameters"]
    missing = {name for name, body in main.items() if body.get("Default", None) in (None,)}
    assert missing <= set(REQUIRED)


def test_no_text_of_a_template_is_left_to_do() -> None:
    for name, template in templates().items():
        for path, text in strings(template):
            assert not re.search(r"\b(TODO|FIXME|XXX|lorem)\b", text), (name, path)

"""AWS WAF before the load balancer: AWS's managed rules and a rate limit; made only if the operator wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt, Ref, Select, Split, Sub
from troposphere.wafv2 import (
    AllowAction,
    BlockAction,
    CountAction,
    DefaultAction,
    LoggingConfiguration,
    ManagedRuleGroupStatement,
    OverrideAction,
    RateBasedStatement,
    RuleAction,
    RuleActionOverride,
    Statement,
    VisibilityConfig,
    WebACL,
    WebACLAssociation,
    WebACLRule,
)

from generator import form
from generator.cfn import partition
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers.functions import log_group
from generator.tiers.load_balancer import LoadBalancer

# The rules of AWS's managed groups, from the AWS WAF developer guide, "Baseline rule groups", as of 2026-11-26. AWS WAF
# takes an override of a rule that does not exist without a word, so names are taken from here and never spelled again.
# `aws wafv2 describe-managed-rule-group --scope REGIONAL --vendor-name AWS --name GROUP` lists those of an account's region.
COMMON = "AWSManagedRulesCommonRuleSet"
KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"
MANAGED_RULES = {
    COMMON: (
        "NoUserAgent_HEADER",
        "UserAgent_BadBots_HEADER",
        "SizeRestrictions_QUERYSTRING",
        "SizeRestrictions_Cookie_HEADER",
        "SizeRestrictions_BODY",
        "SizeRestrictions_URIPATH",
        *(f"EC2MetaDataSSRF_{part}" for part in ("BODY", "COOKIE", "URIPATH", "QUERYARGUMENTS")),
        *(f"GenericLFI_{part}" for part in ("QUERYARGUMENTS", "URIPATH", "BODY")),
        *(f"RestrictedExtensions_{part}" for part in ("URIPATH", "QUERYARGUMENTS")),
        *(f"GenericRFI_{part}" for part in ("QUERYARGUMENTS", "BODY", "URIPATH")),
        *(f"CrossSiteScripting_{part}" for part in ("COOKIE", "QUERYARGUMENTS", "BODY", "URIPATH")),
    ),
    KNOWN_BAD_INPUTS: (
        *(f"JavaDeserializationRCE_{part}" for part in ("HEADER", "BODY", "URIPATH", "QUERYSTRING")),
        "Host_localhost_HEADER",
        "PROPFIND_METHOD",
        "ExploitablePaths_URIPATH",
        *(f"Log4JRCE_{part}" for part in ("HEADER", "QUERYSTRING", "BODY", "URIPATH")),
        "ReactJSRCE_BODY",
    ),
}
# A portal's bodies are uploads and job scripts, which may hold anything, the address of the metadata service above all.
# Its file views name job.log and the like in path or query. Such rules count and do not block.
COUNTED_PART = "_BODY"
COUNTED_KIND = "RestrictedExtensions_"
REQUESTS_IN_FIVE_MINUTES = 3000


@dataclass(frozen=True)
class Waf(Ports):
    """The web ACL."""

    web_acl_arn: Value = port("ARN of the web ACL")


def build(tier: Tier, operations: form.Operations, load_balancer: LoadBalancer) -> Waf:
    """Web ACL, its association with the balancer, and its log."""
    t = tier.template
    acl = t.add_resource(
        WebACL(
            "WebAcl",
            Scope="REGIONAL",
            DefaultAction=DefaultAction(Allow=AllowAction()),
            VisibilityConfig=_visible("portal"),
            Rules=[
                _managed(COMMON, 0),
                _managed(KNOWN_BAD_INPUTS, 1),
                WebACLRule(
                    Name="RateLimit",
                    Priority=2,
                    Action=RuleAction(Block=BlockAction()),
                    VisibilityConfig=_visible("rate-limit"),
                    Statement=Statement(
                        RateBasedStatement=RateBasedStatement(AggregateKeyType="IP", Limit=REQUESTS_IN_FIVE_MINUTES)
                    ),
                ),
            ],
        )
    )
    t.add_resource(
        WebACLAssociation(
            "WebAclAssociation", ResourceArn=load_balancer.load_balancer_arn, WebACLArn=GetAtt(acl, "Arn")
        )
    )
    # AWS WAF writes only to groups whose name begins like this.
    unique = Select(0, Split("-", Select(2, Split("/", Ref("AWS::StackId")))))
    logs = log_group(tier, operations, "WebAclLogs", LogGroupName=Sub("aws-waf-logs-${Unique}", Unique=unique))
    # Not the group's Arn attribute: AWS WAF strips its `:*`, which would show as permanent drift.
    destination = partition.arn("logs", "log-group:${Group}", Group=Ref(logs))
    t.add_resource(
        LoggingConfiguration("WebAclLogging", ResourceArn=GetAtt(acl, "Arn"), LogDestinationConfigs=[destination])
    )
    return Waf(web_acl_arn=GetAtt(acl, "Arn"))


def _visible(metric: str) -> VisibilityConfig:
    return VisibilityConfig(CloudWatchMetricsEnabled=True, MetricName=metric, SampledRequestsEnabled=True)


def counted(group: str) -> list[str]:
    """The rules of a managed group that must not block what a portal's users do."""
    return [rule for rule in MANAGED_RULES[group] if rule.endswith(COUNTED_PART) or rule.startswith(COUNTED_KIND)]


def _managed(name: str, priority: int) -> WebACLRule:
    overrides = [RuleActionOverride(Name=rule, ActionToUse=RuleAction(Count=CountAction())) for rule in counted(name)]
    no_override: dict[str, Any] = {"None": {}}
    return WebACLRule(
        Name=name,
        Priority=priority,
        OverrideAction=OverrideAction(**no_override),
        VisibilityConfig=_visible(name),
        Statement=Statement(
            ManagedRuleGroupStatement=ManagedRuleGroupStatement(
                VendorName="AWS", Name=name, RuleActionOverrides=overrides
            )
        ),
    )

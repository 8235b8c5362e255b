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

# These look at bodies, and a portal's bodies are uploads and job scripts: counted, not blocked.
BODY_RULES = ("SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY")
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
                _managed("AWSManagedRulesCommonRuleSet", 0, BODY_RULES),
                _managed("AWSManagedRulesKnownBadInputsRuleSet", 1, ()),
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


def _managed(name: str, priority: int, counted: tuple[str, ...]) -> WebACLRule:
    overrides = [RuleActionOverride(Name=rule, ActionToUse=RuleAction(Count=CountAction())) for rule in counted]
    optional: dict[str, Any] = {"RuleActionOverrides": overrides} if overrides else {}
    no_override: dict[str, Any] = {"None": {}}
    return WebACLRule(
        Name=name,
        Priority=priority,
        OverrideAction=OverrideAction(**no_override),
        VisibilityConfig=_visible(name),
        Statement=Statement(
            ManagedRuleGroupStatement=ManagedRuleGroupStatement(VendorName="AWS", Name=name, **optional)
        ),
    )

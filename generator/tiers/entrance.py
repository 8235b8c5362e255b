"""The way in: certificate, HTTPS listener, redirect from HTTP, and the portal's name in DNS.

The certificate is the operator's own, or made for the operator's domain and validated in their hosted zone, or
self-signed for the load balancer's name by a Lambda that also renews it.
"""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import And, Condition, GetAtt, If, Not, Ref, Sub
from troposphere.awslambda import Code, Permission
from troposphere.certificatemanager import Certificate, DomainValidationOption
from troposphere.elasticloadbalancingv2 import Action, Listener, RedirectConfig
from troposphere.elasticloadbalancingv2 import Certificate as ListenerCertificate
from troposphere.events import Rule, Target
from troposphere.route53 import AliasTarget, RecordSetType

from generator import custom, partition
from generator.params import Form
from generator.policies import allow, function, given
from generator.tiers.assets import Assets
from generator.tiers.balancer import PORTAL_PATH, Balancer
from generator.tiers.firewall import HTTP, HTTPS
from generator.wiring import Ports, Tier, Value, port

RENEWAL = "rate(1 day)"


@dataclass(frozen=True)
class Entrance(Ports):
    """Where the portal is."""

    portal_url: Value = port("URL of the portal")
    listener_arn: Value = port("ARN of the HTTPS listener")


def build(tier: Tier, form: Form, balancer: Balancer, assets: Assets) -> Entrance:
    """Certificate, listeners and alias record."""
    asked, front, t = tier.uses(form), tier.uses(balancer), tier.template
    given(t, "OwnCertificate", asked.certificate_arn)
    given(t, "DomainGiven", asked.domain_name)
    given(t, "ZoneGiven", asked.hosted_zone_id)
    t.add_condition("DomainCertificate", And(Not(Condition("OwnCertificate")), Condition("ZoneGiven")))
    t.add_condition("SelfSigned", And(Not(Condition("OwnCertificate")), Not(Condition("ZoneGiven"))))
    domain_certificate = t.add_resource(
        Certificate(
            "DomainValidatedCertificate",
            Condition="DomainCertificate",
            DomainName=asked.domain_name,
            ValidationMethod="DNS",
            DomainValidationOptions=[
                DomainValidationOption(DomainName=asked.domain_name, HostedZoneId=asked.hosted_zone_id)
            ],
        )
    )
    certificate = If(
        "OwnCertificate",
        asked.certificate_arn,
        If("DomainCertificate", Ref(domain_certificate), Ref(_self_signed(tier, asked, front, tier.uses(assets)))),
    )
    listener = t.add_resource(
        Listener(
            "HttpsListener",
            LoadBalancerArn=front.load_balancer_arn,
            Port=HTTPS,
            Protocol="HTTPS",
            SslPolicy=partition.fact(t, "TlsPolicy"),
            Certificates=[ListenerCertificate(CertificateArn=certificate)],
            DefaultActions=[Action(Type="forward", TargetGroupArn=front.target_group_arn)],
        )
    )
    t.add_resource(
        Listener(
            "HttpListener",
            LoadBalancerArn=front.load_balancer_arn,
            Port=HTTP,
            Protocol="HTTP",
            DefaultActions=[
                Action(
                    Type="redirect",
                    RedirectConfig=RedirectConfig(Protocol="HTTPS", Port=str(HTTPS), StatusCode="HTTP_301"),
                )
            ],
        )
    )
    t.add_resource(
        RecordSetType(
            "AliasRecord",
            Condition="ZoneGiven",
            HostedZoneId=asked.hosted_zone_id,
            Name=asked.domain_name,
            Type="A",
            AliasTarget=AliasTarget(
                DNSName=front.load_balancer_dns_name,
                HostedZoneId=front.load_balancer_zone_id,
                EvaluateTargetHealth=False,
            ),
        )
    )
    host = If("DomainGiven", asked.domain_name, front.load_balancer_dns_name)
    return Entrance(
        portal_url=Sub(f"https://${{Host}}{PORTAL_PATH}", Host=host),
        listener_arn=Ref(listener),
    )


def _self_signed(tier: Tier, asked: Form, front: Balancer, files: Assets) -> custom.SelfSignedCertificate:
    """The self-signed certificate, the function that makes it, and the schedule that has it renewed."""
    t = tier.template
    certificates = partition.arn("acm", "certificate/*")
    maker = function(
        tier,
        asked,
        "CertificateFunction",
        Code(S3Bucket=files.local_assets_bucket, S3Key=files.certificate_code),
        [
            # A new import has no ARN yet, and a tag on it needs the right on whatever it becomes.
            allow(["acm:ImportCertificate", "acm:AddTagsToCertificate"], [certificates]),
            allow(["acm:DescribeCertificate", "acm:DeleteCertificate", "acm:ListTagsForCertificate"], [certificates]),
        ],
        timeout=600,
        memory=256,
        description="Makes the portal's self-signed certificate and renews it in place.",
        condition="SelfSigned",
    )
    certificate = t.add_resource(
        custom.SelfSignedCertificate(
            "SelfSignedCertificate",
            Condition="SelfSigned",
            ServiceToken=GetAtt(maker, "Arn"),
            ServiceTimeout="660",
            DomainName=front.load_balancer_dns_name,
        )
    )
    schedule = t.add_resource(
        Rule(
            "CertificateRenewal",
            Condition="SelfSigned",
            Description="Renews the self-signed certificate before it expires",
            ScheduleExpression=RENEWAL,
            State="ENABLED",
            Targets=[
                Target(
                    Id="CertificateFunction",
                    Arn=GetAtt(maker, "Arn"),
                    Input=Sub(
                        '{"CertificateArn": "${CertificateArn}", "DomainName": "${DomainName}"}',
                        CertificateArn=Ref(certificate),
                        DomainName=front.load_balancer_dns_name,
                    ),
                )
            ],
        )
    )
    t.add_resource(
        Permission(
            "CertificateRenewalPermission",
            Condition="SelfSigned",
            Action="lambda:InvokeFunction",
            FunctionName=Ref(maker),
            Principal=partition.service_principal("events"),
            SourceArn=GetAtt(schedule, "Arn"),
        )
    )
    return certificate

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
    t = tier.template
    given(t, "OwnCertificate", form.certificate_arn)
    given(t, "DomainGiven", form.domain_name)
    given(t, "ZoneGiven", form.hosted_zone_id)
    t.add_condition("DomainCertificate", And(Not(Condition("OwnCertificate")), Condition("ZoneGiven")))
    t.add_condition("SelfSigned", And(Not(Condition("OwnCertificate")), Not(Condition("ZoneGiven"))))
    domain_certificate = t.add_resource(
        Certificate(
            "DomainValidatedCertificate",
            Condition="DomainCertificate",
            DomainName=form.domain_name,
            ValidationMethod="DNS",
            DomainValidationOptions=[
                DomainValidationOption(DomainName=form.domain_name, HostedZoneId=form.hosted_zone_id)
            ],
        )
    )
    certificate = If(
        "OwnCertificate",
        form.certificate_arn,
        If("DomainCertificate", Ref(domain_certificate), Ref(_self_signed(tier, form, balancer, assets))),
    )
    listener = t.add_resource(
        Listener(
            "HttpsListener",
            LoadBalancerArn=balancer.load_balancer_arn,
            Port=HTTPS,
            Protocol="HTTPS",
            SslPolicy=partition.fact(t, "TlsPolicy"),
            Certificates=[ListenerCertificate(CertificateArn=certificate)],
            DefaultActions=[Action(Type="forward", TargetGroupArn=balancer.target_group_arn)],
        )
    )
    t.add_resource(
        Listener(
            "HttpListener",
            LoadBalancerArn=balancer.load_balancer_arn,
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
            HostedZoneId=form.hosted_zone_id,
            Name=form.domain_name,
            Type="A",
            AliasTarget=AliasTarget(
                DNSName=balancer.load_balancer_dns_name,
                HostedZoneId=balancer.load_balancer_zone_id,
                EvaluateTargetHealth=False,
            ),
        )
    )
    host = If("DomainGiven", form.domain_name, balancer.load_balancer_dns_name)
    return Entrance(
        portal_url=Sub(f"https://${{Host}}{PORTAL_PATH}", Host=host),
        listener_arn=Ref(listener),
    )


def _self_signed(tier: Tier, form: Form, balancer: Balancer, assets: Assets) -> custom.SelfSignedCertificate:
    """The self-signed certificate, the function that makes it, and the schedule that has it renewed."""
    t = tier.template
    certificates = partition.arn("acm", "certificate/*")
    maker = function(
        tier,
        form,
        "CertificateFunction",
        Code(S3Bucket=assets.local_assets_bucket, S3Key=assets.certificate_code),
        [
            # ACM chooses the ARN; a list knows no resource.
            allow(["acm:ImportCertificate", "acm:DescribeCertificate", "acm:DeleteCertificate"], [certificates]),
            allow(["acm:ListCertificates"]),
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
            DomainName=balancer.load_balancer_dns_name,
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
                        DomainName=balancer.load_balancer_dns_name,
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

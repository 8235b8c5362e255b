"""The way in: certificate, HTTPS listener, redirect from HTTP, and the portal's name in DNS.

The certificate is the operator's own, or made for the operator's domain and validated in their hosted zone, or
self-signed for the load balancer's name by a Lambda that also renews it.
"""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import And, Condition, GetAtt, If, Not, Ref, Sub
from troposphere.awslambda import Code, Content, Function, LayerVersion, Permission
from troposphere.certificatemanager import Certificate, DomainValidationOption
from troposphere.elasticloadbalancingv2 import Action, Listener, RedirectConfig
from troposphere.elasticloadbalancingv2 import Certificate as ListenerCertificate
from troposphere.events import Rule, Target
from troposphere.route53 import AliasTarget, RecordSetType

from generator import form
from generator.cfn import partition
from generator.cfn.custom_resources import SERVICE, VALUE, StrictCustomResource
from generator.cfn.ports import Ports, port
from generator.cfn.template import Value
from generator.cfn.wiring import Tier
from generator.tiers.assets import Assets
from generator.tiers.conditions import SELF_SIGNED, if_given, self_signed
from generator.tiers.functions import RUNTIME, function
from generator.tiers.iam import allow
from generator.tiers.load_balancer import PORTAL_PATH, LoadBalancer
from generator.tiers.security_groups import HTTP, HTTPS
from generator.tiers.tags import if_tagged

RENEWAL = "rate(1 day)"
# ACM waits up to 72 hours for the validation of a certificate, while everything else runs and is billed.
MINUTES = 60


class SelfSignedCertificate(StrictCustomResource):
    """A self-signed certificate in ACM, renewed in place (lambda/certificate)."""

    resource_type = "Custom::SelfSignedCertificate"
    props = {**SERVICE, "DomainName": (VALUE, True), "Tags": (VALUE, False)}


@dataclass(frozen=True)
class Https(Ports):
    """Where the portal is."""

    portal_url: Value = port("URL of the portal")
    listener_arn: Value = port("ARN of the HTTPS listener")
    listener_certificate_arn: Value = port("ARN of the portal's certificate")
    certificate_function: Value = port("Name of the function that renews a self-signed certificate, else blank")


def build(
    tier: Tier, access: form.Access, operations: form.Operations, load_balancer: LoadBalancer, assets: Assets
) -> Https:
    """Certificate, listeners and alias record."""
    t = tier.template
    if_given(t, "OwnCertificate", access.certificate_arn)
    if_given(t, "DomainGiven", access.domain_name)
    if_given(t, "ZoneGiven", access.hosted_zone_id)
    t.add_condition("DomainCertificate", And(Not(Condition("OwnCertificate")), Condition("ZoneGiven")))
    self_signed(t, access)
    domain_certificate = t.add_resource(
        Certificate(
            "DomainValidatedCertificate",
            Condition="DomainCertificate",
            DomainName=access.domain_name,
            ValidationMethod="DNS",
            DomainValidationOptions=[
                DomainValidationOption(DomainName=access.domain_name, HostedZoneId=access.hosted_zone_id)
            ],
            Tags=if_tagged(t, operations),
        )
    )
    made, maker = _self_signed(tier, operations, load_balancer, assets)
    certificate = If(
        "OwnCertificate", access.certificate_arn, If("DomainCertificate", Ref(domain_certificate), Ref(made))
    )
    listener = t.add_resource(
        Listener(
            "HttpsListener",
            LoadBalancerArn=load_balancer.load_balancer_arn,
            Port=HTTPS,
            Protocol="HTTPS",
            SslPolicy=partition.fact(t, "TlsPolicy"),
            Certificates=[ListenerCertificate(CertificateArn=certificate)],
            DefaultActions=[Action(Type="forward", TargetGroupArn=load_balancer.target_group_arn)],
        )
    )
    t.add_resource(
        Listener(
            "HttpListener",
            LoadBalancerArn=load_balancer.load_balancer_arn,
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
            HostedZoneId=access.hosted_zone_id,
            Name=access.domain_name,
            Type="A",
            AliasTarget=AliasTarget(
                DNSName=load_balancer.load_balancer_dns_name,
                HostedZoneId=load_balancer.load_balancer_zone_id,
                EvaluateTargetHealth=False,
            ),
        )
    )
    host = If("DomainGiven", access.domain_name, load_balancer.load_balancer_dns_name)
    return Https(
        portal_url=Sub(f"https://${{Host}}{PORTAL_PATH}", Host=host),
        listener_arn=Ref(listener),
        listener_certificate_arn=certificate,
        certificate_function=If(SELF_SIGNED, Ref(maker), ""),
    )


def _self_signed(
    tier: Tier, operations: form.Operations, load_balancer: LoadBalancer, assets: Assets
) -> tuple[SelfSignedCertificate, Function]:
    """The self-signed certificate, the function that makes it, and the schedule that has it renewed."""
    t = tier.template
    certificates = partition.arn("acm", "certificate/*")
    packages = t.add_resource(
        LayerVersion(
            "CertificatePackages",
            Condition=SELF_SIGNED,
            Description="What the certificate function needs beyond the runtime's own packages.",
            CompatibleRuntimes=[RUNTIME],
            Content=Content(S3Bucket=assets.local_assets_bucket, S3Key=assets.certificate_packages_zip),
        )
    )
    maker = function(
        tier,
        operations,
        "CertificateFunction",
        Code(ZipFile=tier.sources.inline_function("certificate")),
        [
            # ACM chooses the ARN; a list knows no resource.
            allow(
                [
                    "acm:ImportCertificate",
                    "acm:DescribeCertificate",
                    "acm:DeleteCertificate",
                    "acm:AddTagsToCertificate",
                    "acm:RemoveTagsFromCertificate",
                ],
                [certificates],
            ),
            allow(["acm:ListCertificates"]),
        ],
        timeout=600,
        memory=256,
        description="Makes the portal's self-signed certificate and renews it in place.",
        condition=SELF_SIGNED,
        layers=[packages],
    )
    certificate = t.add_resource(
        SelfSignedCertificate(
            "SelfSignedCertificate",
            Condition=SELF_SIGNED,
            ServiceToken=GetAtt(maker, "Arn"),
            ServiceTimeout="660",
            DomainName=load_balancer.load_balancer_dns_name,
            Tags=if_tagged(t, operations),
        )
    )
    schedule = t.add_resource(
        Rule(
            "CertificateRenewal",
            Condition=SELF_SIGNED,
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
                        DomainName=load_balancer.load_balancer_dns_name,
                    ),
                )
            ],
        )
    )
    t.add_resource(
        Permission(
            "CertificateRenewalPermission",
            Condition=SELF_SIGNED,
            Action="lambda:InvokeFunction",
            FunctionName=Ref(maker),
            Principal=partition.service_principal("events"),
            SourceArn=GetAtt(schedule, "Arn"),
        )
    )
    return certificate, maker

"""What the chart may say in objects of operators, as closed JSON Schemas.

Written for the fields that the chart uses, after the documentation of each API version named here; closed, so that a
field that is misspelt or moved is found.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
DURATION: Schema = {"type": "string", "pattern": r"^\d+[smh]$"}
STRINGS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def closed(required: str = "", **properties: Schema) -> Schema:
    """An object with these fields and no other."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": properties,
    }


def many(item: Schema, least: int = 1) -> Schema:
    return {"type": "array", "items": item, "minItems": least}


def one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


_POLICY = closed("type value periodSeconds", type=one_of("Pods", "Percent"), value=COUNT, periodSeconds=COUNT)
_RULES = closed("policies", stabilizationWindowSeconds=COUNT, policies=many(_POLICY), selectPolicy=TEXT)
_TRIGGER = closed(
    "type metadata",
    type=one_of("kafka", "prometheus"),
    metadata=STRINGS,
    authenticationRef=closed("name", name=TEXT, kind=TEXT),
)
_SECRET_KEY = closed("parameter name key", parameter=TEXT, name=TEXT, key=TEXT)
_LABEL_SELECTOR = closed("matchLabels", matchLabels=STRINGS)
_RULE = closed(
    "expr", alert=TEXT, record=TEXT, expr=TEXT, **{"for": TEXT}, keep_firing_for=TEXT, labels=STRINGS,
    annotations=STRINGS,
)  # fmt: skip
_OPERATIONS = one_of(
    "Read", "Write", "Create", "Delete", "Alter", "Describe", "ClusterAction", "AlterConfigs", "DescribeConfigs",
    "IdempotentWrite", "All",
)  # fmt: skip
_RESOURCE = closed(
    "type", type=one_of("topic", "group", "cluster", "transactionalId"), name=TEXT,
    patternType=one_of("literal", "prefix"),
)  # fmt: skip
_PATH = closed("type value", type=one_of("Exact", "PathPrefix"), value={"type": "string", "pattern": "^/"})

SPECS: dict[tuple[str, str], Schema] = {
    ("keda.sh/v1alpha1", "ScaledObject"): closed(
        "scaleTargetRef triggers",
        scaleTargetRef=closed("name", name=TEXT, kind=TEXT, apiVersion=TEXT),
        minReplicaCount=COUNT,
        maxReplicaCount=COUNT,
        pollingInterval=COUNT,
        cooldownPeriod=COUNT,
        fallback=closed(
            "failureThreshold replicas",
            failureThreshold=COUNT,
            replicas=COUNT,
            behavior=one_of("static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"),
        ),
        advanced=closed(horizontalPodAutoscalerConfig=closed(behavior=closed(scaleUp=_RULES, scaleDown=_RULES))),
        triggers=many(_TRIGGER),
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): closed(
        secretTargetRef=many(_SECRET_KEY), configMapTargetRef=many(_SECRET_KEY)
    ),
    ("monitoring.coreos.com/v1", "PodMonitor"): closed(
        "selector podMetricsEndpoints",
        selector=_LABEL_SELECTOR,
        podTargetLabels=many(TEXT),
        podMetricsEndpoints=many(
            closed("port", port=TEXT, path=TEXT, interval={"type": "string", "pattern": r"^\d+[smh]$"})
        ),
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): closed(
        "groups", groups=many(closed("name rules", name=TEXT, interval=TEXT, rules=many(_RULE)))
    ),
    **{
        (f"kafka.strimzi.io/{version}", "KafkaTopic"): closed(
            "partitions replicas", topicName=TEXT, partitions=COUNT, replicas=COUNT, config=STRINGS
        )
        for version in ("v1", "v1beta2")
    },
    **{
        (f"kafka.strimzi.io/{version}", "KafkaUser"): closed(
            "authentication authorization",
            authentication=closed("type", type=one_of("tls", "tls-external", "scram-sha-512")),
            authorization=closed(
                "type acls",
                type=one_of("simple"),
                acls=many(closed("resource operations", resource=_RESOURCE, operations=many(_OPERATIONS))),
            ),
        )
        for version in ("v1", "v1beta2")
    },
    ("external-secrets.io/v1", "ExternalSecret"): closed(
        "secretStoreRef target dataFrom",
        refreshInterval=TEXT,
        secretStoreRef=closed("name kind", name=TEXT, kind=one_of("SecretStore", "ClusterSecretStore")),
        target=closed("name", name=TEXT, creationPolicy=one_of("Owner", "Orphan", "Merge", "None")),
        dataFrom=many(closed("extract", extract=closed("key", key=TEXT))),
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): closed(
        "parentRefs rules",
        parentRefs=many(closed("name", name=TEXT, namespace=TEXT, sectionName=TEXT)),
        hostnames=many(TEXT),
        rules=many(
            closed(
                "matches backendRefs",
                # Gateway API allows no more than eight.
                matches={**many(closed("path", path=_PATH)), "maxItems": 8},
                backendRefs=many(closed("name port", name=TEXT, port=COUNT)),
            )
        ),
    ),
}

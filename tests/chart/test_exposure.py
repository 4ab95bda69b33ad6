"""What the outside reaches: the webhook path of the receiver; API, pages and files of jobs-api; never metrics."""

from printworks_jobs_api.app import create_app

from tests.chart.rendering import Object, rendered

INSIDE = ("/metrics", "/healthz", "/readyz")


def leads(paths: list[Object], path: str) -> bool:
    """Whether an Ingress with these paths takes a request."""
    return any(
        path == one["path"]
        if one["pathType"] == "Exact"
        else path == one["path"] or path.startswith(one["path"].rstrip("/") + "/")
        for one in paths
    )


def paths_of(ingress: str) -> list[Object]:
    (rule,) = rendered("production").one("Ingress", ingress)["spec"]["rules"]
    return rule["http"]["paths"]


def test_of_the_receiver_only_the_webhook_path_is_public() -> None:
    (path,) = paths_of("printworks-webhooks")
    assert (path["path"], path["pathType"]) == ("/webhooks/shopify", "Exact")
    assert path["backend"]["service"] == {"name": "printworks-ingest-receiver", "port": {"name": "http"}}


def test_every_path_of_the_api_is_led_to_it_and_health_and_metrics_are_not() -> None:
    paths = paths_of("printworks-api")
    for route in create_app(None).openapi()["paths"]:  # pyright: ignore[reportArgumentType] (routes need no services)
        assert leads(paths, route.replace("{", "").replace("}", "")), route
    for page in ("/", "/print-jobs", "/sign-in", "/static/pages.css", "/v1/openapi.json"):
        assert leads(paths, page), page
    assert not any(leads(paths, path) for path in INSIDE)


def test_a_host_of_its_own_for_files_shows_files_alone() -> None:
    paths = paths_of("printworks-files")
    assert leads(paths, "/files/token/name.pdf")
    assert not leads(paths, "/v1/print-jobs")


def test_the_gateway_api_has_the_same_paths() -> None:
    route = rendered("plain-jobs").one("HTTPRoute", "printworks-api")["spec"]
    matches = {match["path"]["value"] for rule in route["rules"] for match in rule["matches"]}
    assert matches == {one["path"] for one in paths_of("printworks-api")}
    assert not rendered("plain-jobs").of("Ingress")


def test_services_lead_to_pods_that_are_there() -> None:
    templates = [one["spec"]["template"] for one in rendered("production").of("Deployment")]
    for service in rendered("production").of("Service"):
        selector = service["spec"]["selector"]
        chosen = [template for template in templates if selector.items() <= template["metadata"]["labels"].items()]
        assert len(chosen) == 1, service["metadata"]["name"]

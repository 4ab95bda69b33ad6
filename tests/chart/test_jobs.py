"""What runs beside the services: migrations, topics, retention on a schedule, the test of a release."""

from printworks_local.services import SCHEMAS

from tests.chart.rendering import changed, render, rendered, scenario

HOOK = "helm.sh/hook"


def test_each_schema_is_migrated_before_the_new_code_runs() -> None:
    jobs = rendered("minimal").named("Job")
    for schema, command in SCHEMAS.items():
        job = jobs[f"printworks-migrate-{schema.replace('_', '-')}-pre"]
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["command"] == [command, "migrate", "--phase", "pre"]
        assert container["env"][0]["valueFrom"]["secretKeyRef"]["key"] == schema
        assert job["metadata"]["annotations"][HOOK] == "pre-install,pre-upgrade"
        assert job["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"


def test_a_rollback_migrates_nothing() -> None:
    hooks = [one["metadata"].get("annotations", {}).get(HOOK, "") for one in rendered("production").objects]
    assert not any("rollback" in hook for hook in hooks)


def test_what_the_old_version_needed_is_removed_only_when_asked_for_and_after_the_upgrade() -> None:
    assert not [name for name in rendered("minimal").named("Job") if name.endswith("-post")]
    job = rendered("production").one("Job", "printworks-migrate-render-post")
    assert job["metadata"]["annotations"][HOOK] == "post-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["command"][-1] == "post"


def test_without_hooks_jobs_are_objects_of_the_revision() -> None:
    for name, job in rendered("plain-jobs").named("Job").items():
        assert name.endswith("-1"), name
        assert HOOK not in job["metadata"].get("annotations", {})


def test_topics_are_made_with_the_partitions_that_were_asked_for() -> None:
    job = rendered("plain-jobs").one("Job", "printworks-topics-1")
    assert job["spec"]["template"]["spec"]["containers"][0]["command"] == [
        "python", "-m", "printworks_common.kafka.topics",
        "--replication-factor", "3", "--partitions", "printworks.orders.v1=24",
    ]  # fmt: skip


def test_topics_outlive_the_release() -> None:
    for topic in rendered("production").of("KafkaTopic"):
        assert topic["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_a_job_mounts_the_certificates_that_its_client_needs() -> None:
    (container,) = rendered("plain-jobs").one("Job", "printworks-topics-1")["spec"]["template"]["spec"]["containers"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    files = {one["value"].rpartition("/")[0] for one in container["env"] if one["name"].endswith("_FILE")}
    assert files == {"/etc/printworks/kafka-ca", "/etc/printworks/kafka-user"}
    assert files <= mounted


def test_every_file_that_a_role_is_told_of_is_mounted() -> None:
    for name in ("production", "plain-jobs"):
        for deployment in rendered(name).of("Deployment"):
            settings = rendered(name).one("ConfigMap", deployment["metadata"]["name"])["data"]
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            folders = {value.rpartition("/")[0] for key, value in settings.items() if key.endswith("_FILE")}
            assert folders <= mounted, deployment["metadata"]["name"]


def test_retention_runs_either_all_the_time_or_on_a_schedule() -> None:
    assert "printworks-retention" in rendered("minimal").named("Deployment")
    assert "printworks-retention" not in rendered("minimal").named("CronJob")
    release = rendered("plain-jobs")
    assert "printworks-retention" not in release.named("Deployment")
    job = release.one("CronJob", "printworks-retention")["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    container = job["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["printworks-retention", "once"]
    walk = release.one("CronJob", "printworks-retention-walk")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert walk["containers"][0]["command"] == ["printworks-retention", "walk"]


def test_what_a_purge_on_a_schedule_takes_with_it_has_no_alert() -> None:
    rules = {"metrics": {"rules": {"enabled": True}}}
    told = str(render(changed(scenario("minimal"), rules)).of("PrometheusRule"))
    assert "printworks_retention_" in told
    silent = str(render(changed(scenario("plain-jobs"), rules)).of("PrometheusRule"))
    assert "printworks_retention_" not in silent


def test_orders_are_counted_every_night_by_a_job_and_not_by_the_reconciler_too() -> None:
    job = rendered("minimal").one("CronJob", "printworks-ingest-count")["spec"]
    assert job["schedule"] == "7 3 * * *"
    assert job["timeZone"] == "Etc/UTC"
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 7200
    (container,) = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["printworks-ingest", "count"]
    settings = rendered("minimal").one("ConfigMap", "printworks-ingest-reconciler")["data"]
    assert settings["PRINTWORKS_RECONCILE_COUNTS"] == "false"


def test_the_job_that_counts_has_all_that_the_reconciler_has_but_its_selectors() -> None:
    release = rendered("production")
    job = release.one("CronJob", "printworks-ingest-count")["spec"]["jobTemplate"]["spec"]["template"]
    deployment = release.one("Deployment", "printworks-ingest-reconciler")["spec"]
    (counts,), (reconciles,) = job["spec"]["containers"], deployment["template"]["spec"]["containers"]
    for name in ("image", "env", "envFrom", "volumeMounts", "resources", "securityContext"):
        assert counts[name] == reconciles[name], name
    assert job["spec"]["volumes"] == deployment["template"]["spec"]["volumes"]
    assert job["spec"]["serviceAccountName"] == deployment["template"]["spec"]["serviceAccountName"]
    labels = job["metadata"]["labels"].items()
    assert not deployment["selector"]["matchLabels"].items() <= labels
    assert not [
        one for one in release.of("PodDisruptionBudget") if one["spec"]["selector"]["matchLabels"].items() <= labels
    ]
    policy = release.one("NetworkPolicy", "printworks-ingest-reconciler")["spec"]["podSelector"]
    assert policy["matchLabels"].items() <= labels
    (component,) = policy["matchExpressions"]
    assert job["metadata"]["labels"][component["key"]] in component["values"]


def test_without_the_job_the_reconciler_counts() -> None:
    release = render(changed(scenario("minimal"), {"schedules": {"count": {"enabled": False}}}))
    assert not release.of("CronJob")
    assert "PRINTWORKS_RECONCILE_COUNTS" not in release.one("ConfigMap", "printworks-ingest-reconciler")["data"]


def test_the_test_of_a_release_sends_a_signed_order_to_the_receiver() -> None:
    pod = rendered("minimal").one("Pod", "printworks-test-order")
    assert pod["metadata"]["annotations"][HOOK] == "test"
    assert pod["spec"]["containers"][0]["command"] == [
        "printworks-ingest", "smoke", "--receiver", "http://printworks-ingest-receiver", "--watch",
    ]  # fmt: skip


def test_the_notes_tell_the_next_three_steps() -> None:
    notes = rendered("minimal").texts["printworks/templates/NOTES.txt"]
    assert "https://hooks.example/webhooks/shopify" in notes
    assert "keys create" in notes
    assert "helm test printworks -n prints" in notes


def test_the_notes_of_a_release_without_receiver_and_api_tell_of_neither() -> None:
    values = changed(scenario("minimal"), {"api": {"enabled": False}, "receiver": {"enabled": False}})
    release = render(
        changed(values, {"ingress": {"webhooks": {"enabled": False, "host": ""}, "api": {"enabled": False}}})
    )
    notes = release.texts["printworks/templates/NOTES.txt"]
    assert "led to the Service" not in notes
    assert "keys create" not in notes


def test_a_role_that_is_off_leaves_nothing_behind() -> None:
    values = changed(scenario("minimal"), {"worker": {"enabled": False}, "receiver": {"enabled": False}})
    release = render(changed(values, {"ingress": {"webhooks": {"enabled": False}}}))
    names = [one["metadata"]["name"] for one in release.objects]
    assert not [name for name in names if "worker" in name or "receiver" in name]

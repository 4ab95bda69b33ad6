#!/bin/sh
# Makes the lock files from every pyproject.toml. Pins that still fit are kept; `make lock UPGRADE=1` takes the newest.
# They name packages, versions and hashes, and no host: each machine installs from the index it is set up for.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

compile() {
    output=$1
    shift
    # The packages of this workspace are installed from the checkout, so they have no hash and no line.
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-package printworks-common --no-emit-package printworks-local --no-emit-package printworks-ingest \
        --no-emit-package printworks-render --no-emit-package printworks-jobs-api \
        --no-emit-package printworks-shopify-writer --no-emit-package printworks-retention \
        ${UPGRADE:+--upgrade} --output-file "requirements/$output.txt" "$@" >/dev/null
    echo "requirements/$output.txt: $(grep -c '==' "requirements/$output.txt") packages"
}

upgrade=${UPGRADE:-}
compile dev libs/*/pyproject.toml services/*/pyproject.toml --group pyproject.toml:dev
# All other locks are parts of the first: the same versions everywhere.
UPGRADE=
compile local libs/*/pyproject.toml services/*/pyproject.toml --group pyproject.toml:build \
    --constraints requirements/dev.txt
compile build --group pyproject.toml:build --constraints requirements/dev.txt
for service in ingest render jobs-api shopify-writer retention; do
    compile "$service" "services/$service/pyproject.toml" --constraints requirements/dev.txt
done
# These run in environments of their own: their versions need not be ours.
UPGRADE=$upgrade
compile audit --group pyproject.toml:audit
compile peers --group pyproject.toml:peers

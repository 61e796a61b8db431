#!/usr/bin/env bash
# Write the hashed locks anew from pyproject.toml. Options go to uv: `--upgrade`, `--upgrade-package NAME`.
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
  lock requirements/dev.txt pyproject.toml --group dev "$@"
  lock requirements/runtime.txt pyproject.toml --constraints requirements/dev.txt "$@"
  lock requirements/bootstrap.txt requirements/bootstrap.in --constraints requirements/dev.txt "$@"
  local peer
  for peer in requirements/peers/*.in; do
    lock "${peer%.in}.txt" "$peer" "$@"
  done
  if grep -nE '://|^--' requirements/*.txt requirements/peers/*.txt; then
    echo "A lock holds an address or an option, which it must not." >&2
    return 1
  fi
}

# Pins that still fit stay as they are, unless an upgrade is asked for. The locks hold no addresses.
lock() {
  local target=$1
  shift
  "$(find_uv)" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --output-file "$target" "$@" >/dev/null
  echo "$target: $(grep -c '==' "$target") packages"
}

find_uv() {
  local uv
  for uv in "${UV:-}" .venv/bin/uv "$(command -v uv || true)"; do
    if [ -n "$uv" ] && [ -x "$uv" ]; then
      echo "$uv"
      return
    fi
  done
  echo "uv is missing. \`make setup\` puts it into .venv." >&2
  return 1
}

main "$@"

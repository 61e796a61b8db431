#!/usr/bin/env bash
# Put what `requirements/$1.txt` locks, and this project, into .venv, compiled. Does nothing when it is all there.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LOCK="requirements/$1.txt" STAMP=".venv/installed-$1" LOG=".venv/install.log"

main() {
  if [ -f "$STAMP" ] && [ "$(fingerprint)" = "$(cat "$STAMP")" ]; then
    compile_ours
    return
  fi
  make_venv
  echo "Installing $LOCK, each file checked against its hash."
  quietly .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
  install_lock
  quietly .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  fingerprint >"$STAMP"
  compile_ours
}

# Where Python may write no bytecode (a read-only folder, PYTHONDONTWRITEBYTECODE), each start would compile all again.
compile_ours() {
  quietly .venv/bin/python -m compileall -q engine pillars
}

# What was installed: the locks, the declaration of the project, and the place, since a moved .venv does not work.
fingerprint() {
  { echo "$PWD"; cat requirements/bootstrap.txt "$LOCK" pyproject.toml "$0"; .venv/bin/python --version; } 2>/dev/null | cksum
}

# One that is broken, too old, or was moved or copied here, is made again.
make_venv() {
  if is_new_enough .venv/bin/python && grep -qF "$PWD/.venv/" .venv/bin/pip 2>/dev/null && .venv/bin/pip --version >/dev/null 2>&1; then
    return
  fi
  local python
  python=$(find_python)
  require_venv "$python"
  echo "Making .venv with $("$python" --version)."
  rm -rf .venv
  "$python" -m venv .venv
}

# PYTHON names one; else the first of the usual names that is new enough.
find_python() {
  local name
  for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if is_new_enough "$name"; then
      command -v "$name"
      return
    fi
  done
  {
    echo "ICMC needs Python 3.11 or newer; found: $("${PYTHON:-python3}" --version 2>/dev/null || echo none)."
    echo "Debian, Ubuntu:  apt-get install python3 python3-venv"
    echo "Fedora:          dnf install python3"
    echo "macOS:           brew install python"
    echo "If it is there under another name: make PYTHON=/path/to/python3 $MAKE_GOAL"
  } >&2
  return 1
}

is_new_enough() {
  "$1" -c "import sys; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1
}

require_venv() {
  if "$1" -c "import ensurepip, venv" 2>/dev/null; then
    return
  fi
  {
    echo "This Python cannot make virtual environments: its module venv is missing."
    echo "Debian, Ubuntu:  apt-get install python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  } >&2
  return 1
}

# uv is quick; pip does it where uv finds no packages, for instance behind a mirror that only pip is told of.
install_lock() {
  if .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$LOCK" >"$LOG" 2>&1; then
    return
  fi
  echo "uv could not install them ($LOG says why); pip does it now, which takes longer."
  quietly .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$LOCK"
}

# Run a command; when it fails, show its last lines without the addresses of package registries.
quietly() {
  if ! "$@" >"$LOG" 2>&1; then
    echo "This failed: $*" >&2
    grep -v 'Expected  *or' "$LOG" | tail -n 15 | sed -E "s#[A-Za-z+]+://[^[:space:]'\"]+#(address)#g; s#host='[^']*'#host=(address)#g" >&2
    return 1
  fi
}

main

#!/usr/bin/env bash
# Makes a virtual environment for each client, in parallel: setup.sh [VENV_DIR]
# They cannot share one, as all three packages are called `rocketmq`. What is there already and made from the same
# requirements is left alone. On failure it says in a sentence what failed, and exits 1.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venvs="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice-conformance}"

give_up() {
    echo "$1" >&2
    exit 1
}

# What an environment is made from, so that a changed pin, or another Python, makes it anew.
recipe() {
    python3 -VV
    cat "$here/setup.sh" "$here/requirements-build.txt" "$@"
}

# make_environment NAME REQUIREMENTS...: installs the files in the given order, later ones over earlier ones.
make_environment() {
    local venv="$venvs/$1" log="$venvs/$1.log" pip file wanted
    shift
    wanted="$(recipe "$@" | sha256sum)"
    [[ "$(cat "$venv/made-from" 2>/dev/null)" != "$wanted" ]] || return 0

    rm -rf "$venv"
    python3 -m venv "$venv" >"$log" 2>&1 || give_up "python3 could not make $venv; $log says why."
    pip=("$venv/bin/pip" --disable-pip-version-check install --quiet --no-deps --require-hashes)
    for file in "$here/requirements-build.txt" "$@"; do
        "${pip[@]}" --no-build-isolation -r "$file" >>"$log" 2>&1 \
            || give_up "pip could not install $(basename "$file") into $venv; $log says why."
    done
    HOME="$venv" "$venv/bin/python" -c 'import rocketmq.client' >>"$log" 2>&1 \
        || give_up "The client library in $venv does not load on this machine; $log says why."
    rm "$log"
    echo "$wanted" >"$venv/made-from"
}

command -v python3 >/dev/null || give_up "There is no python3; on Debian: apt-get install python3-venv"
python3 -c 'import venv, ensurepip' 2>/dev/null \
    || give_up "This python3 cannot make virtual environments; on Debian: apt-get install python3-venv"
mkdir -p "$venvs"
exec 9>"$venvs/.lock"
flock 9

make_environment a "$here/requirements-a2.txt" "$here/requirements-a.txt" &
jobs=($!)
make_environment a2 "$here/requirements-a2.txt" &
jobs+=($!)
make_environment b "$here/requirements-b.txt" &
jobs+=($!)

failed=0
for job in "${jobs[@]}"; do
    wait "$job" || failed=1
done
exit "$failed"

# venv.sh FOLDER LOCK: make a virtual environment and install exactly what the lock file lists.
set -eu
folder=$1
lock=$2

runs() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# A name on the PATH proves nothing: version managers put stubs there for interpreters that are not installed.
choose() {
    if [ -n "${PYTHON:-}" ]; then
        runs "$PYTHON" || { echo "$PYTHON is not Python 3.11 or newer" >&2; exit 1; }
        echo "$PYTHON"
        return
    fi
    for name in python3.13 python3.12 python3.11 python3 python; do
        if runs "$name"; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.11 or newer is required; if you have it, run make PYTHON=/path/to/python" >&2
    exit 1
}

python=$(choose)

# Debian has a separate package for the module that makes virtual environments.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    sh "$(dirname "$0")/system.sh" "=python$version-venv"
fi

if ! "$folder/bin/python" -c 'import pip' >/dev/null 2>&1; then
    echo "making $folder with $("$python" --version)" >&2
    "$python" -m venv --clear "$folder"
fi
"$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"

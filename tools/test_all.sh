# test_all.sh WORKERS [PYTEST ARGUMENT]...: run the tests on every supported Python that this machine has.
# Each gets an environment of its own, .venv-3.N, with exactly what the lock file lists. A version that is missing is
# named at the end; that is a failure only where CI is set. PYTHONS='3.12 3.14' tries these alone.
set -u
workers=$1
shift
here=$(dirname "$0")
status=0 report=''

# By the classifiers, which say what is supported.
supported() {
    sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml
}

is_it() {
    [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$2" ]
}

# On the PATH (where version managers put stubs that may fail), by pyenv, by uv.
find_python() {
    for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
        if is_it "$python" "$1"; then echo "$python"; return; fi
    done
    python=$(uv python find --no-python-downloads "$1" 2>/dev/null) && is_it "$python" "$1" && echo "$python"
}

note() {
    report="$report
  Python $1: $2"
}

try() {
    folder=.venv-$1
    PYTHON=$2 sh "$here/venv.sh" "$folder" requirements.lock &&
        "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . &&
        sh "$here/test.sh" "$folder/bin/python" "$workers" $tests
}

tests=$*
for version in ${PYTHONS:-$(supported)}; do
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        note "$version" 'not on this machine'
        [ -z "${CI:-}" ] || status=1
    elif try "$version" "$python"; then
        note "$version" 'passed'
    else
        note "$version" 'FAILED'
        status=1
    fi
done
echo "$report"
exit "$status"

# test.sh "PYTHON [OPTION]..." WORKERS [PYTEST ARGUMENT]...: run the tests, WORKERS at a time.
# Then rerun whatever failed, one at a time: a test that passes only alone depends on the machine's speed.
set -u
python=$1 workers=$2
shift 2
status=0
# The command consists of single words.
# shellcheck disable=SC2086
$python -m pytest --numprocesses "$workers" "$@" || status=$?
if [ "$status" -eq 1 ]; then
    echo 'Rerunning what failed, one test at a time.'
    status=0
    # shellcheck disable=SC2086
    $python -m pytest --last-failed --last-failed-no-failures none --maxfail 3 --verbose "$@" || status=$?
fi
exit "$status"

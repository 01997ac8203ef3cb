# test.sh "PYTHON [OPTION]..." WORKERS [PYTEST ARGUMENT]...: run the tests, as many at a time as there are workers.
# What fails beside others runs once more, alone: a test that passes then wanted a quieter machine, and is told.
set -u
python=$1 workers=$2
shift 2
status=0
# The command is made of single words.
# shellcheck disable=SC2086
$python -m pytest --numprocesses "$workers" "$@" || status=$?
if [ "$status" -eq 1 ]; then
    echo 'Once more, alone: what failed beside others.'
    status=0
    # shellcheck disable=SC2086
    $python -m pytest --last-failed --last-failed-no-failures none --maxfail 3 --verbose "$@" || status=$?
fi
exit "$status"

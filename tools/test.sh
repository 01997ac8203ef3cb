# test.sh BIN WORKERS [PYTEST ARGUMENT]...: run the tests, as many at a time as there are workers, and count coverage.
# What fails beside others runs once more, alone: a test that passes then wanted a quieter machine, and is told.
set -u
bin=$1 workers=$2
shift 2
rm -f .coverage .coverage.*
status=0
"$bin/coverage" run -m pytest --numprocesses "$workers" "$@" || status=$?
if [ "$status" -eq 1 ]; then
    echo 'Once more, alone: what failed beside others.'
    status=0
    "$bin/coverage" run -m pytest --last-failed --last-failed-no-failures none --maxfail 3 --verbose "$@" || status=$?
fi
"$bin/coverage" combine --quiet && printf 'Branch coverage: %s %%\n' "$("$bin/coverage" report --format=total)"
exit "$status"

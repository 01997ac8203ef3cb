# system.sh [COMMAND]=PACKAGE...: check that each command exists; as root on Debian, install the packages of those
# that do not. A package without a command is always installed.
set -eu
missing=
for pair in "$@"; do
    command=${pair%%=*}
    if [ -z "$command" ] || ! command -v "$command" >/dev/null 2>&1; then
        missing="$missing ${pair#*=}"
    fi
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Some system packages are missing; please install them (these are Debian's names):$missing" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Some system packages are missing. Run this, then make again:" >&2
    echo "  sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The list consists of single words.
# shellcheck disable=SC2086
apt-get install -qq --yes --no-install-recommends $missing >/dev/null

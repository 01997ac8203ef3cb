# peers.sh FOLDER: install what bench/peers.py compares with, as far as npm and PyPI can be reached.
set -u
folder=$1
mkdir -p "$folder"
if ! python3 -m venv "$folder/httpie" || ! "$folder/httpie/bin/pip" install -q --disable-pip-version-check httpie==3.2.4; then
    echo 'HTTPie cannot be installed; it is left out' >&2
    rm -rf "$folder/httpie"
fi
if ! command -v npm >/dev/null || ! npm install --silent --no-audit --no-fund --prefix "$folder" jsonwebtoken@9; then
    echo 'jsonwebtoken cannot be installed; node signs with its own crypto' >&2
    rm -rf "$folder/node_modules"
fi

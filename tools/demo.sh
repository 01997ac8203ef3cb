# demo.sh: do the main job with a local Zoom and a SIP room on loopback, whose address is in SIP_ROOM.
# Run it under `zoomcall emulate -v -- python -m zoomcall.emulator.sip.room --`. It fails if an exit code is unexpected.
set -eu

# show EXIT COMMAND-LINE
show() {
    printf '\n$ %s\n' "$2"
    code=0
    sh -c "$2" 2>&1 || code=$?
    printf '[exit %s]\n' "$code"
    [ "$code" -eq "$1" ] || { echo "demo: expected exit $1" >&2; exit 1; }
}

say() {
    printf '\n# %s\n' "$1"
}

say 'Ring a SIP room into a session: it answers and joins. Then hang up.'
show 0 "zoomcall invite sip $SIP_ROOM --to-name 'Board room'"
show 0 "zoomcall call hangup $SIP_ROOM"

say 'Ring a room that rejects the call.'
show 20 'zoomcall invite sip decline@room.example.com'

say 'Use a wrong secret: Zoom says only 124, so everything that can be checked locally is checked.'
show 4 'ZOOMCALL_API_SECRET=not-the-secret-that-belongs-to-the-key zoomcall invite sip answer@room.example.com --force'

say 'Ring a room for which Zoom answers 200: that sounds like success, but nothing rings.'
show 7 'zoomcall invite sip noop@room.example.com'

# demo.sh: the main job against a local Zoom and a SIP room on loopback, whose address is in SIP_ROOM.
# Run it under `zoomcall emulate -v -- python -m zoomcall.emulator.sip.room --`; fails unless each command ends as said.
set -eu

# show EXIT COMMAND-LINE
show() {
    printf '\n$ %s\n' "$2"
    code=0
    sh -c "$2" 2>&1 || code=$?
    printf '[exit %s]\n' "$code"
    [ "$code" -eq "$1" ] || { echo "demo: exit $1 was expected" >&2; exit 1; }
}

say() {
    printf '\n# %s\n' "$1"
}

say 'A SIP room is rung into a session, answers, and joins; then it is hung up.'
show 0 "zoomcall invite sip $SIP_ROOM --to-name 'Board room'"
show 0 "zoomcall call hangup $SIP_ROOM"

say 'A room that rejects the call.'
show 20 'zoomcall invite sip decline@room.example.com'

say 'The secret is wrong: Zoom says 124 and no more. What can be checked here is checked.'
show 4 'ZOOMCALL_API_SECRET=not-the-secret-that-belongs-to-the-key zoomcall invite sip answer@room.example.com --force'

say 'Zoom answers 200, which sounds like success, and no room rings.'
show 7 'zoomcall invite sip noop@room.example.com'

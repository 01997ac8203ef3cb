# bash completion for zoomcall; made by: zoomcall completion bash
_zoomcall_rooms() {
    local file folder="$ZOOMCALL_CONFIG_DIR"
    if [[ -z $folder && $OSTYPE == darwin* ]]; then
        folder="$HOME/Library/Application Support/zoomcall"
    elif [[ -z $folder ]]; then
        folder="${XDG_CONFIG_HOME:-$HOME/.config}/zoomcall"
    fi
    file="${ZOOMCALL_BOOK:-$folder/book.toml}"
    [[ -f $file ]] && sed -n -e 's/^[[:space:]]*name[[:space:]]*=[[:space:]]*"\([^"\]\{1,\}\)"[[:space:]]*\(#.*\)\{0,1\}$/\1/p' -e 's/^[[:space:]]*name[[:space:]]*=[[:space:]]*'\''\([^'\'']\{1,\}\)'\''[[:space:]]*\(#.*\)\{0,1\}$/\1/p' "$file" 2>/dev/null
}
_zoomcall_profiles() {
    local file folder="$ZOOMCALL_CONFIG_DIR"
    if [[ -z $folder && $OSTYPE == darwin* ]]; then
        folder="$HOME/Library/Application Support/zoomcall"
    elif [[ -z $folder ]]; then
        folder="${XDG_CONFIG_HOME:-$HOME/.config}/zoomcall"
    fi
    file="$folder/config.toml"
    [[ -f $file ]] && sed -n -e 's/^\[profiles\."\{0,1\}\([A-Za-z0-9][A-Za-z0-9._-]*\)"\{0,1\}\][[:space:]]*$/\1/p' "$file" 2>/dev/null
}
_zoomcall_offer() {
    # Names may hold blanks, and are compared without regard to case; $2 is the @ before them.
    local want="$1" mark="$2" is_strict="" name
    shopt -q nocasematch || is_strict=1
    shopt -s nocasematch
    case "$want" in
        [\"\']*) want="${want#?}" ;;
        *) want="${want//\\/}" ;;
    esac
    want="${want#"$mark"}"
    while IFS= read -r name; do
        [[ "${name:0:${#want}}" == "$want" ]] || continue
        [[ $1 == [\"\']* ]] || printf -v name %q "$name"
        COMPREPLY+=("$mark$name")
    done
    [[ -z $is_strict ]] || shopt -u nocasematch
}
_zoomcall() {
    local at="" place=0 skip="" rest="" files="" offered="" names="" cur prev word index
    local -a words=()
    COMPREPLY=()
    # readline makes three words of --flag=value and of topic:name, and two of @name
    for ((index = 1; index <= COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ $index -gt 1 && ($word == [=:] || ${COMP_WORDS[index-1]} == [=:@]) ]]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
    done
    index=$((${#words[@]} - 1))
    cur="${words[index]}"
    prev=""
    [[ $index -gt 0 ]] && prev="${words[index-1]}"
    unset "words[index]"
    if [[ $cur == --*=* ]]; then
        prev="${cur%%=*}"
        cur="${cur#*=}"
    fi
    for word in "${words[@]}"; do
        if [[ -n $skip ]]; then
            skip=""
            continue
        elif [[ $word == "--" ]]; then
            rest=1
            break
        fi
        case "$at $word" in
            " invite" | "/invite sip" | "/invite h323" | "/invite room" | "/invite phone" | "/invite batch" | " call" | "/call list" | "/call status" | "/call wait" | "/call hangup" | " session" | "/session list" | "/session show" | " meeting" | "/meeting show" | " room" | "/room add" | "/room list" | "/room show" | "/room edit" | "/room remove" | "/room import" | "/room export" | "/room sync" | "/room check" | " report" | " doctor" | " diagnose" | " explain" | " token" | "/token mint" | "/token inspect" | " auth" | "/auth login" | "/auth logout" | "/auth status" | "/auth list" | "/auth switch" | " whoami" | " webhook" | "/webhook serve" | "/webhook verify" | "/webhook replay" | "/webhook secret" | "/webhook/secret set" | "/webhook/secret remove" | " completion" | " emulate" | " schema") at="$at/$word" ;;
            "/invite/sip --session" | "/invite/sip --session-name" | "/invite/sip --meeting" | "/invite/sip --from-name" | "/invite/sip --to-name" | "/invite/sip --book" | "/invite/sip --timeout" | "/invite/sip --evidence" | "/invite/sip --events" | "/invite/sip --listen" | "/invite/sip --on-timeout" | "/invite/sip --when-live" | "/invite/sip --from-uri" | "/invite/sip --header" | "/invite/sip --profile" | "/invite/sip -p" | "/invite/sip --output" | "/invite/sip -o" | "/invite/h323 --session" | "/invite/h323 --session-name" | "/invite/h323 --meeting" | "/invite/h323 --from-name" | "/invite/h323 --to-name" | "/invite/h323 --book" | "/invite/h323 --timeout" | "/invite/h323 --evidence" | "/invite/h323 --events" | "/invite/h323 --listen" | "/invite/h323 --on-timeout" | "/invite/h323 --when-live" | "/invite/h323 --profile" | "/invite/h323 -p" | "/invite/h323 --output" | "/invite/h323 -o" | "/invite/room --session" | "/invite/room --session-name" | "/invite/room --meeting" | "/invite/room --from-name" | "/invite/room --to-name" | "/invite/room --book" | "/invite/room --timeout" | "/invite/room --evidence" | "/invite/room --events" | "/invite/room --listen" | "/invite/room --on-timeout" | "/invite/room --when-live" | "/invite/room --from-uri" | "/invite/room --header" | "/invite/room --profile" | "/invite/room -p" | "/invite/room --output" | "/invite/room -o" | "/invite/phone --session" | "/invite/phone --session-name" | "/invite/phone --meeting" | "/invite/phone --from-name" | "/invite/phone --to-name" | "/invite/phone --book" | "/invite/phone --timeout" | "/invite/phone --evidence" | "/invite/phone --events" | "/invite/phone --listen" | "/invite/phone --on-timeout" | "/invite/phone --when-live" | "/invite/phone --profile" | "/invite/phone -p" | "/invite/phone --output" | "/invite/phone -o" | "/invite/batch --session" | "/invite/batch --session-name" | "/invite/batch --meeting" | "/invite/batch --from-name" | "/invite/batch --to-name" | "/invite/batch --book" | "/invite/batch --timeout" | "/invite/batch --evidence" | "/invite/batch --events" | "/invite/batch --listen" | "/invite/batch --on-timeout" | "/invite/batch --when-live" | "/invite/batch --rate" | "/invite/batch --burst" | "/invite/batch --parallel" | "/invite/batch --attempts" | "/invite/batch --retry-on" | "/invite/batch --retry-delay" | "/invite/batch --max-duration" | "/invite/batch --journal" | "/invite/batch --shard" | "/invite/batch --tag" | "/invite/batch --report" | "/invite/batch --profile" | "/invite/batch -p" | "/invite/batch --output" | "/invite/batch -o" | "/call/list --limit" | "/call/list --profile" | "/call/list -p" | "/call/list --output" | "/call/list -o" | "/call/status --profile" | "/call/status -p" | "/call/status --output" | "/call/status -o" | "/call/wait --timeout" | "/call/wait --evidence" | "/call/wait --events" | "/call/wait --listen" | "/call/wait --profile" | "/call/wait -p" | "/call/wait --output" | "/call/wait -o" | "/call/hangup --session" | "/call/hangup --session-name" | "/call/hangup --meeting" | "/call/hangup --profile" | "/call/hangup -p" | "/call/hangup --output" | "/call/hangup -o" | "/session/list --profile" | "/session/list -p" | "/session/list --output" | "/session/list -o" | "/session/show --profile" | "/session/show -p" | "/session/show --output" | "/session/show -o" | "/meeting/show --profile" | "/meeting/show -p" | "/meeting/show --output" | "/meeting/show -o" | "/room/add --book" | "/room/add --from-name" | "/room/add --to-name" | "/room/add --header" | "/room/add --note" | "/room/add --tag" | "/room/add --greeting" | "/room/add --press-one" | "/room/add --profile" | "/room/add -p" | "/room/add --output" | "/room/add -o" | "/room/list --book" | "/room/list --tag" | "/room/list --profile" | "/room/list -p" | "/room/list --output" | "/room/list -o" | "/room/show --book" | "/room/show --profile" | "/room/show -p" | "/room/show --output" | "/room/show -o" | "/room/edit --book" | "/room/edit --from-name" | "/room/edit --to-name" | "/room/edit --header" | "/room/edit --note" | "/room/edit --tag" | "/room/edit --greeting" | "/room/edit --press-one" | "/room/edit --address" | "/room/edit --name" | "/room/edit --profile" | "/room/edit -p" | "/room/edit --output" | "/room/edit -o" | "/room/remove --book" | "/room/remove --profile" | "/room/remove -p" | "/room/remove --output" | "/room/remove -o" | "/room/import --book" | "/room/import --profile" | "/room/import -p" | "/room/import --output" | "/room/import -o" | "/room/export --book" | "/room/export --format" | "/room/export --profile" | "/room/export -p" | "/room/export --output" | "/room/export -o" | "/room/sync --book" | "/room/sync --profile" | "/room/sync -p" | "/room/sync --output" | "/room/sync -o" | "/room/check --book" | "/room/check --tag" | "/room/check --timeout" | "/room/check --parallel" | "/room/check --dns" | "/room/check --junit" | "/room/check --profile" | "/room/check -p" | "/room/check --output" | "/room/check -o" | "/report --report" | "/report --profile" | "/report -p" | "/report --output" | "/report -o" | "/doctor --session" | "/doctor --session-name" | "/doctor --meeting" | "/doctor --for" | "/doctor --only" | "/doctor --junit" | "/doctor --profile" | "/doctor -p" | "/doctor --output" | "/doctor -o" | "/diagnose --profile" | "/diagnose -p" | "/diagnose --output" | "/diagnose -o" | "/explain --profile" | "/explain -p" | "/explain --output" | "/explain -o" | "/token/mint --ttl" | "/token/mint --for" | "/token/mint --profile" | "/token/mint -p" | "/token/mint --output" | "/token/mint -o" | "/token/inspect --for" | "/token/inspect --profile" | "/token/inspect -p" | "/token/inspect --output" | "/token/inspect -o" | "/auth/login --kind" | "/auth/login --api-key" | "/auth/login --account-id" | "/auth/login --client-id" | "/auth/login --websocket-subscription-id" | "/auth/login --for" | "/auth/login --cluster" | "/auth/login --store" | "/auth/login --secret-file" | "/auth/login --redirect-path" | "/auth/login --port" | "/auth/login --profile" | "/auth/login -p" | "/auth/login --output" | "/auth/login -o" | "/auth/logout --profile" | "/auth/logout -p" | "/auth/logout --output" | "/auth/logout -o" | "/auth/status --for" | "/auth/status --profile" | "/auth/status -p" | "/auth/status --output" | "/auth/status -o" | "/auth/list --profile" | "/auth/list -p" | "/auth/list --output" | "/auth/list -o" | "/auth/switch --profile" | "/auth/switch -p" | "/auth/switch --output" | "/auth/switch -o" | "/whoami --for" | "/whoami --profile" | "/whoami -p" | "/whoami --output" | "/whoami -o" | "/webhook/serve --host" | "/webhook/serve --port" | "/webhook/serve --ready-file" | "/webhook/serve --record" | "/webhook/serve --forward-to" | "/webhook/serve --profile" | "/webhook/serve -p" | "/webhook/serve --output" | "/webhook/serve -o" | "/webhook/verify --signature" | "/webhook/verify --timestamp" | "/webhook/verify --max-age" | "/webhook/verify --profile" | "/webhook/verify -p" | "/webhook/verify --output" | "/webhook/verify -o" | "/webhook/replay --to" | "/webhook/replay --profile" | "/webhook/replay -p" | "/webhook/replay --output" | "/webhook/replay -o" | "/webhook/secret/set --secret-file" | "/webhook/secret/set --profile" | "/webhook/secret/set -p" | "/webhook/secret/set --output" | "/webhook/secret/set -o" | "/webhook/secret/remove --profile" | "/webhook/secret/remove -p" | "/webhook/secret/remove --output" | "/webhook/secret/remove -o" | "/completion --profile" | "/completion -p" | "/completion --output" | "/completion -o" | "/emulate --host" | "/emulate --port" | "/emulate --ready-file" | "/emulate --env-file" | "/emulate --room" | "/emulate --plan" | "/emulate --time-scale" | "/emulate --webhook-url" | "/emulate --event-ids" | "/emulate --fault" | "/emulate --profile" | "/emulate -p" | "/emulate --output" | "/emulate -o" | "/schema --profile" | "/schema -p" | "/schema --output" | "/schema -o") skip=1 ;;
            *" -"?*) ;;
            *) place=$((place + 1)) ;;
        esac
    done
    if [[ -n $rest ]]; then
        files=1
    else
        case "$at $prev" in
            "/invite/sip --session" | "/invite/sip --session-name" | "/invite/sip --meeting" | "/invite/sip --from-name" | "/invite/sip --to-name" | "/invite/sip --timeout" | "/invite/sip --listen" | "/invite/sip --when-live" | "/invite/sip --from-uri" | "/invite/sip --header" | "/invite/h323 --session" | "/invite/h323 --session-name" | "/invite/h323 --meeting" | "/invite/h323 --from-name" | "/invite/h323 --to-name" | "/invite/h323 --timeout" | "/invite/h323 --listen" | "/invite/h323 --when-live" | "/invite/room --session" | "/invite/room --session-name" | "/invite/room --meeting" | "/invite/room --from-name" | "/invite/room --to-name" | "/invite/room --timeout" | "/invite/room --listen" | "/invite/room --when-live" | "/invite/room --from-uri" | "/invite/room --header" | "/invite/phone --session" | "/invite/phone --session-name" | "/invite/phone --meeting" | "/invite/phone --from-name" | "/invite/phone --to-name" | "/invite/phone --timeout" | "/invite/phone --listen" | "/invite/phone --when-live" | "/invite/batch --session" | "/invite/batch --session-name" | "/invite/batch --meeting" | "/invite/batch --from-name" | "/invite/batch --to-name" | "/invite/batch --timeout" | "/invite/batch --listen" | "/invite/batch --when-live" | "/invite/batch --rate" | "/invite/batch --burst" | "/invite/batch --parallel" | "/invite/batch --attempts" | "/invite/batch --retry-on" | "/invite/batch --retry-delay" | "/invite/batch --max-duration" | "/invite/batch --shard" | "/invite/batch --tag" | "/invite/batch --report" | "/call/list --limit" | "/call/wait --timeout" | "/call/wait --listen" | "/call/hangup --session" | "/call/hangup --session-name" | "/call/hangup --meeting" | "/room/add --from-name" | "/room/add --to-name" | "/room/add --header" | "/room/add --note" | "/room/add --tag" | "/room/list --tag" | "/room/edit --from-name" | "/room/edit --to-name" | "/room/edit --header" | "/room/edit --note" | "/room/edit --tag" | "/room/edit --address" | "/room/edit --name" | "/room/check --tag" | "/room/check --timeout" | "/room/check --parallel" | "/room/check --dns" | "/report --report" | "/doctor --session" | "/doctor --session-name" | "/doctor --meeting" | "/doctor --only" | "/token/mint --ttl" | "/auth/login --api-key" | "/auth/login --account-id" | "/auth/login --client-id" | "/auth/login --websocket-subscription-id" | "/auth/login --port" | "/webhook/serve --host" | "/webhook/serve --port" | "/webhook/serve --forward-to" | "/webhook/verify --signature" | "/webhook/verify --timestamp" | "/webhook/verify --max-age" | "/webhook/replay --to" | "/emulate --host" | "/emulate --port" | "/emulate --room" | "/emulate --time-scale" | "/emulate --webhook-url" | "/emulate --fault") return ;;
            "/invite/sip --book" | "/invite/sip --events" | "/invite/h323 --book" | "/invite/h323 --events" | "/invite/room --book" | "/invite/room --events" | "/invite/phone --book" | "/invite/phone --events" | "/invite/batch --book" | "/invite/batch --events" | "/invite/batch --journal" | "/call/wait --events" | "/room/add --book" | "/room/list --book" | "/room/show --book" | "/room/edit --book" | "/room/remove --book" | "/room/import --book" | "/room/export --book" | "/room/sync --book" | "/room/check --book" | "/room/check --junit" | "/doctor --junit" | "/auth/login --secret-file" | "/auth/login --redirect-path" | "/webhook/serve --ready-file" | "/webhook/serve --record" | "/webhook/secret/set --secret-file" | "/emulate --ready-file" | "/emulate --env-file") files=1 ;;
            "/invite/sip --evidence" | "/invite/h323 --evidence" | "/invite/room --evidence" | "/invite/phone --evidence" | "/invite/batch --evidence" | "/call/wait --evidence") offered="auto roster webhook-log webhook websocket" ;;
            "/invite/sip --on-timeout" | "/invite/h323 --on-timeout" | "/invite/room --on-timeout" | "/invite/phone --on-timeout" | "/invite/batch --on-timeout") offered="leave remove" ;;
            "/invite/sip --profile" | "/invite/sip -p" | "/invite/h323 --profile" | "/invite/h323 -p" | "/invite/room --profile" | "/invite/room -p" | "/invite/phone --profile" | "/invite/phone -p" | "/invite/batch --profile" | "/invite/batch -p" | "/call/list --profile" | "/call/list -p" | "/call/status --profile" | "/call/status -p" | "/call/wait --profile" | "/call/wait -p" | "/call/hangup --profile" | "/call/hangup -p" | "/session/list --profile" | "/session/list -p" | "/session/show --profile" | "/session/show -p" | "/meeting/show --profile" | "/meeting/show -p" | "/room/add --profile" | "/room/add -p" | "/room/list --profile" | "/room/list -p" | "/room/show --profile" | "/room/show -p" | "/room/edit --profile" | "/room/edit -p" | "/room/remove --profile" | "/room/remove -p" | "/room/import --profile" | "/room/import -p" | "/room/export --profile" | "/room/export -p" | "/room/sync --profile" | "/room/sync -p" | "/room/check --profile" | "/room/check -p" | "/report --profile" | "/report -p" | "/doctor --profile" | "/doctor -p" | "/diagnose --profile" | "/diagnose -p" | "/explain --profile" | "/explain -p" | "/token/mint --profile" | "/token/mint -p" | "/token/inspect --profile" | "/token/inspect -p" | "/auth/login --profile" | "/auth/login -p" | "/auth/logout --profile" | "/auth/logout -p" | "/auth/status --profile" | "/auth/status -p" | "/auth/list --profile" | "/auth/list -p" | "/auth/switch --profile" | "/auth/switch -p" | "/whoami --profile" | "/whoami -p" | "/webhook/serve --profile" | "/webhook/serve -p" | "/webhook/verify --profile" | "/webhook/verify -p" | "/webhook/replay --profile" | "/webhook/replay -p" | "/webhook/secret/set --profile" | "/webhook/secret/set -p" | "/webhook/secret/remove --profile" | "/webhook/secret/remove -p" | "/completion --profile" | "/completion -p" | "/emulate --profile" | "/emulate -p" | "/schema --profile" | "/schema -p") names=profiles ;;
            "/invite/sip --output" | "/invite/sip -o" | "/invite/h323 --output" | "/invite/h323 -o" | "/invite/room --output" | "/invite/room -o" | "/invite/phone --output" | "/invite/phone -o" | "/invite/batch --output" | "/invite/batch -o") offered="text json jsonl" ;;
            "/call/list --output" | "/call/list -o" | "/call/status --output" | "/call/status -o" | "/call/wait --output" | "/call/wait -o" | "/call/hangup --output" | "/call/hangup -o" | "/session/list --output" | "/session/list -o" | "/session/show --output" | "/session/show -o" | "/meeting/show --output" | "/meeting/show -o" | "/room/add --output" | "/room/add -o" | "/room/list --output" | "/room/list -o" | "/room/show --output" | "/room/show -o" | "/room/edit --output" | "/room/edit -o" | "/room/remove --output" | "/room/remove -o" | "/room/import --output" | "/room/import -o" | "/room/export --output" | "/room/export -o" | "/room/sync --output" | "/room/sync -o" | "/room/check --output" | "/room/check -o" | "/report --output" | "/report -o" | "/doctor --output" | "/doctor -o" | "/diagnose --output" | "/diagnose -o" | "/explain --output" | "/explain -o" | "/token/mint --output" | "/token/mint -o" | "/token/inspect --output" | "/token/inspect -o" | "/auth/login --output" | "/auth/login -o" | "/auth/logout --output" | "/auth/logout -o" | "/auth/status --output" | "/auth/status -o" | "/auth/list --output" | "/auth/list -o" | "/auth/switch --output" | "/auth/switch -o" | "/whoami --output" | "/whoami -o" | "/webhook/serve --output" | "/webhook/serve -o" | "/webhook/verify --output" | "/webhook/verify -o" | "/webhook/replay --output" | "/webhook/replay -o" | "/webhook/secret/set --output" | "/webhook/secret/set -o" | "/webhook/secret/remove --output" | "/webhook/secret/remove -o" | "/completion --output" | "/completion -o" | "/emulate --output" | "/emulate -o" | "/schema --output" | "/schema -o") offered="text json" ;;
            "/room/add --greeting" | "/room/add --press-one" | "/room/edit --greeting" | "/room/edit --press-one") offered="yes no" ;;
            "/room/export --format") offered="toml csv json" ;;
            "/doctor --for" | "/token/mint --for" | "/token/inspect --for" | "/auth/login --for" | "/auth/status --for" | "/whoami --for") offered="session meeting" ;;
            "/auth/login --kind") offered="videosdk s2s oauth token" ;;
            "/auth/login --cluster") offered="global gov" ;;
            "/auth/login --store") offered="keyring file" ;;
            "/emulate --plan") offered="none free pro business" ;;
            "/emulate --event-ids") offered="per-call per-event" ;;
            *)
                if [[ $cur == -* ]]; then
                    case "$at" in
                        "") offered="--version -V --help -h" ;;
                        "/invite") offered="--help -h" ;;
                        "/invite/sip") offered="--session --session-name --meeting --from-name --to-name --book --wait --no-wait --timeout --evidence --events --listen --on-timeout --no-preflight --force --if-absent --when-live --dry-run --curl --from-uri --header --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/invite/h323") offered="--session --session-name --meeting --from-name --to-name --book --wait --no-wait --timeout --evidence --events --listen --on-timeout --no-preflight --force --if-absent --when-live --dry-run --curl --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/invite/room") offered="--session --session-name --meeting --from-name --to-name --book --wait --no-wait --timeout --evidence --events --listen --on-timeout --no-preflight --force --if-absent --when-live --dry-run --curl --from-uri --header --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/invite/phone") offered="--session --session-name --meeting --from-name --to-name --book --wait --no-wait --timeout --evidence --events --listen --on-timeout --no-preflight --force --if-absent --when-live --dry-run --curl --greeting --no-greeting --press-one --no-press-one --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/invite/batch") offered="--session --session-name --meeting --from-name --to-name --book --wait --no-wait --timeout --evidence --events --listen --on-timeout --no-preflight --force --if-absent --when-live --dry-run --rate --burst --parallel --attempts --retry-on --retry-delay --max-duration --journal --resume --retry-unknown --shard --tag --skip-bad --report --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/call") offered="--help -h" ;;
                        "/call/list") offered="--limit --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/call/status") offered="--offline --exit-code --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/call/wait") offered="--timeout --evidence --events --listen --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/call/hangup") offered="--all --session --session-name --meeting --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/session") offered="--help -h" ;;
                        "/session/list") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/session/show") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/meeting") offered="--help -h" ;;
                        "/meeting/show") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room") offered="--help -h" ;;
                        "/room/add") offered="--book --from-name --to-name --header --note --tag --greeting --press-one --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/list") offered="--book --tag --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/show") offered="--book --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/edit") offered="--book --from-name --to-name --header --note --tag --greeting --press-one --address --name --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/remove") offered="--book --yes --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/import") offered="--book --yes --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/export") offered="--book --format --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/sync") offered="--book --yes --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/room/check") offered="--book --tag --all --timeout --parallel --dns --no-zoom --junit --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/report") offered="--report --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/doctor") offered="--session --session-name --meeting --for --only --offline --junit --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/diagnose") offered="--allow-files --reply --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/explain") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/token") offered="--help -h" ;;
                        "/token/mint") offered="--ttl --for --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/token/inspect") offered="--for --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/auth") offered="--help -h" ;;
                        "/auth/login") offered="--kind --api-key --account-id --client-id --websocket-subscription-id --for --cluster --store --secret-stdin --secret-file --redirect-path --port --no-browser --device --no-verify --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/auth/logout") offered="--all --yes --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/auth/status") offered="--for --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/auth/list") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/auth/switch") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/whoami") offered="--for --offline --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/webhook") offered="--help -h" ;;
                        "/webhook/serve") offered="--host --port --ready-file --record --forward-to --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/webhook/verify") offered="--signature --timestamp --max-age --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/webhook/replay") offered="--to --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/webhook/secret") offered="--help -h" ;;
                        "/webhook/secret/set") offered="--secret-stdin --secret-file --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/webhook/secret/remove") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/completion") offered="--install --yes --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/emulate") offered="--host --port --ready-file --env-file --room --plan --time-scale --webhook-url --event-ids --fault --profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                        "/schema") offered="--profile -p --output -o --json --quiet -q --verbose -v --debug --no-input --help -h" ;;
                    esac
                else
                    case "$at $place" in
                        " "*) offered="invite call session meeting room report doctor diagnose explain token auth whoami webhook completion emulate schema" ;;
                        "/invite "*) offered="sip h323 room phone batch" ;;
                        "/invite/sip 0") names=rooms-by-at ;;
                        "/invite/h323 0") names=rooms-by-at ;;
                        "/invite/room 0") names=rooms ;;
                        "/invite/phone 0") return ;;
                        "/invite/batch 0") files=1 ;;
                        "/call "*) offered="list status wait hangup" ;;
                        "/call/status 0") return ;;
                        "/call/wait 0") return ;;
                        "/call/hangup "*) return ;;
                        "/session "*) offered="list show" ;;
                        "/session/show 0") return ;;
                        "/meeting "*) offered="show" ;;
                        "/meeting/show 0") return ;;
                        "/room "*) offered="add list show edit remove import export sync check" ;;
                        "/room/add 0") return ;;
                        "/room/add 1") offered="sip h323 phone" ;;
                        "/room/add 2") return ;;
                        "/room/show 0") names=rooms ;;
                        "/room/edit 0") names=rooms ;;
                        "/room/remove "*) names=rooms ;;
                        "/room/import 0") files=1 ;;
                        "/room/export 0") files=1 ;;
                        "/room/check "*) names=rooms ;;
                        "/report "*) files=1 ;;
                        "/diagnose 0") files=1 ;;
                        "/explain "*) offered="exit-codes exit:0 exit:1 exit:2 exit:3 exit:4 exit:5 exit:6 exit:7 exit:8 exit:9 exit:10 exit:11 exit:12 exit:13 exit:20 exit:21 exit:22 exit:23 exit:24 exit:25 exit:26 exit:27 exit:28 exit:29 exit:30 exit:31 exit:130 exit:141 exit:143 state:planned state:not-sent state:refused state:accepted state:ringing state:answered state:waiting-room state:joined state:declined state:missed state:failed state:noop state:pending reason:0 reason:1 reason:2 reason:3 reason:4 reason:5 reason:6 reason:7 reason:8 reason:9 reason:10 reason:11 reason:12 reason:13 reason:14 blocked-by-browser zoom-not-reached shell-quoting session-jwt meeting-sdk-jwt refresh-token zak-token oauth-token-on-videosdk api-jwt-on-meetings bearer-missing bearer-doubled token-whitespace token-malformed key-secret-swapped secret-has-whitespace secret-in-quotes invisible-character placeholder-unfilled assignment-in-value comment-in-value secret-decoded digest-as-hex wrong-algorithm iss-missing issuer-not-api-key signature-mismatch exp-missing exp-in-milliseconds exp-not-integer clock-skew local-time-as-utc token-not-yet-valid token-expired oauth-query-string basic-missing grant-type token-request-form redirect-uri-mismatch authorization-code-spent refresh-token-spent sign-in-denied state-mismatch token-in-url path-event-singular session-id-encoding wrong-method path-unknown content-type body-not-json wrong-callout-method device-field-name call-type-invalid address-missing address-invalid header-rule headers-misplaced private-address own-dial-in-address success-not-202 nobody-in-session cluster-mismatch session-not-live session-unknown meeting-unknown wrong-account-kind no-crc-plan api-not-available scope-missing not-host user-managed-app rate-limited clock-wrong foreign-answer key-pair-refused token-superseded body-reserialised body-consumed not-understood-by-zoom legacy-jwt-app lifetime-too-long opaque-token room-declined room-no-answer phone-canceled already-in waiting-room reason-unknown outcome-unproven zoom:124 zoom:104 zoom:4711 zoom:4700 zoom:200 zoom:300 zoom:1001 zoom:1010 zoom:1401 zoom:1502 zoom:2300 zoom:2307 zoom:2311 zoom:3000 zoom:3001 zoom:3003 zoom:3161 zoom:3309 zoom:12702 zoom:429 zoom:4702 zoom:4704 zoom:4705 zoom:4706 zoom:4709 zoom:4717 zoom:4724 zoom:4733 zoom:4734 zoom:4735 zoom:4738 zoom:4740 zoom:4741 zoom:5010 zoom:invalid_client http:200 http:202 http:301 http:400 http:401 http:403 http:404 http:405 http:415 http:429 http:500 network:dns network:connect network:tls network:proxy network:timeout network:reset oauth:invalid-grant oauth:invalid-request webhook:url-validation webhook:signature" ;;
                        "/token "*) offered="mint inspect" ;;
                        "/token/inspect 0") return ;;
                        "/auth "*) offered="login logout status list switch" ;;
                        "/auth/switch 0") names=profiles ;;
                        "/webhook "*) offered="serve verify replay secret" ;;
                        "/webhook/verify 0") files=1 ;;
                        "/webhook/replay 0") files=1 ;;
                        "/webhook/secret "*) offered="set remove" ;;
                        "/completion 0") offered="bash zsh fish powershell" ;;
                        "/emulate "*) return ;;
                        "/schema "*) offered="auth list login logout status switch call hangup wait completion diagnose doctor error explain invite batch row event meeting show report room add check edit export import remove sync session token inspect mint webhook replay secret set serve verify whoami" ;;
                    esac
                fi
                ;;
        esac
    fi
    if [[ $names == rooms* && $cur =~ ^[\"\']?@ ]]; then
        _zoomcall_offer "$cur" @ < <(_zoomcall_rooms)
    elif [[ -n $names ]]; then
        [[ $names == rooms-by-at ]] || _zoomcall_offer "$cur" "" < <("_zoomcall_$names")
    elif [[ -n $files ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do
            COMPREPLY+=("$word")
        done < <(compgen -f -- "$cur")
    else
        # whatever precedes the last colon is already on the line
        while IFS= read -r word; do
            COMPREPLY+=("${word#"${cur%"${cur##*:}"}"}")
        done < <(compgen -W "$offered" -- "$cur")
    fi
}
complete -F _zoomcall zoomcall

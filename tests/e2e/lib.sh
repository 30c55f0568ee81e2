# Shared by tests/e2e/test-*.sh: a scratch installation of examples/ticket-routing, its two simulated paths, and checks.
# A script sources this file from the project's root. Processes are ended by their ids; everything lies in $work.

set -eu
root=$(pwd)
understudy=${UNDERSTUDY:-$root/build/understudy}
helpers=$(dirname "$understudy")/tests # programs built for these tests
work=$(mktemp -d "${TMPDIR:-/tmp}/understudy-e2e-XXXXXX")
example=$root/examples/ticket-routing
pids=""
run_pid=""
sent_in_all=0 # messages, by send
config=$work/understudy.yaml
log=$work/log
mkdir -p "$log"

fail() {
	echo "FAILED: $*" >&2
	tail -n 5 "$log"/* >&2 2>/dev/null || true
	exit 1
}

end_process() {
	kill "$1" 2>/dev/null || return 0
	wait "$1" 2>/dev/null || true
}

cleanup() {
	status=$?
	trap - EXIT
	[ -z "$run_pid" ] || end_process "$run_pid"
	for pid in $pids; do end_process "$pid"; done
	[ -z "${mounted:-}" ] || umount "$mounted" || true
	rm -rf "$work" "${ring:-$work}"
	exit $status
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# wait_line FILE BEGINNING: waits for such a line, prints what follows its beginning.
wait_line() {
	tries=0
	until grep -q "^$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -le 400 ] || fail "no \"$2\" in $1"
		sleep 0.05
	done
	sed -n "s|^$2||p" "$1" | head -n 1
}

# The installation's files, with a ring and a sampling key of its own.
make_installation() {
	cp -r "$example/contracts" "$work/"
	sed 's|^web:.*|ring: {path: var/capture.ring, mib: 4}\nkeys: {sampling: "${SAMPLING_KEY}"}|' \
		"$example/understudy.yaml" >"$config"
	export SAMPLING_KEY="a key for tests only" TAP_LISTEN=127.0.0.1:0 WEB_LISTEN=127.0.0.1:0
	export LLM_API_KEY=test-key LLM_MODEL=sim LEGACY_URL=http://127.0.0.1:1 LLM_URL=http://127.0.0.1:1/v1
}

contract=$work/contracts/ticket-routing/contract.yaml

start_legacy() {
	"$understudy" sim legacy --listen 127.0.0.1:0 --script "$example/sim/legacy.json" "$@" >"$log/legacy" 2>&1 &
	pids="$pids $!"
	LEGACY_URL=$(wait_line "$log/legacy" "sim legacy ")
	export LEGACY_URL
}

start_llm() {
	"$understudy" sim llm --listen 127.0.0.1:0 --script "$example/sim/llm.json" "$@" >"$log/llm" 2>&1 &
	pids="$pids $!"
	LLM_URL=$(wait_line "$log/llm" "sim llm ")/v1
	export LLM_URL
}

start_run() {
	rm -f "$log/run" # the former one's lines must not be taken for the new one's
	"$understudy" run -c "$config" >"$log/run" 2>"$log/run-errors" &
	run_pid=$!
	wait_line "$log/run" "ready" >/dev/null
	tap_url=$(sed -n 's|^tap *[^:]*: \(http://[^ ]*\) .*|\1|p' "$log/run")
}

stop_run() {
	end_process "$run_pid"
	run_pid=""
}

# child_of_run COMMAND: the process id of the supervisor's child "understudy COMMAND".
child_of_run() {
	for pid in $(cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$run_pid" '$4 == parent { print $1 }'); do
		if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q "^understudy $1 "; then
			echo "$pid"
			return 0
		fi
	done
	return 1
}

# send COUNT SEED [OPTIONS]: simulated tickets through the tap; the numbers go to $log/traffic.
send() {
	count=$1
	seed=$2
	shift 2
	"$understudy" sim traffic --to "$tap_url/route" --tickets "$example/sim/tickets.json" --count "$count" --weeks 4 \
		--until 2026-11-16 --seed "$seed" --reference "$work/reference-$seed.csv" "$@" >"$log/traffic" 2>&1 ||
		fail "traffic: $(cat "$log/traffic")"
	sent_in_all=$((sent_in_all + $(awk -F'[ :]' '/^sent/ {print $2}' "$log/traffic")))
	answered=$(awk '/^answered/ {print $2}' "$log/traffic")
	expect "answered with 2xx" "$answered" "$(awk -F'[ :]' '/^sent/ {print $2}' "$log/traffic")"
}

# start_client KEPT FRESH PAUSE_MS: tests/e2e/keepalive_client.c against the tap.
start_client() {
	"$(dirname "$understudy")/tests/keepalive-client" "${tap_url##*:}" "$1" "$2" "$3" "$log/exchanges" \
		>"$log/client" 2>"$log/client-errors" &
	client=$!
	pids="$pids $client"
}

# Ends it; none of its requests may have failed. Sets client_requests and client_closed.
stop_client() {
	kill "$client"
	wait "$client" || fail "the client: $(cat "$log/client-errors")"
	read -r _ client_requests _ client_failed _ client_closed _ <"$log/client"
	expect "failed requests of $client_requests ($(cat "$log/client-errors"))" "$client_failed" 0
}

wait_settled() {
	"$understudy" status -c "$config" --wait --timeout "${1:-120}" >"$log/status" || fail "not settled: $(cat "$log/status")"
}

# json FILTER: of the status.
status_json() {
	"$understudy" status -c "$config" --json | jq -r "$1"
}

sql() {
	sqlite3 -readonly "$work/var/understudy.db" "$1"
}

# expect WHAT ACTUAL EXPECTED
expect() {
	[ "$2" = "$3" ] || fail "$1: is \"$2\", should be \"$3\""
}

# What the tap saw is what `send` counted itself; not where it ran in the background.
expect_seen_is_sent() {
	expect "seen" "$(status_json .exchanges.seen)" "$sent_in_all"
}

expect_ties_out() {
	expect "the first ledger ties out" "$(status_json .exchanges.ties_out)" true
	# the second one: every stored exchange stands in exactly one state for the candidate
	stored=$(status_json .exchanges.stored)
	expect "the second ledger ties out" "$(status_json '[.evaluations[]] | add')" "$stored"
	expect "rows of exchanges" "$(sql 'SELECT count(*) FROM exchange')" "$stored"
	expect "rows of evaluations" "$(sql 'SELECT count(*) FROM evaluation')" "$stored"
}

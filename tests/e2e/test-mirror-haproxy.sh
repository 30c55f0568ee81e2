# examples/mirror/haproxy.cfg and mirror.lua with the real HAProxy: clients get the legacy system's replies whatever the
# tap does; whole messages are copied to the mirror listener, larger ones are not; answers follow where it is asked for.
. tests/e2e/lib.sh
command -v haproxy >/dev/null || { echo "skipped: no haproxy here; tests/deps.sh test installs it"; exit 77; }
make_installation
export UNDERSTUDY_TOKEN=a-token-for-tests-only
sed -i -e 's|^  listen: .*|  kind: mirror\n&\n  pair: {key: "header:X-Request-ID"}|' -e '/^  legacy: /d' "$contract"
echo 'ingest: {listen: "127.0.0.1:0", token: "${UNDERSTUDY_TOKEN}"}' >>"$config"
start_legacy
start_llm
start_run
mirror=${tap_url#http://}
ingest=$(sed -n 's|^ingest .*http://\([^ /]*\).*|\1|p' "$log/run")
[ -n "$mirror" ] && [ -n "$ingest" ] || fail "no address of the mirror or the ingest listener: $(cat "$log/run")"
socket=$work/haproxy.sock

# start_haproxy [NAME=VALUE]: as the example has it, but for the addresses.
start_haproxy() {
	cp "$root/examples/mirror/mirror.lua" "$work/"
	sed -e "s|bind 127.0.0.1:8080|bind unix@$socket|" -e "s|127.0.0.1:9000|${LEGACY_URL#http://}|" \
		-e "s|127.0.0.1:8090|$mirror|" -e "s|127.0.0.1:8091|$ingest|" -e "s|/outcomes orders|/outcomes ticket-routing|" \
		"$root/examples/mirror/haproxy.cfg" >"$work/haproxy.cfg"
	rm -f "$socket"
	(cd "$work" && exec env "$@" haproxy -db -f haproxy.cfg >"$log/haproxy" 2>&1) &
	haproxy_pid=$!
	pids="$pids $haproxy_pid"
	tries=0
	until [ -S "$socket" ]; do
		tries=$((tries + 1))
		[ $tries -le 200 ] || fail "HAProxy did not start"
		sleep 0.05
	done
}

# ticket NUMBER [BYTES]: a message, longer by so many bytes.
ticket() {
	printf '{"ticket_id":"T-%s","created":"2026-11-10T10:00:00Z","product":"Lamp","contact":"x","text":"Refund %s' "$1" "$1"
	[ -z "${2:-}" ] || head -c "$2" /dev/zero | tr '\0' x
	printf '"}'
}

# post_tickets FIRST LAST [CURL-OPTIONS]: over one connection; each reply must be the legacy system's to that ticket.
post_tickets() {
	first=$1
	last=$2
	shift 2
	rm -f "$work"/curl "$work"/reply-*
	for number in $(seq "$first" "$last"); do
		ticket "$number" >"$work/ticket-$number"
		[ "$number" = "$first" ] || echo next
		printf 'unix-socket = "%s"\nurl = "http://orders.example/route"\nmax-time = 30\nheader = "Content-Type: application/json"\n' \
			"$socket"
		printf 'data-binary = "@%s"\noutput = "%s"\n' "$work/ticket-$number" "$work/reply-$number"
		for option in "$@"; do echo "$option"; done
	done >"$work/curl"
	curl -sS -K "$work/curl" || fail "curl: $?"
	for number in $(seq "$first" "$last"); do
		expect "reply to ticket $number" "$(jq -r .ticket_id "$work/reply-$number")" "T-$number"
	done
}

# wait_seen COUNT: the copies come after the replies.
wait_seen() {
	tries=0
	until [ "$(status_json .exchanges.seen 2>/dev/null)" = "$1" ]; do
		tries=$((tries + 1))
		[ $tries -le 300 ] || fail "seen $(status_json .exchanges.seen), should be $1"
		sleep 0.1
	done
	expect "dropped" "$(status_json '[.exchanges.dropped[]] | add')" 0
}

# captured PATTERN: how many different texts of this pattern the spool holds.
captured() {
	cat "$work"/var/spool/*/*.seg | grep -a -o "$1" | sort -u | wc -l
}

start_haproxy
post_tickets 1001 1040
post_tickets 2001 2005 'header = "Transfer-Encoding: chunked"'
wait_seen 45
expect "tickets captured" "$(captured '"ticket_id":"T-[0-9]*"')" 45
expect "names that join a message with its answer" "$(captured 'x-request-id: [0-9a-f-]*')" 45

# larger than HAProxy's buffer: forwarded whole, and not copied at all
ticket 3001 200000 >"$work/large"
expect "reply to a large ticket" "$(curl -sS -m 30 --unix-socket "$socket" -H 'Content-Type: application/json' \
	--data-binary "@$work/large" http://orders.example/route | jq -r .ticket_id)" T-3001
expect "and to a chunked one" "$(curl -sS -m 30 --unix-socket "$socket" -H 'Content-Type: application/json' \
	-H 'Transfer-Encoding: chunked' --data-binary "@$work/large" http://orders.example/route | jq -r .ticket_id)" T-3001
post_tickets 4001 4001
wait_seen 46
end_process "$haproxy_pid"

# the legacy system's answers too: each message and each answer is one delivery
start_haproxy UNDERSTUDY_ANSWERS=1
post_tickets 6001 6020
wait_seen 86
expect "answers captured" "$(captured '"ticket_id":"T-60[0-9]*","queue"')" 20

# a tap that hangs: its copies are lost, the live exchanges are not
tap=$(child_of_run tap)
kill -STOP "$tap"
post_tickets 5001 5300
kill -CONT "$tap"

# no tap at all
stop_run
post_tickets 7001 7100
[ ! -s "$log/haproxy" ] || fail "HAProxy complains: $(cat "$log/haproxy")"

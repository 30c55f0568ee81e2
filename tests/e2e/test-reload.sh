# SIGHUP under load: thirty times the contract names the other legacy system. No request fails; what begins after a
# reload goes to the new one; the tap's process stays, and stays small; everything captured is accounted for. What is
# wrong changes nothing, and SIGHUP may come at any moment.
. tests/e2e/lib.sh
make_installation

# start_named NAME: a legacy system that answers every ticket with the queue NAME; its address in $work/NAME.
start_named() {
	jq --arg name "$1" '.rules = [] | .default.queue = $name' "$example/sim/legacy.json" >"$work/$1.json"
	"$understudy" sim legacy --listen 127.0.0.1:0 --script "$work/$1.json" >"$log/legacy-$1" 2>&1 &
	pids="$pids $!"
	wait_line "$log/legacy-$1" "sim legacy " >"$work/$1"
}

# name_legacy NAME: in the contract; not in force yet.
name_legacy() {
	sed -i "s|^  legacy: .*|  legacy: $(cat "$work/$1")|" "$contract"
}

microseconds() { echo $(($(date +%s%N) / 1000)); }
resident_kib() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }
reloads() { grep -c '^reloaded' "$log/run" || true; }

# wait_reload COUNT: until there were more.
wait_reload() {
	tries=0
	until [ "$(reloads)" -gt "$1" ]; do
		tries=$((tries + 1))
		[ $tries -le 600 ] || fail "no reload: $(cat "$log/run-errors")"
		sleep 0.05
	done
}

# answered_by: whoever serves a ticket now.
answered_by() {
	curl -s -m 20 -H 'Content-Type: application/json' -d '{"ticket_id":"T-900000","created":"2026-11-10T10:00:00Z",
		"product":"Lamp","text":"hello","contact":"a@example.com"}' "$tap_url/route" | jq -r .queue
}

start_named refunds
start_named billing
name_legacy billing
start_llm
start_run
tap=$(child_of_run tap)
start_client 8 4 20
name=billing
for round in $(seq 1 30); do
	[ $name = billing ] && name=refunds || name=billing
	name_legacy $name
	before=$(reloads)
	begun=$(microseconds)
	kill -HUP "$run_pid"
	wait_reload "$before"
	echo "$begun $(microseconds) $name" >>"$work/switches"
	[ "$round" -ne 6 ] || early=$(resident_kib "$tap")
	sleep 0.2
done
expect "the tap's process" "$(child_of_run tap)" "$tap"
late=$(resident_kib "$tap")
[ "$late" -lt $((early + 2048)) ] || fail "the tap grew from $early to $late KiB in 24 reloads"

# wrong: said, and nothing changes
cp "$contract" "$work/good.yaml"
before=$(reloads)
sed -i 's|^  legacy: .*|  legacy: ftp://nowhere|' "$contract"
kill -HUP "$run_pid"
wait_line "$log/run-errors" "understudy: the configuration before stays in force" >/dev/null
grep -q "contract.yaml:.*legacy" "$log/run-errors" || fail "no word on what is wrong: $(cat "$log/run-errors")"
expect "reloads by a wrong contract" "$(reloads)" "$before"
cp "$work/good.yaml" "$contract"
expect "the legacy system after a wrong contract" "$(answered_by)" $name

# several at once
kill -HUP "$run_pid"
kill -HUP "$run_pid"
sleep 0.01
kill -HUP "$run_pid"
wait_reload "$before"
stop_client

sort -n "$log/exchanges" >"$work/exchanges"
# every request lies before, within or behind a change of legacy systems
[ "$client_requests" -gt 60 ] || fail "only $client_requests requests"
awk 'NR == FNR { begun[NR] = $1; done[NR] = $2; name[NR] = $3; count = NR; next }
	{
		while (at < count && done[at + 1] <= $1) at++
		if (at > 0 && (at == count || $2 < begun[at + 1])) {
			sure++
			wrong += $4 != name[at]
		}
	}
	END { print sure + 0, wrong + 0 }' "$work/switches" "$work/exchanges" >"$work/checked"
read -r sure wrong <"$work/checked"
[ "$sure" -gt 30 ] || fail "only $sure requests lie clearly between two reloads"
expect "requests that the wrong legacy system answered" "$wrong" 0

wait_settled
expect_ties_out
expect "captured exchanges" "$(status_json .exchanges.seen)" $((client_requests + 1))

# a change that begins a new evaluation period: the worker refuses it, the tap does not care
before=$(reloads)
sed -i 's/margin: 0.02/margin: 0.03/' "$contract"
kill -HUP "$run_pid"
wait_reload "$before"
wait_line "$log/run-errors" "understudy: worker ended (exit code 2)" >/dev/null
grep -q "new-epoch" "$log/run-errors" || fail "no word on why the worker does not start"
expect "the legacy system without a worker" "$(answered_by)" $name
before=$(reloads)
sed -i 's/margin: 0.03/margin: 0.02/' "$contract"
kill -HUP "$run_pid"
wait_reload "$before"
wait_settled
expect_ties_out

# a worker and a tap that die, and a configuration that comes before they are back
name_legacy refunds
kill -9 "$(child_of_run work)"
kill -HUP "$run_pid"
name_legacy billing
tap=$(child_of_run tap)
kill -9 "$tap"
before=$(reloads)
kill -HUP "$run_pid"
wait_reload "$before"
tries=0
until [ "$(answered_by)" = billing ]; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || fail "the newest configuration is not in force"
	sleep 0.1
done
wait_settled
expect_ties_out

# an interface that comes, and goes
tap=$(child_of_run tap)
cp -r "$work/contracts/ticket-routing" "$work/contracts/second"
sed -i 's/^interface: .*/interface: second/' "$work/contracts/second/contract.yaml"
cp "$config" "$work/one-interface.yaml"
sed -i 's|^interfaces: .*|interfaces: [contracts/ticket-routing/contract.yaml, contracts/second/contract.yaml]|' "$config"
before=$(reloads)
kill -HUP "$run_pid"
wait_reload "$before"
first_url=$tap_url
tap_url=$(sed -n 's|^tap *second: \(http://[^ ]*\) .*|\1|p' "$log/run")
expect "the first listener" "$(grep -c "^tap *ticket-routing: $first_url " "$log/run")" "$(grep -c '^tap *ticket-routing: ' "$log/run")"
expect "the second interface" "$(answered_by)" billing
"$understudy" status -c "$config" --interface second --wait >/dev/null || fail "the second interface is not captured"
cp "$work/one-interface.yaml" "$config"
before=$(reloads)
kill -HUP "$run_pid"
wait_reload "$before"
tries=0
while curl -s -o /dev/null -m 5 "$tap_url/"; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || fail "the second interface still listens"
	sleep 0.05
done
tap_url=$first_url
expect "the first interface" "$(answered_by)" billing
expect "the tap's process" "$(child_of_run tap)" "$tap"

# kill -9 of the supervisor: worker and web end, the tap goes on serving, and the next `run` takes over from it on the
# same address without a failed request. A second `run` beside a living one names the process.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
export TAP_LISTEN="${tap_url#http://}"

if "$understudy" run -c "$config" >"$log/second" 2>&1; then fail "a second run was started"; fi
grep -q "runs already, as process $run_pid;" "$log/second" || fail "the process is not named: $(cat "$log/second")"

ended() {
	tries=0
	while kill -0 "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -le 200 ] || fail "$2 outlived its supervisor"
		sleep 0.05
	done
}

start_client 8 4 20
for round in 1 2; do
	sleep 0.5
	tap=$(child_of_run tap) || fail "no tap"
	worker=$(child_of_run work) || fail "no worker"
	web=$(child_of_run web || true)
	pids="$pids $tap $worker"
	kill -9 "$run_pid"
	wait "$run_pid" 2>/dev/null || true
	ended "$worker" "the worker"
	[ -z "$web" ] || ended "$web" "web"
	sleep 0.5
	kill -0 "$tap" || fail "the tap did not stay"
	# where the sockets cannot be had (no room for one here: whatever else was inherited must not take it), nothing is
	# touched, and it is said what to do
	if (exec 3>&- 4>&- && ulimit -n 5 && exec "$understudy" run -c "$config") >"$log/refused" 2>&1; then
		fail "a run without sockets"
	fi
	grep -q "still serves as process $tap, .*'kill $tap'" "$log/refused" || fail "not named: $(cat "$log/refused")"
	kill -0 "$tap" || fail "the tap was ended by who could not take over"
	start_run
	grep -q "taking over from it" "$log/run-errors" || fail "nothing is said: $(cat "$log/run-errors")"
	ended "$tap" "the tap"
	expect "address in round $round" "$tap_url" "http://$TAP_LISTEN"
done
sleep 0.5
stop_client
wait_settled
expect_ties_out
expect "captured exchanges" "$(status_json .exchanges.seen)" "$client_requests"

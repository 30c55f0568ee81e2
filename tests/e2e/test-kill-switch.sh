# Capture is stopped by a file or by a signal, either is enough; clients notice nothing. A signal to the supervisor
# reaches the tap, and the one that comes after it. The whole of a tap without worker and web as well.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
"$understudy" web -c "$config" --listen 127.0.0.1:0 >"$log/web" 2>&1 &
pids="$pids $!"
web_url=$(wait_line "$log/web" "web *")
metric() { curl -s "${web_url%/}/metrics" | sed -n 's/^understudy_capture_off //p'; }

send 10 1
wait_settled
expect "capture" "$(status_json .capture)" on
expect "metric" "$(metric)" 0

touch "$work/var/spool/capture-off"
wait_line "$log/run-errors" "understudy: capture is off (file) since " >/dev/null
expect "capture" "$(status_json .capture)" "off (file)"
expect "since" "$(status_json '.capture_off_since | length')" 27
"$understudy" status -c "$config" | grep -q '^capture: off (file) since 20' || fail "no word in the status"
expect "metric" "$(metric)" 1
send 10 2
kill -USR1 "$run_pid"
wait_line "$log/run-errors" "understudy: capture is off (file, signal) since " >/dev/null
rm "$work/var/spool/capture-off"
wait_line "$log/run-errors" "understudy: capture is off (signal) since " >/dev/null
send 10 3

# who comes after a tap that died does not capture either
kill -9 "$(child_of_run tap)"
tries=0
until [ "$(grep -c '^understudy: capture is off (signal) since ' "$log/run-errors")" -eq 2 ]; do
	tries=$((tries + 1))
	[ $tries -le 400 ] || fail "the next tap captures: $(cat "$log/run-errors")"
	sleep 0.05
done
send 10 4
kill -USR2 "$run_pid"
wait_line "$log/run-errors" "understudy: capture is on since " >/dev/null
send 10 5
wait_settled
expect "seen" "$(status_json .exchanges.seen)" 20
expect_ties_out
stop_run

# the ingest token, and everything else of the plan, is nobody's to read
"$understudy" tap -c "$config" >"$log/tap" 2>"$log/run-errors" &
run_pid=$!
wait_line "$log/tap" "ready" >/dev/null
tap_url=$(sed -n 's|^tap *[^:]*: \(http://[^ ]*\) .*|\1|p' "$log/tap")
tap=$(child_of_run tap)
tr '\0' ' ' <"/proc/$tap/cmdline" >"$work/cmdline"
grep -q "$(printf '%s' "${LEGACY_URL##*:}")" "$work/cmdline" && fail "the plan stands in the arguments: $(cat "$work/cmdline")"
expect "environment of the tap" "$(wc -c <"/proc/$tap/environ")" 0
send 5 6
kill -HUP "$run_pid"
wait_line "$log/tap" "reloaded" >/dev/null
kill -9 "$tap"
until child_of_run tap >/dev/null; do sleep 0.05; done
send 5 7

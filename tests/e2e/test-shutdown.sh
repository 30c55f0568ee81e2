# A tap that is told to end, again and again, while clients keep their connections and new ones come: the supervisor
# starts the next one on the same sockets, and no request fails.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
start_client 8 4 20
for _ in 1 2 3 4 5; do
	sleep 0.5
	tap=$(child_of_run tap) || fail "no tap"
	kill "$tap"
	while kill -0 "$tap" 2>/dev/null; do sleep 0.05; done
	until child_of_run tap >/dev/null; do sleep 0.05; done
done
sleep 0.5
stop_client
[ "$client_closed" -ge 1 ] || fail "the clients were told of the end $client_closed times"
wait_settled
expect_ties_out
expect "captured exchanges" "$(status_json .exchanges.seen)" "$client_requests"

# the end of all: what is open is answered, an idle connection is closed, and all processes end
tap=$(child_of_run tap)
stop_run
kill -0 "$tap" 2>/dev/null && fail "the tap outlived its supervisor's orderly end"
true

# the supervisor itself comes and goes, and somebody above it keeps the socket: nothing fails either
held=$(dirname "$understudy")/tests/hold-socket
"$held" sh -c 'TAP_LISTEN=127.0.0.1:$(sed -n "s/^holding //p" "$1/held") exec "$2" tap -c "$3"' sh \
	"$log" "$understudy" "$config" >"$log/held" 2>"$log/run-errors" &
pids="$pids $!"
port=$(wait_line "$log/held" "holding ")
tap_url=http://127.0.0.1:$port
wait_line "$log/held" "ready" >/dev/null
start_client 8 4 20
for round in 1 2 3; do
	sleep 0.5
	kill "$(sed -n 's/^started //p' "$log/held" | tail -n 1)"
	until [ "$(grep -c '^ready' "$log/held")" -gt "$round" ]; do sleep 0.05; done
done
sleep 0.5
stop_client
expect "starts that met a taken port" "$(grep -c 'in use' "$log/run-errors")" 0

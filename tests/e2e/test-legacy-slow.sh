# A legacy system that is slow and answers every time: its clients wait for it alone. Nothing fails, nothing is lost, and
# the stored latencies are those that the clients saw.
. tests/e2e/lib.sh
make_installation
start_legacy --latency-ms 300
start_llm
start_run
start_client 16 8 20
sleep 6
stop_client
[ "$client_requests" -ge 100 ] || fail "only $client_requests requests in 6 s"
wait_settled
expect_ties_out
expect "seen" "$(status_json .exchanges.seen)" "$client_requests"
expect "stored or duplicate" "$(status_json '.exchanges.stored + .exchanges.duplicate')" "$client_requests"
expect "dropped" "$(status_json '[.exchanges.dropped[]] | add')" 0
expect "answered in less than a tenth of its mean" "$(sql "SELECT count(*) > $client_requests / 3 FROM exchange WHERE legacy_latency_us < 30000")" 0
seen=$(awk '{ sum += $2 - $1 } END { printf "%d", sum / NR }' "$log/exchanges")
stored=$(sql 'SELECT CAST(avg(legacy_latency_us) AS INTEGER) FROM exchange')
[ "$stored" -gt 100000 ] || fail "the mean stored latency is $stored us"
[ $((seen - stored)) -lt 50000 ] || fail "clients waited $seen us in the mean, the legacy system took $stored"

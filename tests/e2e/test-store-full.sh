# Invariants 2 and 6: the disk full for the store alone. Replies that were paid for wait until the store has room again:
# no call is made twice, and what the exchanges cost is what the days cost.
. tests/e2e/lib.sh
make_installation
mkdir "$work/store"
if ! mount -t tmpfs -o size=2m tmpfs "$work/store" 2>/dev/null; then
	echo "skipped: cannot mount a tmpfs here (needs root)"
	exit 0
fi
mounted=$work/store
sed -i 's|^store:.*|store: sqlite:store/understudy.db|' "$config"
sed -i 's/retries: 2/retries: 0/' "$contract"
start_legacy
start_llm --latency-ms 700 --faults wrong=0
start_run
send 12 11
# the exchanges are stored and their calls are open: now there is no room for the answers
tries=0
until [ "$(status_json .evaluations.pending 2>/dev/null)" -ge 10 ] 2>/dev/null; do
	tries=$((tries + 1))
	[ $tries -le 100 ] || fail "nothing became pending"
	sleep 0.05
done
dd if=/dev/zero of="$work/store/fill" bs=4k >/dev/null 2>&1 || true
wait_line "$log/run-errors" "understudy: no room for the store" >/dev/null
send 20 12
sleep 3
rm "$work/store/fill"
mount -o remount,size=64m "$work/store" # its log needs more than what was taken away
wait_settled
expect_ties_out() { # as in lib.sh, for a store in another place
	expect "the first ledger ties out" "$(status_json .exchanges.ties_out)" true
	expect "the second ledger ties out" "$(status_json '[.evaluations[]] | add')" "$(status_json .exchanges.stored)"
}
expect_ties_out
expect "compared" "$(status_json .evaluations.compared)" "$(status_json .exchanges.stored)"
stop_run
llm=${pids##* }
kill "$llm"
wait "$llm" || true
expect "calls" "$(sed -n 's|^received \([0-9]*\) requests|\1|p' "$log/llm")" \
	"$(sqlite3 "$work/store/understudy.db" 'SELECT sum(attempts) FROM evaluation')"
expect "the days' cost" "$(sqlite3 "$work/store/understudy.db" 'SELECT sum(cost_nano) FROM spend')" \
	"$(sqlite3 "$work/store/understudy.db" 'SELECT sum(cost_nano) FROM evaluation')"

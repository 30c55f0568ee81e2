# Invariants 2, 3 and 4: the tap killed with -9 at 50 random moments under load, with a worker beside it that finds the
# ring now with and now without a tap. Every exchange whose reply a client has whole is in the store, once.
. tests/e2e/lib.sh
make_installation
sed -i 's/^review: .*/review: {disagree: 1, agree: 1}/' "$contract" # so that every message is exported
start_legacy
start_llm
port=$((20000 + $$ % 12000))
export TAP_LISTEN=127.0.0.1:$port
"$understudy" work -c "$config" >"$log/work" 2>&1 &
worker=$!
pids="$pids $worker"
"$helpers/load" "$port" /route 8 20 >"$work/sent-and-answered" 2>"$log/load" &
load=$!
pids="$pids $load"

# The supervisor goes with its tap, or its pauses between starts would make fifty deaths an affair of many minutes. It is
# stopped first, so that it starts no other tap in between. Where there is none yet, or it has ended itself because the
# one before still had the ring, nothing is killed.
killed=0
for pause in $(awk -v seed=$$ 'BEGIN { srand(seed); for (i = 0; i < 150; i++) printf "%.3f ", 0.05 + 0.5 * rand() }'); do
	[ $killed -lt 50 ] || break
	"$understudy" tap -c "$config" >"$log/tap" 2>&1 &
	run_pid=$!
	sleep "$pause"
	if ! kill -STOP $run_pid 2>/dev/null || ! tap=$(child_of_run tap); then
		kill -CONT $run_pid 2>/dev/null || true
		stop_run
		continue
	fi
	kill -9 "$tap" && killed=$((killed + 1))
	kill -9 $run_pid
	wait $run_pid 2>/dev/null || true
	# a process whose first thread is gone may still have others, and its locks
	while [ "$(ls "/proc/$tap/task" 2>/dev/null | wc -l)" -gt 1 ]; do sleep 0.01; done
done
expect "the tap's deaths" $killed 50
"$understudy" tap -c "$config" >"$log/tap" 2>&1 &
run_pid=$!
sleep 0.5
kill $load
wait $load || fail "the client: $(cat "$log/load")"
stop_run
wait_settled
end_process $worker

expect_ties_out
sed -n 's/^answered T-//p' "$work/sent-and-answered" | sort >"$work/answered"
sed -n 's/^sent T-//p' "$work/sent-and-answered" | sort >"$work/sent"
[ "$(wc -l <"$work/answered")" -ge 500 ] || fail "only $(wc -l <"$work/answered") messages were answered"
[ -z "$(uniq -d "$work/sent")" ] || fail "the client sent a message twice"
"$understudy" label export -c "$config" --status all -o "$work/tasks.csv" 2>"$log/export"
grep -o 'ticket_id[^0-9]*T-[0-9]*' "$work/tasks.csv" | sed 's/.*T-//' | sort >"$work/stored"
expect "messages whose reply was received and that are not stored" "$(comm -23 "$work/answered" "$work/stored" | head -n 5 | tr '\n' ' ')" ""
expect "messages that are stored and were never sent" "$(comm -13 "$work/sent" "$work/stored" | head -n 5 | tr '\n' ' ')" ""
expect "messages that are stored twice" "$(uniq -d "$work/stored" | head -n 5 | tr '\n' ' ')" ""
expect "deliveries counted twice" "$(status_json .exchanges.duplicate)" 0
stored=$(status_json .exchanges.stored)
expect "messages exported" "$(wc -l <"$work/stored")" "$stored"
expect "seen" "$(status_json .exchanges.seen)" $((stored + $(status_json '[.exchanges.dropped[]] | add')))
[ "$(status_json .exchanges.seen)" -le "$(wc -l <"$work/sent")" ] || fail "more was seen than was sent"

# While frames lie in the spool and their accounts are unread the ledger does not tie out, and says that it is settling.
# A difference is no settling, however busy the tap is.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
send 20 3
wait_settled
balance() { status_json '.exchanges | "\(.ties_out) \(.settling)"'; }
expect "at rest" "$(balance)" "true false"
worker=$(child_of_run work)
kill -STOP "$worker"
send 15 4
tries=0
until [ "$(status_json .exchanges.in_spool)" = 15 ]; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || fail "not in the spool: $(status_json .exchanges)"
	sleep 0.05
done
expect "with a worker that stands still" "$(balance)" "false true"
"$understudy" status -c "$config" | grep -q 'settling (read before the accounts that count it)' || fail "the text does not say it"
kill -CONT "$worker"
wait_settled
expect "at rest again" "$(balance)" "true false"
sqlite3 "$work/var/understudy.db" 'UPDATE delivery_count SET duplicate = duplicate + 1'
expect "one counted twice" "$(balance)" "false false"
sqlite3 "$work/var/understudy.db" 'UPDATE delivery_count SET duplicate = duplicate - 2'
expect "one missing" "$(balance)" "false false"
"$understudy" status -c "$config" --wait --timeout 1 >/dev/null && fail "a difference was waited for and found settled"
true

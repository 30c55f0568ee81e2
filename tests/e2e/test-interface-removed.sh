# An interface is taken out of the configuration while its records are still unread. They are told as unclaimed, the
# ledgers tie out, and when the interface is back they are evaluated as if nothing had been.
. tests/e2e/lib.sh
make_installation
cp -r "$work/contracts/ticket-routing" "$work/contracts/second"
sed -i 's/^interface: .*/interface: second/; s/TAP_LISTEN/SECOND_LISTEN/' "$work/contracts/second/contract.yaml"
export SECOND_LISTEN=127.0.0.1:0
both='interfaces: [contracts/ticket-routing/contract.yaml, contracts/second/contract.yaml]'
one='interfaces: [contracts/ticket-routing/contract.yaml]'
sed -i "s|^interfaces:.*|$both|" "$config"
start_legacy
start_llm
start_run
reloads() { grep -c '^reloaded' "$log/run" || true; }
reload() {
	before=$(reloads)
	kill -HUP "$run_pid"
	tries=0
	until [ "$(reloads)" -gt "$before" ]; do
		tries=$((tries + 1))
		[ $tries -le 400 ] || fail "no reload: $(cat "$log/run-errors")"
		sleep 0.05
	done
}
status_of() { "$understudy" status -c "$config" --interface "$1" --json | jq -r "$2"; }

worker=$(child_of_run work)
kill -STOP "$worker"
first_url=$tap_url
tap_url=$(sed -n 's|^tap *second: \(http://[^ ]*\) .*|\1|p' "$log/run")
send 40 7
sed -i "s|^interfaces:.*|$one|" "$config"
reload
kill -9 "$worker" # on its feet again it might read the records once more as what they were
tries=0
until [ "$(status_of ticket-routing '.unclaimed[0].count')" = 40 ]; do
	tries=$((tries + 1))
	[ $tries -le 400 ] || fail "not unclaimed: $(status_of ticket-routing .)"
	sleep 0.05
done
expect "the interface" "$(status_of ticket-routing '.unclaimed[0].interface')" second
"$understudy" status -c "$config" >"$log/status"
grep -q "^unclaimed: 40 of interface second, .*put its contract back" "$log/status" || fail "$(cat "$log/status")"
expect "stored as of an unknown interface" "$(sql 'SELECT count(*) FROM exchange')" 0

sed -i "s|^interfaces:.*|$both|" "$config"
reload
"$understudy" status -c "$config" --interface second --wait --timeout 60 >"$log/status" || fail "$(cat "$log/status")"
expect "left" "$(status_of second '.unclaimed | length')" 0
expect "ties out" "$(status_of second '.exchanges.ties_out')" true
expect "seen" "$(status_of second .exchanges.seen)" 40
expect "stored" "$(status_of second '.exchanges.stored + .exchanges.duplicate')" 40
expect "compared" "$(status_of second .evaluations.compared)" "$(status_of second .exchanges.stored)"
tap_url=$first_url

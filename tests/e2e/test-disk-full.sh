# Invariants 1 and 2: the disk full, the ring too; clients see every reply, what is lost is counted; afterwards all goes on.
. tests/e2e/lib.sh
make_installation
mkdir "$work/var"
if ! mount -t tmpfs -o size=3m tmpfs "$work/var" 2>/dev/null; then
	echo "skipped: cannot mount a tmpfs here (needs root); tests/spool has the same with RLIMIT_FSIZE"
	exit 0
fi
mounted=$work/var
sed -i "s|ring: .*|ring: {path: ring, mib: 1}|" "$config"
start_legacy
start_llm
start_run
send 50 8
wait_settled
dd if=/dev/zero of="$work/var/fill" bs=64k >/dev/null 2>&1 || true
send 3000 9
since=$(status_json .ring.capture_reduced_since)
[ "$since" != null ] || fail "capture is not said to be reduced with a ring that nobody drains"
"$understudy" status -c "$config" | grep -q "^capture reduced since $since: " || fail "status says nothing of $since"
rm "$work/var/fill"
umount "$work/var" 2>/dev/null && fail "the mount was not in use: nothing was tested"
mount -o remount,size=64m "$work/var"
wait_settled
send 50 10
wait_settled
expect_ties_out
expect_seen_is_sent
dropped=$(status_json '[.exchanges.dropped[]] | add')
[ "$dropped" -gt 0 ] || fail "nothing was dropped: the disk was not full long enough to test anything"
expect "drops are those of the ring" "$(status_json '.exchanges.dropped | .ring_full + .capture_reduced')" "$dropped"
[ "$(status_json .exchanges.dropped.capture_reduced)" -gt 0 ] || fail "capture was reduced and nothing is counted so"
tries=0
until [ "$(status_json .ring.capture_reduced_since)" = null ]; do
	tries=$((tries + 1))
	[ $tries -le 300 ] || fail "capture did not return to full"
	sleep 0.1
done

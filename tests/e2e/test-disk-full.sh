# Invariants 1 and 2: the disk full, the ring too; clients see every reply, what is lost is counted; afterwards all goes on.
. tests/e2e/lib.sh
make_installation
mkdir "$work/var"
if ! mount -t tmpfs -o size=3m tmpfs "$work/var" 2>/dev/null; then
	echo "skipped: cannot mount a tmpfs here (needs root); tests/spool has the same with RLIMIT_FSIZE"
	exit 0
fi
mounted=$work/var
sed -i "s|ring: .*|ring: {path: ../ring, mib: 1}|" "$config"
start_legacy
start_llm
start_run
send 50 8
wait_settled
dd if=/dev/zero of="$work/var/fill" bs=64k >/dev/null 2>&1 || true
send 3000 9
expect "answered with 2xx while the disk was full" "$(awk '/^answered/ {print $2}' "$log/traffic")" \
	"$(awk '/^sent/ {print $2}' "$log/traffic")"
rm "$work/var/fill"
umount "$work/var" 2>/dev/null && fail "the mount was not in use: nothing was tested"
mount -o remount,size=64m "$work/var"
wait_settled
send 50 10
wait_settled
expect_ties_out
dropped=$(status_json '[.exchanges.dropped[]] | add')
[ "$dropped" -gt 0 ] || fail "nothing was dropped: the disk was not full long enough to test anything"
expect "drops are those of the full ring" "$(status_json .exchanges.dropped.ring_full)" "$dropped"

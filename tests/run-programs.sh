#!/bin/sh
# Runs Check programs, as many at once as there are processors (JOBS); fails if any failed, after all have run. Where CI is
# set, a test that was skipped for want of material fails too; only what a machine cannot offer (a locale, the right to
# mount or trace) may be skipped.
status=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# each program's output as a whole, once it has ended
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I '{}' sh -c '
	log=$1/$(basename "$2").log
	"$2" >"$log" 2>&1 || echo "FAILED: $2" >>"$log"
	flock "$1/lock" cat "$log"' run "$logs" '{}' || status=1
for program in "$@"; do
	log=$logs/$(basename "$program").log
	if [ ! -f "$log" ] || grep -q "^FAILED: " "$log"; then
		status=1
	fi
	if [ -n "${CI:-}" ] && grep "^skipped: " "$log" | grep -qv "locale\|no right"; then
		echo "FAILED: $program skipped tests"
		status=1
	fi
done
exit $status

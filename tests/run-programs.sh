#!/bin/sh
# Runs Check programs one after the other; fails if any failed, after all have run.
status=0
for program in "$@"; do
	"$program" || { echo "FAILED: $program" >&2; status=1; }
done
exit $status

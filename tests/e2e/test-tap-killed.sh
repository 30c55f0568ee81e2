# Invariant 3: the tap killed with -9 in mid-stream. Every exchange whose reply a client has received is in the store.
. tests/e2e/lib.sh
make_installation
sed -i 's/^review: .*/review: {disagree: 1, agree: 1}/' "$contract" # so that every message is exported
start_legacy
start_llm
start_run
mkdir "$work/replies"
cat >"$work/send-one.sh" <<'SH'
curl -s -m 5 -o "$2/replies/$1.json" -w '%{http_code} %{exitcode}' -H 'Content-Type: application/json' \
	-d "{\"ticket_id\":\"T-9$(printf %05d "$1")\",\"created\":\"2026-11-10T10:00:00Z\",\"product\":\"Lamp\",\"text\":\"refund please\",\"contact\":\"a@example.com\"}" \
	"$3/route" >"$2/replies/$1.code" || true
SH
seq 1 600 | xargs -P 6 -I '{number}' sh "$work/send-one.sh" '{number}' "$work" "$tap_url" &
senders=$!
killed=0
for _ in 1 2 3 4; do
	sleep 0.7
	tap=$(child_of_run tap) || continue
	kill -9 "$tap" && killed=$((killed + 1))
done
wait $senders
[ $killed -ge 2 ] || fail "the tap was killed only $killed times"
wait_settled
expect_ties_out
grep -l '^200 0$' "$work"/replies/*.code | sed 's|.*/\([0-9]*\)\.code|\1|' | sort >"$work/received"
[ "$(wc -l <"$work/received")" -ge 100 ] || fail "only $(wc -l <"$work/received") of 600 messages were answered"
"$understudy" label export -c "$config" --status all -o "$work/tasks.csv"
grep -o 'T-9[0-9]*' "$work/tasks.csv" | sed 's/^T-90*//' | sort -u >"$work/stored"
lost=$(comm -23 "$work/received" "$work/stored" | tr '\n' ' ')
expect "messages whose reply was received and that are not stored" "$lost" ""
stored=$(status_json .exchanges.stored)
dropped=$(status_json '[.exchanges.dropped[]] | add')
expect "seen" "$(status_json .exchanges.seen)" $((stored + dropped))

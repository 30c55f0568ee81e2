# Invariant 1: with the LLM path hanging, 200 replies reach their clients while each single call hangs for 0.4 s.
. tests/e2e/lib.sh
make_installation
sed -i 's/timeout_ms: 8000/timeout_ms: 400/; s/retries: 2/retries: 0/' "$contract"
start_legacy
start_llm --faults hang=1
start_run
begin=$(date +%s)
send 200 4 --connections 1
took=$(($(date +%s) - begin))
# One after the other: a tap that waited for the LLM path would need 80 s.
[ $took -lt 40 ] || fail "200 messages took $took s: the live path waited for the LLM path"
wait_settled 240
expect_ties_out
expect_seen_is_sent
expect "outcomes other than timeout" "$(sql 'SELECT count(*) FROM v_outcome WHERE outcome <> 1')" 0

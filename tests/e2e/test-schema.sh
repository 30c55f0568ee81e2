# contract validate and suite as a person runs them: the standard's basic form, references by --with, exit codes, and
# hostile documents within a limit of memory.
. tests/e2e/lib.sh

cd "$work"
cat >order.schema.json <<'JSON'
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["id"],
 "properties": {"id": {"type": "string"}, "item": {"$ref": "item.json#/$defs/item"}}}
JSON
echo '{"$defs": {"item": {"properties": {"qty": {"minimum": 1}}}}}' >item.json
echo '{"id": "A1", "item": {"qty": 0, "color": "red"}, "note": 1}' >order.json

# run EXIT-CODE COMMAND...: output in out and err
run() {
	wanted=$1
	shift
	status=0
	"$@" >out 2>err || status=$?
	expect "$*: exit code" "$status" "$wanted"
}
# result JQ-FILTER
result() { jq -r "$1" out; }

run 2 "$understudy" contract validate order.schema.json order.json
grep -q 'order.schema.json: schema keyword "$ref" at /properties/item: no document is known at file://.*/item.json' err ||
	fail "missing reference: $(cat err)"
run 1 "$understudy" contract validate order.schema.json order.json --with item.json --strict
expect "valid" "$(result .valid)" false
expect "errors" "$(result '.errors | length')" 1
expect "keyword" "$(result '.errors[0].keywordLocation')" '/properties/item/$ref/properties/qty/minimum'
expect "instance" "$(result '.errors[0].instanceLocation')" /item/qty
result '.errors[0].absoluteKeywordLocation' | grep -q '^file:///.*/item.json#/\$defs/item/properties/qty/minimum$' ||
	fail "absolute location: $(cat out)"
expect "undeclared" "$(result '.undeclared | map(.instanceLocation) | join(" ")')" "/item/color /note"
echo '{"id": "A1"}' >good.json
run 0 "$understudy" contract validate order.schema.json good.json --with item.json
expect "result" "$(jq -c . out)" '{"valid":true}'

# by URI, by $id, by draft
echo '{"$ref": "https://a.example/n"}' >by-uri.json
echo '{"items": [{"type": "null"}]}' >n.json
echo '[1]' >list.json
run 1 "$understudy" contract validate --draft 7 by-uri.json list.json --with https://a.example/n=n.json
run 2 "$understudy" contract validate by-uri.json list.json --with https://a.example/n=n.json
grep -q "prefixItems" err || fail "items as a list in 2020-12: $(cat err)"
echo '{"$id": "https://a.example/n", "items": {"type": "null"}}' >n.json
run 1 "$understudy" contract validate by-uri.json list.json --with n.json
run 2 "$understudy" contract validate by-uri.json list.json --draft 4
run 2 "$understudy" contract validate by-uri.json

# hostile: within 600 MB of address space, and at once
limited() { (ulimit -v 600000 && exec timeout 20 "$@"); }
awk 'BEGIN {for (i = 0; i < 100000; i++) printf "["; for (i = 0; i < 100000; i++) printf "]"}' >deep.json
run 2 limited "$understudy" contract validate n.json deep.json
grep -q "nested deeper than the limit" err || fail "deep instance: $(cat err)"
awk 'BEGIN {for (i = 0; i < 100000; i++) printf "{\"not\":"; printf "true"; for (i = 0; i < 100000; i++) printf "}"}' >deep.json
run 2 limited "$understudy" contract validate deep.json list.json
grep -q "nested deeper than the limit" err || fail "deep schema: $(cat err)"
awk 'BEGIN {printf "[1"; for (i = 0; i < 50000000; i++) printf ",1"; printf "]"}' >large.json
run 2 limited "$understudy" contract validate n.json large.json
grep -q "large.json" err || fail "large instance: $(cat err)"
awk 'BEGIN {printf "{\"$ref\":\"#/$defs/0\",\"$defs\":{"
	for (i = 0; i < 30; i++) printf "\"%d\":{\"allOf\":[{\"$ref\":\"#/$defs/%d\"},{\"$ref\":\"#/$defs/%d\"}]},", i, i + 1, i + 1
	printf "\"30\":true}}"}' >fan.json
run 1 limited "$understudy" contract validate fan.json list.json
result '.errors[-1].error' | grep -q "could not be decided" || fail "exponential references: $(cat out)"
echo '{"anyOf": [{"$ref": "#"}]}' >loop.json
run 2 limited "$understudy" contract validate loop.json list.json
grep -q "refers back to itself" err || fail "loop: $(cat err)"

# suite: one right, one wrong, one that cannot be compiled; with a remote
mkdir -p suite/tests/draft2020-12/optional suite/remotes/draft2020-12
echo '{"type": "null"}' >suite/remotes/draft2020-12/null.json
cat >suite/tests/draft2020-12/a.json <<'JSON'
[{"description": "remote", "schema": {"$ref": "http://localhost:1234/draft2020-12/null.json"}, "tests": [
  {"description": "null", "data": null, "valid": true}, {"description": "one", "data": 1, "valid": false}]}]
JSON
run 0 "$understudy" suite suite/tests/draft2020-12
expect "last line" "$(tail -n 1 out)" "2 passed, 0 failed"
cat >suite/tests/draft2020-12/optional/b.json <<'JSON'
[{"description": "wrong", "schema": {}, "tests": [{"description": "claims", "data": 1, "valid": false}]},
 {"description": "bad", "schema": {"type": 1}, "tests": [{"description": "any", "data": 1, "valid": true}]}]
JSON
run 1 "$understudy" suite --draft 2020-12 suite/tests/draft2020-12
expect "last line" "$(tail -n 1 out)" "2 passed, 2 failed"
grep -q "optional/b.json: wrong: claims: must be invalid" err || fail "failure: $(cat err)"
grep -q "optional/b.json: bad: the schema: schema keyword \"type\"" err || fail "failure: $(cat err)"
run 1 "$understudy" suite suite/tests/draft2020-12/optional
run 2 "$understudy" suite nowhere
run 2 "$understudy" suite --draft 4 suite/tests/draft2020-12

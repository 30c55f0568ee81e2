// node schema_rate.js AJV SCHEMA INSTANCE SECONDS: the same figures as schema_rate.c with Node's own reader and ajv. Time
// on the processor, of the main thread: what Node's helper threads do for it is not counted.
const fs = require("fs");
const [ajvPath, schemaPath, instancePath, seconds] = process.argv.slice(2);
const Ajv = require(ajvPath);
const FRESH = 2000;
const schema = JSON.parse(fs.readFileSync(schemaPath, "utf8"));
const bytes = fs.readFileSync(instancePath);
const ajv = () => new Ajv({ strict: false });
const validate = ajv().compile(schema);
const now = () => Number(fs.readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
const parse = () => JSON.parse(bytes.toString("utf8"));

function bytesToVerdict(limit) {
	const start = now();
	let count = 0;
	let end = start;
	while (end - start < limit) {
		for (let i = 0; i < FRESH; i++) {
			if (!validate(parse())) throw new Error("the instance does not keep the schema");
		}
		count += FRESH;
		end = now();
	}
	return (count / (end - start)) * 1000;
}

function apart(limit) {
	let reading = 0;
	let validating = 0;
	let count = 0;
	while (reading + validating < limit) {
		const fresh = new Array(FRESH);
		const start = now();
		for (let i = 0; i < FRESH; i++) fresh[i] = parse();
		const middle = now();
		for (let i = 0; i < FRESH; i++) count += validate(fresh[i]) ? 1 : 0;
		validating += now() - middle;
		reading += middle - start;
	}
	return [(reading / count) * 1e6, (validating / count) * 1e6];
}

const limit = Number(seconds) * 1000;
bytesToVerdict(300); // warm
const rate = bytesToVerdict(limit);
const [reading, validating] = apart(limit);
const start = now();
for (let i = 0; i < 20; i++) ajv().compile(schema);
const compilation = ((now() - start) / 20) * 1e6;
console.log([rate, reading, validating, compilation].map((x) => x.toFixed(0)).join(" "));

// Asks both real services every query that send.mjs sent, and counts what is true: no part of the harness is used.
// node tests/real-paths-count.mjs TOOLS N SEED LEGACY_URL LLM_URL
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const [tools, count, seed, legacyUrl, llmUrl] = process.argv.slice(2);
const { local, readCsv, shuffled } = await import(pathToFileURL(join(tools, 'lib.mjs')));
const rows = readCsv(local('../../data/banking77/test.csv'));
const n = Number(count);
const order = Array.from({ length: Math.ceil(n / rows.length) }, (_, round) => shuffled(rows.length, Number(seed), round))
  .flat().slice(0, n);

async function post(url, body) {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer any' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

const result = { n, agree: 0, disagree: 0, legacy_right: 0, candidate_right: 0, pairs: [] };
for (const row of order) {
  const { text, label } = rows[row];
  const [legacy, reply] = await Promise.all([
    post(`${legacyUrl}/route`, { ticket_id: 'count', text }),
    post(`${llmUrl}/chat/completions`, { model: 'any', messages: [{ role: 'user', content: text }] }),
  ]);
  const candidate = JSON.parse(reply.choices[0].message.content).queue;
  result.legacy_right += legacy.queue === label;
  result.candidate_right += candidate === label;
  if (legacy.queue === candidate) {
    result.agree += 1;
  } else {
    result.disagree += 1;
    result.pairs.push([legacy.queue, candidate]);
  }
}
console.log(JSON.stringify(result));

// Node's http.Agent with kept connections in parallel, and a pipelined socket: client.js PORT SIZE. Prints "posted N".
'use strict';
const assert = require('assert');
const fs = require('fs');
const http = require('http');
const net = require('net');

const port = Number(process.argv[2]);
const size = Number(process.argv[3]);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
let posted = 0;

function ask(method, path, body, chunked) {
	return new Promise((resolve, reject) => {
		const headers = body && !chunked ? { 'Content-Length': body.length } : {};
		const request = http.request({ host: '127.0.0.1', port, method, path, agent, headers }, (reply) => {
			const pieces = [];
			reply.on('data', (piece) => pieces.push(piece));
			reply.on('end', () => resolve({ reply, body: Buffer.concat(pieces) }));
			reply.on('error', reject);
		});
		request.on('error', reject);
		if (body) {
			request.write(body.subarray(0, 100));
			request.write(body.subarray(100));
		}
		request.end();
	});
}

async function askAll(page) {
	const all = [];
	for (let i = 0; i < 200; i++) {
		const body = page.subarray(i, i + 3000);
		all.push(ask('GET', '/page').then((got) => assert(got.body.equals(page))));
		all.push(ask('POST', '/route', body, i % 2 === 0).then((got) => {
			assert(fs.readFileSync(got.reply.headers['x-body-file']).equals(body));
			posted++;
		}));
	}
	await Promise.all(all);
}

function pipeline(count) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(port, '127.0.0.1');
		let text = '';
		socket.on('data', (piece) => {
			text += piece;
			if (text.split('HTTP/1.1 204').length === count + 1) {
				socket.end();
				resolve();
			}
		});
		socket.on('error', reject);
		socket.write('GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(count));
	});
}

(async () => {
	const page = (await ask('GET', '/page')).body;
	assert.strictEqual(page.length, size);
	await askAll(page);
	await pipeline(50);
	agent.destroy();
	console.log('posted', posted);
})();

// Node's own clients: `node node.mjs fetch|http URL KEY LEAD CONCURRENCY START DIFFERENT SECONDS COUNT` posts leads for
// SECONDS, or COUNT of them, and prints the answers by status. `phone` is phone_number of leads.py.

import http from 'node:http';

const [kind, url, key, lead, ...numbers] = process.argv.slice(2);
const [concurrency, start, different, seconds, count] = numbers.map(Number);
const headers = { 'x-api-key': key, 'content-type': 'application/json' };
const fields = JSON.parse(lead);
const statuses = {};
const end = count ? Infinity : performance.now() + seconds * 1000;
let sent = 0;

function phone(place) {
  const area = (2 + place % 8) * 100 + Math.floor(place / 8) % 9 * 10 + 2 + Math.floor(place / 72) % 8;
  return `(${area}) 555-${1000 + Math.floor(place / 576) % 9000}`;
}

async function postWithFetch(body) {
  const answer = await fetch(url, { method: 'POST', headers, body });
  await answer.json();
  return answer.status;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });

function postWithHttp(body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers, agent }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode)).on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}

const post = { fetch: postWithFetch, http: postWithHttp }[kind];

async function work() {
  while (performance.now() < end && (!count || sent < count)) {
    const phoneNumber = phone((start + sent++) % different);
    const status = await post(JSON.stringify({ ...fields, phoneNumber }));
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
}

await Promise.all(Array.from({ length: concurrency }, work));
console.log(JSON.stringify({ statuses }));
process.exit();

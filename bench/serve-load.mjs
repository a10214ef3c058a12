// Load on `reward-score serve`, on loopback: is every answer the right one, and how many come a second?
//
//     npm run test:serve-load
//
// A server of its own (fixtures/tiny-gpt2, a port that is free), then autocannon: many connections that send different
// rows, each answer held against the reward that `score` printed for its row. Stops by itself; exits with 1 where an answer
// is wrong, or an error.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const binary = fileURLToPath(new URL('../bin/reward-score.js', import.meta.url));
const model = fileURLToPath(new URL('../fixtures/tiny-gpt2', import.meta.url));

/** Requests of each load, and seconds after which no more are sent. */
const AMOUNT = 2000;
const LONGEST_S = 30;
const TOLERANCE = 1e-5;

const loads = [
  { name: 'one row a request', connections: 64, rows: 1, path: '/v1/rewards' },
  { name: 'twenty rows a request', connections: 32, rows: 20, path: '/v1/rewards' },
  { name: "OpenRLHF's trainer, a query a request", connections: 64, rows: 1, path: '/get_reward' },
];

const texts = Array.from(
  { length: 400 },
  (_, i) => `User: ${'tell me more '.repeat(i % 9)}${i}\nBot: answer ${i * 7}\n`,
);
const known = rewardsOfCommandLine(texts);

const { server, url } = await startServer();
let wrong = 0;
try {
  for (const load of loads) wrong += await run(load);
} finally {
  server.kill('SIGTERM');
}
const [, signal] = await once(server, 'exit');
print(`${wrong} wrong answers; the server ended by ${signal}`);
process.exitCode = wrong === 0 && signal === 'SIGTERM' ? 0 : 1;

/** @returns how many answers were wrong, or errors */
async function run({ name, connections, rows, path }) {
  let [right, bad] = [0, 0];
  const requests = texts.map((_, first) => {
    const chosen = Array.from({ length: rows }, (__, i) => (first + i * 13) % texts.length);
    const sent = chosen.map((i) => texts[i]);
    const body = JSON.stringify(path === '/get_reward' ? { query: sent, prompts: sent, labels: [] } : { rows: sent });
    const onResponse = (status, text) => {
      if (status === 200 && isRight(JSON.parse(text), chosen)) right++;
      else bad++;
    };
    return { method: 'POST', path, body, headers: { 'content-type': 'application/json' }, onResponse };
  });
  // Each connection begins with another request.
  let next = 0;
  const setupClient = (client) => {
    const from = (next++ * 29) % requests.length;
    client.setRequests([...requests.slice(from), ...requests.slice(0, from)]);
  };
  const cannon = autocannon({ url, connections, amount: AMOUNT, timeout: 60, requests, setupClient });
  const late = setTimeout(() => cannon.stop(), LONGEST_S * 1000);
  const { duration, latency, errors, timeouts } = await cannon;
  clearTimeout(late);
  const rate = (n) => Math.round(n / duration).toLocaleString('en-US');
  print(
    `${name}: ${connections} connections, ${right} of ${right + bad} answers right, ${errors} errors (${timeouts} timeouts); ` +
      `${rate(right)} requests/s, ${rate(right * rows)} rows/s; latency ms p50 ${latency.p50}, p99 ${latency.p99}, ` +
      `max ${latency.max}`,
  );
  return right === 0 ? 1 : bad + errors;
}

function isRight({ rows, rewards }, chosen) {
  const got = rewards ?? rows.map(({ reward }) => reward);
  const isText = (i, k) => rows === undefined || rows[k].text === texts[i];
  return (
    got.length === chosen.length &&
    chosen.every((i, k) => Math.abs(got[k] - known[i]) <= TOLERANCE * Math.max(1, Math.abs(known[i])) && isText(i, k))
  );
}

function rewardsOfCommandLine(values) {
  const input = values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const { stdout } = spawnSync(process.execPath, [binary, '-q', '-m', model, '--to', 'scores'], {
    input,
    encoding: 'utf8',
  });
  return stdout.trimEnd().split('\n').map(Number);
}

async function startServer() {
  const child = spawn(process.execPath, [binary, 'serve', '-m', model, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let address;
  for await (const line of createInterface({ input: child.stderr })) {
    address ??= /listening on (\S+)/.exec(line)?.[1];
    if (/ready/.test(line)) break;
  }
  child.stderr.resume();
  return { server: child, url: address };
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

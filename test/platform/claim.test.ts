/** A claim has one holder, whatever processes do at once, and none that has died. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { type Claim, type ClaimResult, takeClaim } from '../../dist/platform/claim.js';
import { root, temporaryDirectory } from '../support/run.js';

const folder = temporaryDirectory();
const path = join(folder, 'out.lock');
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});

const dead = { host: hostname(), pid: 2 ** 22 + 1, started: '1', id: 'dead' };
const elsewhere = { host: 'another machine', pid: 7, started: '1', id: 'elsewhere' };
const claimOf = (result: ClaimResult): Claim => {
  assert.ok('claim' in result, JSON.stringify(result));
  return result.claim;
};
const never = (): Promise<void> => Promise.reject(new Error('it was not to wait'));

test('one holder, until it releases', async () => {
  const first = claimOf(await takeClaim(path, never));
  const second = await takeClaim(path, never);
  assert.ok('holder' in second && second.holder?.pid === process.pid);
  assert.ok(first.isHeld());
  first.release();
  first.release();
  assert.deepEqual(readdirSync(folder), []);
  claimOf(await takeClaim(path, never)).release();
});

test('the claim of a dead process is taken over, and by one of many only', async () => {
  writeFileSync(path, JSON.stringify(dead));
  const results = await Promise.all(Array.from({ length: 50 }, () => takeClaim(path, never)));
  const claims = results.filter((result) => 'claim' in result);
  assert.equal(claims.length, 1);
  assert.deepEqual(readdirSync(folder), ['out.lock']);
  claimOf(claims[0] as ClaimResult).release();
});

test('a process that died while it took over hinders nobody', async () => {
  writeFileSync(path, JSON.stringify(dead));
  writeFileSync(`${path}.dead`, JSON.stringify({ ...dead, id: 'dead-too' }));
  claimOf(await takeClaim(path, never)).release();
  assert.deepEqual(readdirSync(folder), []);
});

test('an earlier process of the same number is not this one', async () => {
  writeFileSync(path, JSON.stringify({ ...dead, pid: process.pid }));
  claimOf(await takeClaim(path, never)).release();
});

test('a holder on another machine that touches its claim holds it', async () => {
  writeFileSync(path, JSON.stringify(elsewhere));
  const touch = async (): Promise<void> => utimesSync(path, new Date(), new Date(Date.now() + 60_000));
  const result = await takeClaim(path, touch);
  assert.ok('holder' in result && result.holder?.host === elsewhere.host);
  assert.equal(readFileSync(path, 'utf8'), JSON.stringify(elsewhere));
});

test('a holder on another machine that does not is taken for dead', async () => {
  writeFileSync(path, JSON.stringify(elsewhere));
  utimesSync(path, new Date(), new Date(Date.now() - 60_000));
  claimOf(await takeClaim(path, never)).release();
});

test('what is no claim is taken over once nobody touches it', async () => {
  writeFileSync(path, '');
  utimesSync(path, new Date(), new Date(Date.now() - 60_000));
  claimOf(await takeClaim(path, never)).release();
});

test('a claim that was taken over is not held, and releasing it leaves the other one', async () => {
  const claim = claimOf(await takeClaim(path, never));
  rmSync(path);
  writeFileSync(path, JSON.stringify(elsewhere));
  assert.ok(!claim.isHeld());
  claim.release();
  assert.ok(existsSync(path));
});

/** A process that takes the claim, says who holds it, and then waits. */
function rival(): ChildProcess {
  const script = `
    import { takeClaim } from ${JSON.stringify(join(root, 'dist/platform/claim.js'))};
    process.stdin.once('data', async () => {
      const result = await takeClaim(${JSON.stringify(path)});
      process.stdout.write('claim' in result ? 'claim' : String(result.holder.pid));
      process.stdin.once('data', () => process.exit());
    });
    process.stdout.write('ready');`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
}

const said = async (child: ChildProcess): Promise<string> =>
  String(((await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer])[0]);

test('of processes that find a dead claim at once, one takes it; killed, it is succeeded', async () => {
  writeFileSync(path, JSON.stringify(dead));
  const rivals = [rival(), rival(), rival()];
  await Promise.all(rivals.map(said));
  const answers = rivals.map(said);
  for (const child of rivals) child.stdin?.write('go');
  const all = await Promise.all(answers);
  const winner = all.indexOf('claim');
  assert.deepEqual(all.filter((answer) => answer === 'claim').length, 1, `${all}`);
  const closed = rivals.map((child) => once(child, 'close'));
  rivals[winner]?.kill('SIGKILL');
  await closed[winner];
  claimOf(await takeClaim(path, never)).release();
  for (const child of rivals) child.stdin?.write('end');
  await Promise.all(closed);
});

test('process.exit releases', async () => {
  const child = rival();
  await said(child);
  child.stdin?.write('go');
  assert.equal(await said(child), 'claim');
  child.stdin?.write('end');
  await once(child, 'close');
  assert.deepEqual(readdirSync(folder), []);
});

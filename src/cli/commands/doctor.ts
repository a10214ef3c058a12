/** `doctor`: what this machine has, what that means for scoring, and what to do about it. */
import { FatalError } from '../../errors.js';
import { type HubReach, reachHub } from '../../hub/reach.js';
import { wrapped } from '../../report/text-layout.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit-codes.js';
import type { FlagsOf } from '../flags/flags.js';
import { checkBundledModel } from './doctor/bundled-model.js';
import type { Check } from './doctor/check.js';
import { checkCores, checkMemory, checkNode, checkOnnxruntime, checkProcessor } from './doctor/machine.js';
import { checkHub, checkHubCache, checkPreparedModels, checkToken } from './doctor/places.js';
import { Session } from './session.js';
import { textSettings } from './terminal.js';

type DoctorFlags = FlagsOf<'doctor'>;

export async function doctor(flags: DoctorFlags, context: CommandContext): Promise<number> {
  const session = new Session(context, { quiet: flags.quiet, progress: false }, { inputs: [], onSignal: 'ending' });
  const checks: Check[] = [];
  try {
    for await (const check of checksOf(flags, session.signal, context)) {
      checks.push(check);
      if (!flags.json && !(flags.quiet && check.state === 'ok')) context.stdout.write(inWords(check, context));
    }
  } catch (error) {
    if (session.received === undefined) throw error;
  } finally {
    session.end();
  }
  if (session.received !== undefined) return session.dieBySignal(session.received);
  const wrong = checks.filter(({ state }) => state === 'wrong').map(({ name }) => name);
  if (flags.json) context.stdout.write(`${JSON.stringify({ version: context.version, wrong, checks }, null, 2)}\n`);
  return wrong.length > 0 ? ExitCode.badRows : ExitCode.ok;
}

async function* checksOf(
  { offline }: DoctorFlags,
  signal: AbortSignal,
  { version }: CommandContext,
): AsyncGenerator<Check> {
  yield checkNode(version, process.versions.node);
  yield checkProcessor();
  yield checkCores();
  yield checkMemory();
  yield checkOnnxruntime();
  yield checkPreparedModels();
  const reach = await reachOf(offline, signal);
  if ('state' in reach) yield reach;
  else {
    yield checkHubCache(reach);
    yield checkHub(reach);
    yield checkToken(reach);
  }
  yield await checkBundledModel(signal);
}

async function reachOf(offline: boolean, signal: AbortSignal): Promise<HubReach | Check> {
  try {
    return await reachHub({ offline, signal });
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    const meaning = 'A variable or a file of the hub is not what it should be: correct it, or unset it.';
    return { name: 'hub', state: 'wrong', found: error.message, meaning, facts: { problem: error.message } };
  }
}

/** The columns of the state and of the name. */
const MARGIN = 20;

function inWords({ name, state, found, meaning }: Check, context: CommandContext): string {
  const { paint, width } = textSettings(context);
  const margin = ' '.repeat(MARGIN);
  const [first = '', ...others] = wrapped(found, margin, width);
  const word = state === 'wrong' ? paint.bad(state) : state === 'note' ? paint.heading(state) : state;
  const head = `${word}${' '.repeat(7 - state.length)}${name.padEnd(MARGIN - 7)}${first.slice(MARGIN)}`;
  return `${[head, ...others, ...wrapped(meaning, margin, width).map(paint.faint)].join('\n')}\n`;
}

/** Plans of `--output-dir`: an output for each input, as if each were scored by a run of its own, with one model. */
import { basename, resolve } from 'node:path';
import { usageError } from '../../errors.js';
import { claimOutput } from '../../run/claim-output.js';
import { contentName } from '../../run/containers.js';
import { type InputPlace, pathOf } from '../../run/input.js';
import { bringBack, claimedNameIn, makeFolders, moveToPlace, placesInFolder } from '../../run/output-folder.js';
import type { CommandContext } from '../context.js';
import { formatsOf, type Plan, planScoring, type ScoreOrBestFlags } from './plan.js';

export interface FolderPlan {
  readonly plans: readonly Plan[];
  /** Called at the very end, however the run ends. */
  release(): void;
}

/** @throws FatalError before anything is started or written */
export async function planFolder(
  folder: string,
  inputs: readonly InputPlace[],
  flags: ScoreOrBestFlags,
  context: CommandContext,
): Promise<FolderPlan> {
  refuseBeside(flags);
  const places = placesInFolder(folder, inputs.map(pathOf), (file) => {
    // As `-o` with a name that says nothing.
    const { from, to } = formatsOf([file], { ...flags, output: 'output' });
    return { to, isOwn: to === from || (to === 'jsonl' && /\.ndjson$/i.test(contentName(basename(file)))) };
  });
  const targets = new Set(places.map(({ target }) => resolve(target)));
  for (const [flag, path] of Object.entries({ '--errors': flags.errors, '--summary': flags.summary })) {
    if (path !== undefined && targets.has(resolve(path))) {
      throw usageError(`${path}: expected ${flag} to be another file than an output in --output-dir`);
    }
  }
  const { outputDir: _, ...ofEach } = flags;
  const byPath = new Map(inputs.map((place) => [pathOf(place), place]));
  const inputAt = (path: string): InputPlace => byPath.get(path) ?? path;
  const plans: Plan[] = [];
  if (flags.dryRun) {
    for (const { input } of places)
      plans.push(await planScoring([inputAt(input)], { ...ofEach, resume: false }, context));
    return { plans, release: () => undefined };
  }
  const removeEmpty = makeFolders(folder, places);
  let release = removeEmpty;
  try {
    const claim = await claimOutput(claimedNameIn(folder));
    release = () => {
      claim.release();
      removeEmpty();
    };
    for (const place of places) {
      if (flags.resume) bringBack(place);
      const plan = await planScoring([inputAt(place.input)], { ...ofEach, output: place.work }, context, claim);
      plans.push({
        ...plan,
        ...(flags.errors !== undefined && { errorsPath: `${place.work}.errors` }),
        moveToPlace: () => moveToPlace(place),
      });
    }
    return { plans, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** @throws FatalError `usage` for flags that exclude a folder of outputs */
function refuseBeside({ output, shard, topPercent, dryRun, errors }: ScoreOrBestFlags): void {
  for (const [flag, given, why] of [
    ['-o', output !== '-', 'each input has a file of its own there'],
    ['--shard', shard !== undefined, 'merge joins the shards of one output'],
    [
      '--top-percent',
      topPercent !== undefined,
      'which rows are the best, all files say, and each is finished by itself',
    ],
    ['--errors in a dry run', dryRun && errors !== undefined, 'nothing is written there then'],
  ] as const) {
    if (given) throw usageError(`expected --output-dir without ${flag}: ${why}`);
  }
}

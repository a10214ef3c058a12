/** A folder in which the commands of a document find what they name, and the program itself. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encoderNamed, makeEncoder } from './encoder-models.js';
import { HubFixture } from './hub-fixture.js';
import { environment, jsonLines, root, temporaryDirectory, writeFile } from './run.js';

const model = join(root, 'fixtures/tiny-gpt2');
const files = Object.fromEntries(readdirSync(model).map((name) => [name, readFileSync(join(model, name))]));
const parquet = readFileSync(join(root, 'test/oracle/parquet/rows-1.parquet'));
/** Names of model directories in the documents, and in the examples of --help. */
const modelNames = ['gpt2-reward-model', 'my-model'];

/** Models of test/oracle/encoder_models.json, by the ids that a page has. */
const encodersOfPages = {
  'HuggingFaceFW/fineweb-edu-classifier': 'bert',
  'j-hartmann/emotion-english-distilroberta-base': 'roberta-labels',
  'BAAI/bge-reranker-v2-m3': 'xlm-roberta',
  'OpenAssistant/reward-model-deberta-v3-large-v2': 'deberta',
};

export class Desk {
  readonly #directory = temporaryDirectory();
  readonly #hub: HubFixture;

  private constructor(hub: HubFixture) {
    this.#hub = hub;
    const at = (name: string): string => join(this.#directory, name);
    for (const folder of ['.path', '.zfunc', '.config/fish/completions', 'node_modules']) {
      mkdirSync(at(folder), { recursive: true });
    }
    symlinkSync(process.execPath, at('.path/node'));
    symlinkSync(join(root, 'bin/reward-score.js'), at('.path/reward-score'));
    symlinkSync(root, at('node_modules/reward-score'));
    for (const name of ['bin', 'fixtures']) symlinkSync(join(root, name), at(name));
    for (const name of modelNames) symlinkSync(model, at(name));
    copyFileSync(join(root, 'fixtures/conversations.jsonl'), at('chats.jsonl'));
    writeFile(this.#directory, 'chats.jsonl.gz', gzipSync(readFileSync(at('chats.jsonl'))));
    writeFile(this.#directory, 'chats.csv', 'prompt,response\nhello, hi\n"a, b", c\n');
    writeFile(this.#directory, 'chats.csv.gz', gzipSync(readFileSync(at('chats.csv'))));
    const candidates = ['Bees.', 'Two goats.', 'Nothing.'];
    const row = { prompt: 'What does the keeper keep?', candidates };
    writeFile(this.#directory, 'candidates.jsonl', `${JSON.stringify(row)}\n`);
    writeFile(this.#directory, 'scored-candidates.jsonl', `${JSON.stringify({ ...row, reward: [0.5, 1.5, -2] })}\n`);
    writeFile(this.#directory, 'samples.csv', 'prompt_id,prompt,response\n1,hello, hi\n1,hello, you\n2,well,...\n');
    writeFile(this.#directory, 'texts.txt', 'one\ntwo\n');
    this.#putEncoders();
    const scored = readFileSync(join(root, 'fixtures/labelled.jsonl'), 'utf8');
    for (const name of ['labelled-scored', 'old', 'new']) writeFile(this.#directory, `${name}.jsonl`, scored);
    writeFile(
      this.#directory,
      'new.csv',
      `id,reward\n${jsonLines(scored)
        .map(({ id }) => `${id},${id}\n`)
        .join('')}`,
    );
    writeFile(this.#directory, 'both.jsonl', '{"reward_a":1,"reward_b":2}\n{"reward_a":2,"reward_b":0}\n');
    const suites = JSON.parse(readFileSync(join(root, 'test/oracle/suites.json'), 'utf8'));
    writeFile(this.#directory, 'total_dataset.json', JSON.stringify(suites['rm-bench'].rows));
    writeFile(this.#directory, 'labelled.jsonl', scored.replaceAll(/, "reward".*(?=\})/g, ''));
  }

  /** What the page on classifiers names: small models of the same families, where a path is looked for before the hub. */
  #putEncoders(): void {
    for (const [name, encoder] of Object.entries(encodersOfPages)) {
      const path = join(this.#directory, name);
      makeEncoder(path, encoderNamed(encoder));
      copyFileSync(join(root, 'test/oracle/encoder_tokenizer.json'), join(path, 'tokenizer.json'));
      writeFile(path, 'tokenizer_config.json', '{"tokenizer_class": "PreTrainedTokenizerFast"}');
    }
    const put = (name: string, rows: readonly object[]): string =>
      writeFile(this.#directory, name, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const [query, documents] = ['how do bees find home', ['by the sun', 'a hive is full']] as const;
    put('pages.jsonl', [{ text: 'the sun is a star' }, { text: `${'and '.repeat(600)}so on` }]);
    put('queries.jsonl', [{ query, candidates: documents }]);
    put(
      'passages.jsonl',
      documents.map((document) => ({ query_id: 17, query, document })),
    );
    writeFile(this.#directory, 'other-names.csv', 'q,passage\nwho is it,me\n');
    put('answers.jsonl', [{ question: 'who is it', answer: 'me' }]);
    put('preferences.jsonl', [
      { prompt: 'who is it', chosen: 'me', rejected: 'a star' },
      { prompt: 'is it the sun', chosen: 'so it is', rejected: 'me' },
    ]);
  }

  /** With a hub that has the model `org/name` and the data set `ORG/NAME`. */
  static async start(): Promise<Desk> {
    const datasets = { 'ORG/NAME': { branches: { 'refs/convert/parquet': { 'default/test/0000.parquet': parquet } } } };
    return new Desk(await HubFixture.start({ model: 'org/name', files, datasets }));
  }

  /** Returns standard output. A command says in a comment with which code it ends, where that is not 0. */
  shell(command: string): Promise<string> {
    const stated = /#.*\bexit code (\d+)/.exec(command)?.[1];
    return this.#run('bash', ['-c', `set -o pipefail\n${command}`], Number(stated ?? 0));
  }

  node(program: string): Promise<string> {
    return this.#run(process.execPath, ['--input-type=module', '--eval', program], 0);
  }

  #run(program: string, args: readonly string[], code: number): Promise<string> {
    const env = environment({
      ...this.#hub.variables,
      PATH: `${join(this.#directory, '.path')}${delimiter}${process.env.PATH}`,
      HOME: this.#directory,
      REWARD_SCORE_CACHE: join(this.#directory, '.cache'),
    });
    return new Promise((resolve, reject) => {
      const child = execFile(program, args, { cwd: this.#directory, env }, (_, stdout, stderr) => {
        if (child.exitCode === code) resolve(stdout);
        else
          reject(new Error(`${args.at(-1)}\nexit code ${child.exitCode ?? child.signalCode}, not ${code}\n${stderr}`));
      });
      child.stdin?.end();
    });
  }
}

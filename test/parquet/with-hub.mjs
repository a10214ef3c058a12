/**
 * Runs a program beside the double of a hub with a data set, whose address it gets in HF_ENDPOINT:
 * node test/parquet/with-hub.mjs PROGRAM [ARGUMENT...]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { HubDouble } from '../../.test-build/support/hub-double.js';

const parquet = (name) => readFileSync(new URL(`../oracle/parquet/${name}.parquet`, import.meta.url));
const groups = parquet('groups-of-7');
const data = {
  pageSize: 3,
  branches: {
    main: {
      'README.md': '# data\n',
      'data/a.parquet': groups,
      'data/b.parquet': groups,
      'data/deep/er/c.parquet': parquet('basic-zstd-v1'),
      'rows.jsonl': '{"text":"a"}\n{"text":"b"}\n',
    },
    'refs/convert/parquet': {
      'default/train/0000.parquet': parquet('pages-long-v1'),
      'default/train/0001.parquet': parquet('pages-long-v2'),
    },
  },
};
const stops = [];
const { endpoint } = await HubDouble.start({ files: {}, datasets: { 'org/data': data } }, (stop) => stops.push(stop));
const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, HF_ENDPOINT: endpoint } });
const [code] = await once(child, 'exit');
for (const stop of stops) stop();
process.exitCode = code ?? 1;

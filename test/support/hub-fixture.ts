/** A hub with a small model on it, and an empty cache to bring it into. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLimits, type HubLimits } from '../../dist/hub/limits.js';
import { type DownloadProgress, type HubContext, type HubModel, resolveHubModel } from '../../dist/hub/resolve.js';
import { wantedModelFiles } from '../../dist/model/checkpoint/wanted-files.js';
import { wantedTokenizerFiles } from '../../dist/model/tokenizer/wanted-files.js';
import { HubDouble, type HubOptions } from './hub-double.js';
import { temporaryDirectory } from './run.js';

const directory = temporaryDirectory();

/** Enough to come in several pieces. */
export const weights = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));

export const modelFiles = {
  'README.md': '---\nlicense: mit\n---\n',
  'config.json': '{"model_type":"gpt2"}',
  'model.safetensors': weights,
  'pytorch_model.bin': 'not wanted beside safetensors',
  'tf_model.h5': 'never wanted',
  'tokenizer.json': '{"model":{}}',
  'tokenizer_config.json': '{}',
  'vocab.json': 'not wanted beside tokenizer.json',
  'merges.txt': 'not wanted beside tokenizer.json',
};

/** What is downloaded of them. */
export const wantedFiles = ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

export interface ResolveSettings {
  readonly id?: string;
  readonly purpose?: 'model' | 'tokenizer';
  readonly offline?: boolean;
  readonly variables?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly limits?: Partial<HubLimits>;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** In place of a wait between tries; none is waited for. */
  readonly onPause?: (ms: number) => void | Promise<void>;
  /** Told when a limit on silence begins; calling `expire` is its end. */
  readonly onDeadline?: (ms: number, expire: () => void) => void;
}

export class HubFixture {
  readonly hub: HubDouble;
  readonly cache: string;
  readonly notices: string[] = [];
  /** Waits that were asked for, in milliseconds. */
  readonly pauses: number[] = [];

  private constructor(hub: HubDouble, cache: string) {
    this.hub = hub;
    this.cache = cache;
  }

  static async start(options: Partial<HubOptions> = {}): Promise<HubFixture> {
    const hub = await HubDouble.start({ files: modelFiles, ...options });
    return new HubFixture(hub, mkdtempSync(join(directory, 'cache-')));
  }

  get variables(): Record<string, string> {
    return { HF_ENDPOINT: this.hub.endpoint, HF_HUB_CACHE: this.cache, HF_HOME: join(this.cache, 'home') };
  }

  get modelDirectory(): string {
    return join(this.cache, 'models--org--model');
  }

  get snapshot(): string {
    return join(this.modelDirectory, 'snapshots', this.hub.commit);
  }

  blob(etag: string): string {
    return join(this.modelDirectory, 'blobs', etag);
  }

  resolve(settings: ResolveSettings = {}): Promise<HubModel> {
    const context: HubContext = {
      variables: { ...this.variables, ...settings.variables },
      timing: {
        pause: async (ms) => {
          this.pauses.push(ms);
          await settings.onPause?.(ms);
        },
        deadline: (ms, expire) => {
          settings.onDeadline?.(ms, expire);
          return () => undefined;
        },
      },
      limits: { ...defaultLimits, ...settings.limits },
    };
    return resolveHubModel(
      settings.id ?? 'org/model',
      settings.purpose === 'tokenizer' ? wantedTokenizerFiles : wantedModelFiles,
      {
        offline: settings.offline ?? false,
        onProgress: settings.onProgress ?? (() => undefined),
        notify: (message) => this.notices.push(message),
        signal: settings.signal,
      },
      context,
    );
  }
}

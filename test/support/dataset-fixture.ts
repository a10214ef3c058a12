/** Data sets of a hub on this machine, looked up without waits. */

import { type DatasetFiles, type LocateOptions, locateDataset } from '../../dist/hub/datasets/locate.js';
import { defaultLimits } from '../../dist/hub/limits.js';
import type { DatasetOptions } from './hub-datasets.js';
import { HubDouble } from './hub-double.js';
import { temporaryDirectory } from './run.js';

const directory = temporaryDirectory();

export interface LocateSettings extends Partial<LocateOptions> {
  readonly variables?: Readonly<Record<string, string>>;
}

export class DatasetFixture {
  readonly hub: HubDouble;
  readonly notices: string[] = [];
  /** Waits that were asked for, in milliseconds. */
  readonly pauses: number[] = [];

  private constructor(hub: HubDouble) {
    this.hub = hub;
  }

  /** With one data set, org/data. */
  static async start(dataset: DatasetOptions): Promise<DatasetFixture> {
    return new DatasetFixture(await HubDouble.start({ files: {}, datasets: { 'org/data': dataset } }));
  }

  get variables(): Record<string, string> {
    return { HF_ENDPOINT: this.hub.endpoint, HF_HOME: directory };
  }

  get dataset() {
    const dataset = this.hub.datasets.get('org/data');
    if (dataset === undefined) throw new Error('the hub has no org/data');
    return dataset;
  }

  locate(address: string, { variables, ...options }: LocateSettings = {}): Promise<DatasetFiles> {
    return locateDataset(
      address,
      {
        offline: false,
        subset: undefined,
        split: undefined,
        begun: [],
        notify: (message) => this.notices.push(message),
        ...options,
      },
      {
        variables: { ...this.variables, ...variables },
        timing: { pause: async (ms) => void this.pauses.push(ms), deadline: () => () => undefined },
        limits: defaultLimits,
      },
    );
  }
}

/** A Slurm of two nodes on this machine: a controller and a slurmd for each node, all from one folder, on loopback. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { environment } from '../support/run.js';
import { commandOf, lineageOf } from './latch.js';
import { until } from './until.js';

const run = promisify(execFile);

export const slurmPrograms = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'scontrol'];

const nodes = ['n1', 'n2'] as const;
type Node = (typeof nodes)[number];

/** A job, or one task of an array, as scontrol shows it: JobState, Restarts, BatchHost … */
export type Job = Readonly<Record<string, string>>;

export class SlurmCluster {
  readonly #folder: string;
  readonly #env: Record<string, string | undefined>;
  readonly #daemons = new Map<string, ChildProcess>();

  private constructor(folder: string, bin: string) {
    this.#folder = folder;
    this.#env = {
      ...environment(),
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      SLURM_CONF: join(folder, 'slurm.conf'),
    };
  }

  /** @param bin a folder of programs that the jobs find first */
  static async start(folder: string, bin: string): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(folder, bin);
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #start(): Promise<void> {
    const at = (name: string): string => join(this.#folder, name);
    for (const name of ['state', ...nodes]) mkdirSync(at(name));
    const [controller, ...ports] = await freePorts(1 + nodes.length);
    const machine = hostname();
    writeFileSync(
      at('slurm.conf'),
      `ClusterName=engines
SlurmctldHost=${machine}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=root
# A requeued job waits until what its first start was allowed to do has run out.
AuthInfo=socket=${at('munge.socket')},cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=${at('state')}
SlurmdSpoolDir=${at('%n')}
SlurmctldPidFile=${at('slurmctld.pid')}
SlurmdPidFile=${at('%n.pid')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
ReturnToService=2
# A node that is not heard of for so many seconds is down.
SlurmdTimeout=10
# The nodes are as large as they say, whatever the machine is.
SlurmdParameters=config_overrides
${nodes.map((node, i) => `NodeName=${node} NodeHostname=${machine} NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=4 RealMemory=8192\n`).join('')}PartitionName=all Nodes=ALL Default=YES State=UP
`,
    );
    writeFileSync(at('munge.key'), randomBytes(128), { mode: 0o400 });
    const places = ['socket', 'key-file', 'pid-file', 'log-file', 'seed-file'].map(
      (name) => `--${name}=${at(`munge.${name.replace('-file', '')}`)}`,
    );
    this.#spawn('munged', ['--foreground', '--force', ...places]);
    await this.until('munged', () => existsSync(at('munge.socket')));
    this.#spawn('slurmctld', ['-D', '-f', at('slurm.conf')]);
    for (const node of nodes) this.#startNode(node);
    await this.#untilIdle();
  }

  /** A node's power is back. */
  async restart(node: Node): Promise<void> {
    this.#startNode(node);
    await this.#untilIdle();
  }

  #startNode(node: Node): void {
    this.#spawn(node, ['-D', '-f', join(this.#folder, 'slurm.conf'), '-N', node], 'slurmd');
  }

  async #untilIdle(): Promise<void> {
    await this.until('both nodes to be idle', async () => {
      const states = await this.command('sinfo', '--noheader', '--Node', '--format=%T').catch(() => '');
      return states === 'idle\nidle\n';
    });
  }

  /** The power of the node where the process runs is cut: its slurmd is gone, and whatever that has started. */
  cutPowerAt(pid: number): Node {
    const node = environmentOf(pid).get('SLURMD_NODENAME') as Node;
    const onNode = processes().filter((each) => {
      const variables = environmentOf(each);
      return variables.get('SLURM_CONF') === this.#env.SLURM_CONF && variables.get('SLURMD_NODENAME') === node;
    });
    // A job's lineage goes up to a slurmstepd, which carries no such variable.
    const stepds = onNode.flatMap(lineageOf).filter((each) => commandOf(each).startsWith('slurmstepd'));
    this.#daemons.get(node)?.kill('SIGKILL');
    for (const each of new Set([...stepds, ...onNode])) process.kill(each, 'SIGKILL');
    return node;
  }

  /** A job's tasks, or the one job of the number. */
  async jobs(id: string): Promise<Job[]> {
    const shown = await this.command('scontrol', '--oneliner', 'show', 'job', id);
    return shown
      .trim()
      .split('\n')
      .map((line) => Object.fromEntries([...line.matchAll(/(\w+)=(\S*)/g)].map(([, key, value]) => [key, value])));
  }

  /** Standard output. */
  async command(program: string, ...args: readonly string[]): Promise<string> {
    return this.commandWith({}, program, ...args);
  }

  async commandWith(
    variables: Readonly<Record<string, string>>,
    program: string,
    ...args: readonly string[]
  ): Promise<string> {
    const { stdout } = await run(program, args, { env: { ...this.#env, ...variables }, cwd: this.#folder });
    return stdout;
  }

  async stop(): Promise<void> {
    // Jobs outlive their slurmd.
    await this.command('scancel', '--user=root').catch(() => undefined);
    await this.until('jobs to end', async () => {
      return (await this.command('squeue', '--noheader').catch(() => '')) === '';
    });
    for (const [, daemon] of [...this.#daemons].reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const exit = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await exit;
    }
  }

  #spawn(name: string, args: readonly string[], program = name): void {
    const log = openSync(join(this.#folder, `${name}.log`), 'a');
    const daemon = spawn(program, args, { env: this.#env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#daemons.set(name, daemon);
  }

  until<T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
    return until(what, ask, () => this.#logs());
  }

  /** The ends of the daemons' logs. */
  #logs(): string {
    return [...this.#daemons.keys()]
      .map((name) => `${name}:\n${readFileSync(join(this.#folder, `${name}.log`), 'utf8').slice(-3000)}`)
      .join('\n');
  }
}

const processes = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);

/** What the process was started with; nothing of one that is gone. */
function environmentOf(pid: number): Map<string, string> {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return new Map(variables.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  } catch {
    return new Map();
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

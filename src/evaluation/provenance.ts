/** Where an evaluation's numbers come from: the model, its settings, the files, the command. */

export interface ModelName {
  readonly name: string;
  readonly revision: string | null;
  readonly sha256: string;
}

/** The model that scored a file before, and the file beside it that says so. */
export interface ScoredBefore {
  readonly model: ModelName;
  readonly source: string;
}

export interface ProvenanceOfFile {
  readonly path: string;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly rows: number;
  /** null where its rewards were computed in this run, or nothing says which model computed them. */
  readonly scoredBy: ScoredBefore | null;
}

export interface Provenance {
  /** Version of reward-score. */
  readonly version: string;
  /** As ISO 8601. */
  readonly date: string;
  /** The command line, each word as it was given. */
  readonly command: readonly string[];
  readonly runtime: { readonly node: string; readonly onnxruntime: string | null };
  /** The model that scored in this run; null where rows had their rewards already. */
  readonly model:
    | (ModelName & { readonly architecture: string; readonly parameters: number; readonly precision: string })
    | null;
  /** How it scored, and what each setting comes from. */
  readonly settings: readonly { readonly name: string; readonly value: string; readonly source: string }[];
  /** What decides the evaluation, by flag; null where a flag is not given. */
  readonly flags: Readonly<Record<string, string | number | boolean | null>>;
  readonly inputs: readonly ProvenanceOfFile[];
  readonly baseline: Pick<ProvenanceOfFile, 'path' | 'rows' | 'scoredBy'> | null;
  /** Rows that were cut to the model's length, the tokens that they lost, and all that were left; of this run. */
  readonly cut: { readonly rows: number; readonly tokens: number; readonly tokensLeft: number };
}

/** What a person should read as the model's name. */
export function modelInWords({ model, inputs }: Pick<Provenance, 'model' | 'inputs'>): string {
  const before = new Set(inputs.flatMap(({ scoredBy }) => (scoredBy === null ? [] : [scoredBy.model.name])));
  const isKnown = inputs.every(({ scoredBy }) => scoredBy !== null);
  if (model !== null) return [model.name, ...before].join(', ');
  return before.size > 0 && isKnown ? [...before].join(', ') : 'unknown model';
}

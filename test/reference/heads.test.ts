/** Heads and adapters against peft and transformers (test/oracle/make_heads.py), and how others are refused. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  headsReference,
  headTensors,
  readSafetensors,
  writeHeadedModels,
  writeSafetensors,
} from '../support/headed-models.js';
import { texts } from '../support/oracle.js';
import { jsonLines, rewardScore, writeFile } from '../support/run.js';

const { adapters, maxLength, valueHeads, tokenHeads, twoLayers } = headsReference;
const { directory, sha256 } = await writeHeadedModels();
const input = writeFile(directory, 'texts.jsonl', texts.map(({ text }) => `${JSON.stringify({ text })}\n`).join(''));
const TOLERANCE = 1e-5;

const at = (name: string): string => join(directory, name);
const run = (model: string, ...args: readonly string[]) =>
  rewardScore(['-m', model, '-q', '-j', '1', '--max-length', String(maxLength), ...args, input]);

/** Asserts that every text has its reference reward. */
async function holds(
  model: string,
  rewards: readonly (readonly number[])[],
  args: readonly string[] = [],
  label = 0,
): Promise<void> {
  const { code, stdout, stderr } = await run(model, ...args);
  assert.equal(code, 0, stderr);
  const rows = jsonLines(stdout);
  assert.equal(rows.length, texts.length);
  for (const [i, { reward }] of rows.entries()) {
    const expected = rewards[i]?.[label] as number;
    const difference = Math.abs((reward as number) - expected) / Math.max(1, Math.abs(expected));
    assert.ok(difference <= TOLERANCE, `${texts[i]?.name}: expected ${expected}, got ${reward}`);
  }
}

/** A copy of a model's folder, changed. */
function changed(model: string, name: string, change: (path: string) => void): string {
  const path = at(name);
  cpSync(at(model), path, { recursive: true });
  change(path);
  return path;
}

const editJson = (path: string, edit: object): void =>
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...edit }));

/** One line, without the program's name. */
async function refusal(model: string, ...args: readonly string[]): Promise<[code: number | null, line: string]> {
  const { code, stdout, stderr } = await run(model, ...args);
  assert.equal(stdout, '');
  assert.match(stderr, /^reward-score: [^\n]+\n$/);
  return [code, stderr.slice('reward-score: '.length, -1)];
}

test('the bases are those that the reference was made with', () => {
  assert.deepEqual(sha256, headsReference.sha256);
});

describe('adapters', () => {
  for (const [name, { rewards, heads = {} }] of Object.entries(adapters)) {
    if (rewards !== undefined) {
      const labels = rewards[0]?.length ?? 0;
      for (let label = 0; label < labels; label++) {
        test(labels === 1 ? name : `${name}, label ${label}`, () =>
          holds(at(name), rewards, labels === 1 ? [] : ['--logit', String(label)], label),
        );
      }
    }
    for (const [head, ofHead] of Object.entries(heads)) {
      test(`${name}, --head ${head}`, () => holds(at(name), ofHead, ['--head', head]));
    }
  }

  test('gpt2-two-labels, both labels at once', async () => {
    const { rewards = [] } = adapters['gpt2-two-labels'] ?? {};
    const { code, stdout, stderr } = await run(at('gpt2-two-labels'), '--logit', 'all');
    assert.equal(code, 0, stderr);
    const rows = jsonLines(stdout).map(({ reward }) => Object.values(reward as Record<string, number>));
    assert.deepEqual([rows.length, rewards.length], [texts.length, texts.length]);
    for (const [i, values] of rewards.entries()) {
      assert.equal(rows[i]?.length, 2);
      for (const [label, expected] of values.entries()) {
        const got = rows[i]?.[label] as number;
        const difference = Math.abs(got - expected) / Math.max(1, Math.abs(expected));
        assert.ok(difference <= TOLERANCE, `${texts[i]?.name}, label ${label}: expected ${expected}, got ${got}`);
      }
    }
  });

  test('fan_in_fan_out says nothing: the network says which weights are transposed', async () => {
    const path = changed('gpt2-head-saved', 'fan-in', (copy) =>
      editJson(join(copy, 'adapter_config.json'), { fan_in_fan_out: false }),
    );
    await holds(path, adapters['gpt2-head-saved']?.rewards ?? []);
  });

  test('the same files under another scale are another prepared model', async () => {
    const path = changed('gpt2-rslora', 'another-scale', (copy) =>
      editJson(join(copy, 'adapter_config.json'), { lora_alpha: 20 }),
    );
    const [first, other] = [await run(at('gpt2-rslora')), await run(path)].map(({ stdout }) => jsonLines(stdout));
    assert.ok(first?.every(({ reward }, i) => Math.abs((reward as number) - (other?.[i]?.reward as number)) > 1e-4));
    const { stdout } = await rewardScore(['model', 'list', '--json']);
    const prepared = (JSON.parse(stdout) as { model: string }[]).map(({ model }) => model);
    assert.ok([at('gpt2-rslora'), path].every((model) => prepared.includes(model)));
  });

  test('int8 is close', async () => {
    const expected = adapters['llama-patterns']?.rewards ?? [];
    const { stdout, stderr } = await run(at('llama-patterns'), '--precision', 'int8');
    const rows = jsonLines(stdout);
    assert.equal(rows.length, expected.length, stderr);
    const errors = rows.map(({ reward }, i) => Math.abs((reward as number) - (expected[i]?.[0] as number)));
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    assert.ok(mean < 0.05, `mean error ${mean}`);
  });

  test('its own tokenizer is used, and model info says what it stands on', async () => {
    const path = changed('llama-patterns', 'with-tokenizer', (copy) => {
      cpSync(join(at('llama-lm'), 'tokenizer.json'), join(copy, 'tokenizer.json'));
    });
    const { stdout, code, stderr } = await rewardScore(['model', 'info', path, '--json']);
    assert.equal(code, 0, stderr);
    const { base, tokenizer, settings, weights } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([base, tokenizer], ['adapter of ../llama-lm', path]);
    assert.deepEqual((settings as Record<string, unknown>).head, {
      value: 'classification head',
      source: 'adapter_model.safetensors',
    });
    assert.deepEqual(weights, [join(at('llama-lm'), 'model.safetensors'), join(path, 'adapter_model.safetensors')]);
  });

  test('a base named by a path from here, and one that is nowhere', async () => {
    const named = (base: unknown, name: string) =>
      changed('llama-patterns', name, (copy) =>
        editJson(join(copy, 'adapter_config.json'), { base_model_name_or_path: base }),
      );
    await holds(named(at('llama-lm'), 'absolute'), adapters['llama-patterns']?.rewards ?? []);
    const [code, line] = await refusal(named('/no/such/base', 'nowhere'));
    assert.deepEqual([code, line], [2, '/no/such/base: expected the base of an adapter, found nothing of that name']);
    const [offline, noCopy] = await refusal(named('org/base', 'on-hub'), '--offline');
    assert.equal(offline, 2);
    assert.match(noCopy, /^org\/base: found neither a directory of that name nor a downloaded copy .*--offline/);
    const [without, advice] = await refusal(named(null, 'unnamed'));
    assert.equal(without, 2);
    assert.match(advice, /expected base_model_name_or_path to name the model that the adapter stands on, got null/);
  });

  const fields: readonly [fields: object, expected: RegExp][] = [
    [{ peft_type: 'IA3' }, /expected peft_type to be "LORA", got "IA3"/],
    [{ task_type: 'TOKEN_CLS' }, /expected task_type to be one of a whole text, got "TOKEN_CLS"/],
    [{ bias: 'all' }, /expected bias to be one of none, got "all"/],
    [{ use_dora: true }, /expected use_dora to be false, got true/],
    [{ lora_bias: true }, /expected lora_bias to be false, got true/],
    [{ use_qalora: true }, /expected use_qalora to be false, got true/],
    [
      { init_lora_weights: 'pissa_niter_4' },
      /expected init_lora_weights to be one of .*change the base too, got "pissa_niter_4"/,
    ],
    [{ modules_to_save: ['score', 'embed_tokens'] }, /expected modules_to_save to be a list of none but the head/],
    [{ trainable_token_indices: [1] }, /expected trainable_token_indices to be absent, got \[1\]/],
    [{ layer_replication: [[0, 1]] }, /expected layer_replication to be absent/],
    [{ target_parameters: ['x'] }, /expected target_parameters to be absent/],
    [{ alora_invocation_tokens: [1] }, /expected alora_invocation_tokens to be absent/],
    [{ of_a_later_peft: 1 }, /expected of_a_later_peft to be absent, got 1/],
    [{ r: 0 }, /expected r to be a positive integer, got 0/],
    [{ lora_alpha: '4' }, /expected lora_alpha to be a number, got "4"/],
    [{ rank_pattern: { q_proj: 1.5 } }, /expected rank_pattern to be an object of positive integers/],
    [{ alpha_pattern: { 'q\\Z': 1 } }, /expected patterns in alpha_pattern, got q\\Z/],
    [
      { r: 5 },
      /expected lora_A \[5, 44\] and lora_B \[32, 5\] of model\.layers\.0\.mlp\.down_proj, as .* got \[2, 44\] and \[32, 2\]/,
    ],
  ];
  for (const [i, [edit, expected]] of fields.entries()) {
    test(`${JSON.stringify(edit)} is refused`, async () => {
      const path = changed('llama-patterns', `field-${i}`, (copy) => editJson(join(copy, 'adapter_config.json'), edit));
      const [code, line] = await refusal(path);
      assert.equal(code, 1);
      assert.match(line, expected);
    });
  }

  test('what is false, null or empty changes nothing, under any name', async () => {
    const path = changed('llama-patterns', 'empty-fields', (copy) =>
      editJson(join(copy, 'adapter_config.json'), {
        one: null,
        two: false,
        three: {},
        four: [],
        init_lora_weights: 'gaussian',
      }),
    );
    await holds(path, adapters['llama-patterns']?.rewards ?? []);
  });

  const tensors: readonly [name: string, edit: (all: ReturnType<typeof readSafetensors>) => void, expected: RegExp][] =
    [
      [
        'lora_embedding_A',
        rename('lora_A.weight', 'lora_embedding_A'),
        /got base_model\.model\..*lora_embedding_A; merge/,
      ],
      ['whole-norm', rename('model.score.weight', 'model.norm.weight'), /got base_model\.model\.norm\.weight; merge/],
      ['no-prefix', rename('base_model.model.score.weight', 'score.weight'), /got score\.weight; merge/],
      [
        'of-another',
        rename('layers.1.mlp.up_proj.lora', 'layers.7.mlp.up_proj.lora'),
        /got model\.layers\.7\.mlp\.up_proj, which/,
      ],
      [
        'without-B',
        (all) => void all.delete([...all.keys()].find((key) => key.includes('lora_B')) as string),
        /and none|and \[none\]/,
      ],
    ];
  for (const [name, edit, expected] of tensors) {
    test(`tensors: ${name}`, async () => {
      const path = changed('llama-patterns', `tensors-${name}`, (copy) => {
        const file = join(copy, 'adapter_model.safetensors');
        const all = readSafetensors(file);
        edit(all);
        writeSafetensors(file, all);
      });
      const [code, line] = await refusal(path);
      assert.equal(code, 1);
      assert.match(line, expected);
    });
  }

  test('a whole model beside an adapter, an adapter without weights, and one without its head', async () => {
    const both = changed('gpt2-rslora', 'both', (copy) => {
      cpSync(join(at('gpt2-classifier'), 'model.safetensors'), join(copy, 'model.safetensors'));
    });
    assert.match(
      (await refusal(both))[1],
      /expected an adapter or a whole model, got both .* move one of them elsewhere/,
    );
    const empty = changed('gpt2-rslora', 'empty', (copy) => rmSync(join(copy, 'adapter_model.safetensors')));
    assert.match((await refusal(empty))[1], /expected adapter_model\.safetensors or adapter_model\.bin beside/);
    const onAnother = changed('gpt2-rslora', 'on-another', (copy) =>
      editJson(join(copy, 'adapter_config.json'), { base_model_name_or_path: '../gpt2-head-saved' }),
    );
    assert.match(
      (await refusal(onAnother))[1],
      /expected a whole model as the base of the adapter in .*, got an adapter too/,
    );
    const [code, line] = await refusal(at('gpt2-tokens'));
    assert.equal(code, 2);
    assert.match(
      line,
      /GPT2LMHeadModel is a language model without a reward head, and .*adapter_model\.safetensors brings none/,
    );
  });
});

/** Renames the tensors with this in their names. */
function rename(from: string, to: string): (all: ReturnType<typeof readSafetensors>) => void {
  return (all) => {
    for (const [name, tensor] of [...all]) {
      if (!name.includes(from)) continue;
      all.delete(name);
      all.set(name.replace(from, to), tensor);
    }
  };
}

describe('value heads', () => {
  const shapes = { 'v_head.summary.weight': [1, 32], 'v_head.summary.bias': [1] };
  for (const [base, rewards] of Object.entries(valueHeads)) {
    test(`beside ${base}`, async () => {
      const path = changed(base, `${base}-value-beside`, (copy) =>
        writeSafetensors(join(copy, 'value_head.safetensors'), headTensors(shapes, 0.5)),
      );
      await holds(path, rewards);
    });
    test(`in ${base}`, async () => {
      const path = changed(base, `${base}-value-in`, (copy) => {
        const file = join(copy, 'model.safetensors');
        writeSafetensors(file, new Map([...readSafetensors(file), ...headTensors(shapes, 0.5)]));
      });
      await holds(path, rewards);
      const summary = at(`${base}-value-in.summary.json`);
      await run(path, '--summary', summary);
      const { scoring } = JSON.parse(readFileSync(summary, 'utf8')) as { scoring: Record<string, unknown> };
      assert.deepEqual([scoring.head, scoring.pooling], ['value head', 'last token']);
    });
  }

  test('one without its bias, or under other names, is refused', async () => {
    for (const [name, shape] of [
      ['no-bias', { 'v_head.summary.weight': [1, 32] }],
      ['other-names', { 'summary.weight': [1, 32], 'summary.bias': [1] }],
    ] as const) {
      const path = changed('gpt2-lm', name, (copy) =>
        writeSafetensors(join(copy, 'value_head.safetensors'), headTensors(shape, 0.5)),
      );
      const [code, line] = await refusal(path);
      assert.equal(code, 1);
      assert.match(line, /missing: .*score\.bias \[1\]/);
    }
  });

  test('--head is refused beside one', async () => {
    const [code, line] = await refusal(at('gpt2-lm-value-beside'), '--head', 'token:1');
    assert.equal(code, 2);
    assert.match(line, /expected no --head for GPT2LMHeadModel, which has a head of its own: value head/);
  });
});

describe('heads of two layers', () => {
  for (const [name, { base, shapes, rewards }] of Object.entries(twoLayers)) {
    const asNamed = (named: string, path: string): void => {
      const file = join(path, 'model.safetensors');
      const all = readSafetensors(file);
      all.delete('lm_head.weight');
      writeSafetensors(file, new Map([...all, ...headTensors(shapes, 0.6)]));
      editJson(join(path, 'config.json'), { architectures: [named], id2label: { 0: 'LABEL_0' } });
    };
    test(name, () =>
      holds(
        changed(base, name, (path) => asNamed(name, path)),
        rewards,
      ),
    );

    const classifier = base.startsWith('llama') ? 'LlamaForSequenceClassification' : 'Qwen2ForSequenceClassification';
    test(`not ${name}: nothing says what is between the layers`, async () => {
      const path = changed(base, `not-${name}`, (copy) => asNamed(classifier, copy));
      const [code, line] = await refusal(path);
      assert.equal(code, 1);
      assert.match(
        line,
        /missing: score\.weight .* it has a head of several layers, whose activation config\.json does not say/,
      );
    });
  }
});

describe('--head', () => {
  for (const [base, heads] of Object.entries(tokenHeads)) {
    for (const [head, rewards] of Object.entries(heads)) {
      test(`${head} of ${base}`, () => holds(at(base), rewards, ['--head', head]));
    }
  }

  test('a checkpoint with both, tied or not, is read by its output layer', async () => {
    const path = changed('gpt2-lm', 'both-tied', (copy) => {
      const file = join(copy, 'model.safetensors');
      const all = readSafetensors(file);
      const embeddings = all.get('transformer.wte.weight');
      assert.ok(embeddings);
      writeSafetensors(file, new Map([...all, ['lm_head.weight', embeddings]]));
    });
    await holds(path, tokenHeads['gpt2-lm']?.['token:0'] ?? [], ['--head', 'token:0']);
  });

  test('the summary names it, and a Jinja file may write the prompt', async () => {
    const template = writeFile(
      directory,
      'ask.jinja',
      '{% for m in messages %}{{ m.content }}{% endfor %}{{ "\\n" }}Bot:',
    );
    const summary = at('head.summary.json');
    const args = [
      '-m',
      at('gpt2-lm'),
      '-q',
      '-j',
      '1',
      '--head',
      'token:7',
      '--template',
      template,
      '--summary',
      summary,
    ];
    const stdin =
      '{"messages":[{"role":"user","content":"hi"}]}\n{"prompt":"h","response":"i"}\n{"text":"hi\\nBot:"}\n';
    const { code, stdout, stderr } = await rewardScore(args, { stdin });
    assert.equal(code, 0, stderr);
    const [messages, joined, text] = jsonLines(stdout).map(({ reward }) => reward as number);
    assert.ok(Math.abs((messages as number) - (text as number)) < 1e-5);
    assert.equal(joined, messages);
    const { scoring } = JSON.parse(readFileSync(summary, 'utf8')) as {
      scoring: Record<string, Record<string, unknown>>;
    };
    assert.deepEqual(
      [scoring.head, scoring.sources?.head, scoring.sources?.lastSpeaker],
      ['token:7', '--head', '--head'],
    );
  });

  const wrong: readonly [model: string, args: readonly string[], expected: RegExp][] = [
    [
      'gpt2-lm',
      [],
      /GPT2LMHeadModel is a language model without a reward head: ask for tokens' logits with --head yes-no:A,B or token:N, or name/,
    ],
    [
      'gpt2-classifier',
      ['--head', 'token:1'],
      /expected no --head for GPT2ForSequenceClassification, which has a head of its own: classification head/,
    ],
    [
      'llama-patterns',
      ['--head', 'token:1'],
      /expected no --head for LlamaForCausalLM, which has a head of its own: classification head/,
    ],
    [
      'gpt2-lm',
      ['--head', 'yes-no:Yes'],
      /expected --head to be yes-no:A,B or token:N, with two words or the id of a token, got "yes-no:Yes"/,
    ],
    ['gpt2-lm', ['--head', 'yes-no:a,a'], /expected --head to be yes-no:A,B/],
    ['gpt2-lm', ['--head', 'token:x'], /expected --head to be yes-no:A,B/],
    [
      'gpt2-lm',
      ['--head', 'token:512'],
      /expected --head to name tokens below 512, the size of the vocabulary, got 512/,
    ],
    [
      'gpt2-lm',
      ['--head', 'yes-no: Yes,robotic'],
      /expected each word of --head to be one token of the tokenizer, got "robotic", which is \d+ \("[^)]+"\); spaces count/,
    ],
    [
      'gpt2-lm',
      ['--head', 'token:1', '--template', 'chai'],
      /expected a Jinja file with --head, .* got --template chai/,
    ],
    ['gpt2-lm', ['--head', 'token:1', '--template', 'model'], /got --template model/],
  ];
  for (const [model, args, expected] of wrong) {
    test(`${model} ${args.join(' ')}`, async () => {
      const [code, line] = await refusal(at(model), ...args);
      assert.equal(code, 2);
      assert.match(line, expected);
    });
  }

  test('rows of other kinds than text are refused', async () => {
    for (const row of [
      { messages: [{ role: 'user', content: 'hi' }] },
      { prompt: 'hi', response: 'ho' },
      { prompt: 'hi', candidates: ['ho'] },
    ]) {
      const { code, stderr } = await rewardScore(['-m', at('gpt2-lm'), '-q', '-j', '1', '--head', 'token:1'], {
        stdin: `${JSON.stringify(row)}\n`,
      });
      assert.equal(code, 2);
      assert.match(
        stderr,
        /expected rows of text with --head, or a Jinja file \(--template\) that writes the generation prompt, got/,
      );
    }
  });

  test('an output layer that is missing, and not tied, is never a random one', async () => {
    const path = changed('llama-lm-tied', 'untied-without', (copy) =>
      editJson(join(copy, 'config.json'), { tie_word_embeddings: false }),
    );
    const [code, line] = await refusal(path, '--head', 'token:1');
    assert.equal(code, 1);
    assert.match(line, /expected lm_head\.weight \[512, 32\] for --head, got none; a random one is never used/);
  });

  test('model prepare and model info take it', async () => {
    const prepared = await rewardScore(['model', 'prepare', at('gpt2-lm'), '--head', 'yes-no: Yes, No']);
    assert.equal(prepared.code, 0, prepared.stderr);
    const { stdout, code } = await rewardScore(['model', 'info', at('gpt2-lm'), '--head', 'token:3']);
    assert.equal(code, 0);
    assert.match(stdout, /^reads +head: token:3 \(--head\)$/m);
  });
});

describe('models that are known and not built', () => {
  const known: readonly [config: object, expected: RegExp][] = [
    [
      { architectures: ['Gemma2ForSequenceClassification'] },
      /Gemma 2 caps the scores of its attention.*optimum-cli export onnx/,
    ],
    [{ architectures: ['OPTForSequenceClassification'] }, /OPT .*optimum-cli export onnx/],
    [
      { architectures: ['InternLM2ForRewardModel'] },
      /its code comes with the model, and none is run here; score with the code on its card/,
    ],
    [{ architectures: ['LlamaForRewardModelWithGating'] }, /regression_layer, gating/],
    [{ architectures: ['DebertaV2PairRM'] }, /it compares two answers/],
    [{ architectures: null, model_type: null, ranker_type: 'pairranker' }, /it compares two answers/],
    [{ architectures: ['LlamaForTokenClassification'] }, /it is a process reward model/],
    [{ architectures: ['Qwen2ForProcessRewardModel'] }, /it is a process reward model/],
    [{ architectures: ['Qwen3_5ForSequenceClassification'] }, /linear attention/],
    [{ architectures: ['GPTNeoXRewardModel'] }, /its head has a bias and pools as its own code says/],
    [
      { architectures: ['FunnelForSequenceClassification'] },
      /got \["FunnelForSequenceClassification"\]; export it with `optimum-cli export onnx --model /,
    ],
  ];
  for (const [i, [config, expected]] of known.entries()) {
    test(JSON.stringify(config), async () => {
      const path = changed('llama-lm', `known-${i}`, (copy) => editJson(join(copy, 'config.json'), config));
      const [code, line] = await refusal(path);
      assert.equal(code, 1);
      assert.match(line, expected);
    });
  }

  test('a head of a known kind under a name that is built', async () => {
    for (const [name, expected] of [
      ['regression_layer.weight', /it has a mixture of many objectives/],
      ['score_quantiles.weight', /it has a head of quantiles/],
      ['v_head.summary.weight', /it has a value head, which stands on a language model/],
    ] as const) {
      const path = changed('gpt2-classifier', `head-${name}`, (copy) => {
        const file = join(copy, 'model.safetensors');
        const all = readSafetensors(file);
        const score = all.get('score.weight');
        assert.ok(score);
        all.delete('score.weight');
        writeSafetensors(file, new Map([...all, [name.replace('score_quantiles', 'quantiles'), score]]));
      });
      assert.match((await refusal(path))[1], expected);
    }
    const none = changed('gpt2-classifier', 'headless', (copy) => {
      const file = join(copy, 'model.safetensors');
      const all = readSafetensors(file);
      all.delete('score.weight');
      writeSafetensors(file, all);
    });
    assert.match(
      (await refusal(none))[1],
      /missing: score\.weight \[1, 32\]; without its head there is no reward, and a random one is never used/,
    );
  });
});

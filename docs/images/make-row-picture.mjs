/**
 * Draws "the way a row travels" for the README: row-light.svg and row-dark.svg, next to this file.
 *
 *     node docs/images/make-row-picture.mjs
 *
 * One geometry, two palettes. Units are pixels at full width. Where the picture is shown narrower than NARROW
 * (a phone), the media query in its style sheet swaps in fewer and larger words.
 */
import { writeFileSync } from 'node:fs';

const WIDTH = 1000;
const HEIGHT = 342;
const NARROW = 560;

const TITLE = 'The way a row travels';
const DESCRIPTION =
  'Input bytes reach the main thread, which splits them into records and cuts those into numbered windows. ' +
  'Worker threads score windows in parallel: rows, texts, tokens, packs, rewards. Each worker has its own ONNX ' +
  'session; all of them map one prepared model file into memory. The main thread writes the answers in file order: ' +
  'window 3 was done before window 2 and waits for it. The output is the same bytes with a reward spliced into ' +
  'each row. A pack lays out two replies to one prompt as one sequence, in which the prompt stands once.';

/** Text has a contrast of at least 4.5:1 on what it stands on; `line` and `shape` carry no text. */
const palettes = {
  light: {
    ink: '#1f2328',
    muted: '#59636e',
    line: '#6e7781',
    shape: '#afb8c1',
    page: '#ffffff',
    panel: '#f6f8fa',
    border: '#d1d9e0',
    reward: '#bc4c00',
    rewardSoft: '#ffd8b5',
    model: '#0550ae',
    modelLine: '#54aeff',
    modelSoft: '#ddf4ff',
  },
  dark: {
    ink: '#f0f6fc',
    muted: '#9198a1',
    line: '#848d97',
    shape: '#59626d',
    page: '#0d1117',
    panel: '#161b22',
    border: '#3d444d',
    reward: '#f0883e',
    rewardSoft: '#6e3f1a',
    model: '#79c0ff',
    modelLine: '#316dca',
    modelSoft: '#10233f',
  },
};

const styleSheet = (c) => `
text { font: 16px -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: ${c.muted}; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.title { font-size: 17px; font-weight: 600; fill: ${c.ink}; }
.number { font-weight: 600; fill: ${c.ink}; }
.on-ink { fill: ${c.page}; }
.on-model { fill: ${c.model}; }
.code { font-family: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.new { font-weight: 600; }
.new, .on-output { fill: ${c.reward}; }
.panel { fill: ${c.panel}; stroke: ${c.border}; }
.sheet, .window { fill: ${c.page}; stroke: ${c.shape}; }
.empty { fill: none; stroke: ${c.line}; stroke-dasharray: 3 3; }
.ink { fill: ${c.ink}; }
.done { fill: ${c.reward}; }
.model { fill: ${c.modelSoft}; stroke: ${c.modelLine}; }
.session { fill: ${c.page}; stroke: ${c.modelLine}; }
.bytes, .reward, .arrow, .track { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.bytes { stroke: ${c.shape}; stroke-width: 3; }
.reward { stroke: ${c.reward}; stroke-width: 3; }
.arrow { stroke: ${c.line}; stroke-width: 1.5; }
.track { stroke: ${c.line}; stroke-width: 1.5; }
.unwritten { fill: none; stroke: ${c.border}; stroke-width: 3; stroke-linecap: round; stroke-dasharray: 0 6; }
.later { stroke-dasharray: 1 5; }
.stop { fill: ${c.panel}; stroke: ${c.line}; stroke-width: 1.5; }
.passed { fill: ${c.line}; }
.prompt { fill: ${c.shape}; }
.reply { fill: ${c.rewardSoft}; }
.narrow { display: none; }
@media (max-width: ${NARROW}px) {
  text { font-size: 23px; }
  .title { font-size: 24px; }
  .stage { font-size: 21px; }
  .code { font-size: 24px; }
  .title { transform: translateY(-1px); }
  .inside { transform: translateY(2.5px); }
  .above { transform: translateY(-2px); }
  .below { transform: translateY(5px); }
  .wide { display: none; }
  .narrow { display: inline; }
}
`;

// Markup.

const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const text = (x, y, classes, content) => `<text x="${x}" y="${y}" class="${classes}">${escapeText(content)}</text>`;

/** Words at full width, and fewer in their place where the picture is narrow: none, if not given. */
const words = (x, y, classes, wide, narrow) =>
  [
    text(x, y, `${classes} wide`.trim(), wide),
    ...(narrow === undefined ? [] : [text(x, y, `${classes} narrow`.trim(), narrow)]),
  ].join('\n');

const box = (x, y, width, height, radius, classes) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" class="${classes}"/>`;

const circle = (x, y, radius, classes) => `<circle cx="${x}" cy="${y}" r="${radius}" class="${classes}"/>`;

const path = (d, classes) => `<path d="${d}" class="${classes}"/>`;

/** From left to right, level at both ends, with a head. */
function arrow(x1, y1, x2, y2, later = false) {
  const bend = (x2 - x1) / 2;
  const shaft = y1 === y2 ? `M${x1} ${y1}H${x2}` : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  return (
    path(shaft, later ? 'arrow later' : 'arrow') + path(`M${x2 - 5} ${y2 - 5}L${x2} ${y2}L${x2 - 5} ${y2 + 5}`, 'arrow')
  );
}

// Geometry. The flow stands between TOP and BOTTOM, under two lines of words.

const TITLE_Y = 22;
const LABEL_Y = 47;
const TOP = 62;
const BOTTOM = 206;
const BELOW_Y = 229;

const input = { x: 6, width: 78 };
const cutter = { x: 114, width: 124 };
const workers = { x: 278, width: 464 };
const writer = { x: 774, width: 112 };
const output = { x: 916, width: 78 };
const middleOf = ({ x, width }) => x + width / 2;
const endOf = ({ x, width }) => x + width;

/** Lengths of the twelve records, three to a window. */
const records = [34, 26, 38, 30, 20, 36, 40, 27, 24, 32, 37, 25];
const PER_WINDOW = 3;
const REWARD_LENGTH = 10;

const WINDOW_HEIGHT = 24;
const windowTop = (number) => TOP + 12 + (number - 1) * (WINDOW_HEIGHT + 8);
const windowMiddle = (number) => windowTop(number) + WINDOW_HEIGHT / 2;
const recordsOf = (number) => records.slice((number - 1) * PER_WINDOW, number * PER_WINDOW);

const LANE_HEIGHT = 40;
const lanes = [
  { window: 2, stage: 'packs' },
  { window: 3, stage: 'rewards' },
  { window: 4, stage: 'tokens' },
].map((lane, index) => ({
  ...lane,
  y: TOP + index * (LANE_HEIGHT + 12),
  middle: TOP + index * (LANE_HEIGHT + 12) + 20,
}));

const stages = { rows: 307, texts: 369, tokens: 438, packs: 511, rewards: 706 };
const model = { x: 538, width: 140, top: 222, height: 32 };

// The parts.

const record = (x, y, length) => path(`M${x} ${y}h${length}`, 'bytes');
const scoredRecord = (x, y, length) =>
  record(x, y, length) + path(`M${x + length + 6} ${y}h${REWARD_LENGTH}`, 'reward');
const sheetLine = (index) => windowMiddle(1 + Math.floor(index / PER_WINDOW)) + ((index % PER_WINDOW) - 1) * 8;

function drawInput() {
  return [
    text(middleOf(input), TITLE_Y, 'title middle', 'input'),
    text(middleOf(input), LABEL_Y, 'middle', 'bytes'),
    box(input.x, TOP, input.width, BOTTOM - TOP, 6, 'sheet'),
    ...records.map((length, index) => record(input.x + 12, sheetLine(index), length)),
    text(input.x, BELOW_Y, 'below', 'JSONL, CSV'),
    words(input.x, BELOW_Y + 21, '', 'or stdin'),
    arrow(endOf(input) + 6, windowMiddle(2.5), cutter.x - 6, windowMiddle(2.5)),
  ];
}

const windowBox = (x, width, number, drawRecord) => [
  box(x, windowTop(number), width, WINDOW_HEIGHT, 4, 'window'),
  text(x + 14, windowTop(number) + 18, 'number inside middle', String(number)),
  ...recordsOf(number).map((length, index) => drawRecord(x + 30, windowTop(number) + 5.5 + index * 6.5, length)),
];

function drawCutter() {
  return [
    text(middleOf(cutter), TITLE_Y, 'title middle', 'main thread'),
    words(middleOf(cutter) - 16, LABEL_Y, 'end', 'records'),
    `<g class="wide">${arrow(middleOf(cutter) - 10, LABEL_Y - 5, middleOf(cutter) + 8, LABEL_Y - 5)}</g>`,
    words(middleOf(cutter) + 14, LABEL_Y, '', 'windows'),
    text(middleOf(cutter), LABEL_Y, 'middle narrow', 'windows'),
    box(cutter.x, TOP, cutter.width, BOTTOM - TOP, 8, 'panel'),
    ...[1, 2, 3, 4].flatMap((number) => windowBox(cutter.x + 12, cutter.width - 24, number, record)),
    ...lanes.map((lane) => arrow(endOf(cutter) + 4, windowMiddle(lane.window), workers.x - 5, lane.middle)),
  ];
}

function drawStageLabels() {
  const half = { rows: 19, texts: 19, tokens: 26, packs: 22, rewards: 31 };
  const names = Object.keys(stages);
  return names.flatMap((name, index) => {
    const next = names[index + 1];
    const label = text(stages[name], LABEL_Y, 'stage middle', name);
    if (next === undefined) return [label];
    const from = stages[name] + half[name] + 6;
    const to = stages[next] - half[next] - 6;
    return [label, `<g class="wide">${arrow(from, LABEL_Y - 5, to, LABEL_Y - 5)}</g>`];
  });
}

function drawLane({ window, stage, y, middle }) {
  const x = stages[stage];
  const end = endOf(workers);
  return [
    path(`M${workers.x + 14} ${middle}H${end - 14}`, 'track'),
    ...Object.values(stages).map((stop) => circle(stop, middle, 4, stop < x ? 'stop passed' : 'stop')),
    box(model.x + 5, y + 7, model.width - 10, LANE_HEIGHT - 14, 13, 'session'),
    words(middleOf(model), middle + 5.5, 'on-model inside middle', 'ONNX session', 'session'),
    box(x - 13, middle - 13, 26, 26, 5, stage === 'rewards' ? 'done' : 'ink'),
    text(x, middle + 6, 'number on-ink inside middle', String(window)),
  ];
}

function drawWorkers() {
  const { x, width, top, height } = model;
  const right = x + width;
  const bottom = top + height;
  const radius = 8;
  const end = endOf(workers);
  // One outline: the file, and what of it stands in every worker's memory.
  const outline = [
    `M${workers.x + radius} ${top}H${x - radius}`,
    `q${radius} 0 ${radius} -${radius}V${TOP - 6 + radius}q0 -${radius} ${radius} -${radius}`,
    `H${right - radius}q${radius} 0 ${radius} ${radius}V${top - radius}q0 ${radius} ${radius} ${radius}`,
    `H${end - radius}q${radius} 0 ${radius} ${radius}V${bottom - radius}q0 ${radius} -${radius} ${radius}`,
    `H${workers.x + radius}q-${radius} 0 -${radius} -${radius}V${top + radius}q0 -${radius} ${radius} -${radius}z`,
  ].join('');
  return [
    text(middleOf(workers), TITLE_Y, 'title middle', 'worker threads'),
    ...drawStageLabels(),
    ...lanes.map((lane) => box(workers.x, lane.y, workers.width, LANE_HEIGHT, 8, 'panel')),
    path(outline, 'model'),
    ...lanes.flatMap(drawLane),
    words(
      middleOf(workers),
      top + 21.5,
      'on-model inside middle',
      'one prepared model file, mapped by every session',
      'one model file, mapped by all',
    ),
    ...lanes.map((lane) =>
      arrow(end + 5, lane.middle, writer.x - 5, windowMiddle(lane.window), lane.stage !== 'rewards'),
    ),
  ];
}

function drawWriter() {
  const x = writer.x + 10;
  const width = writer.width - 20;
  return [
    text(middleOf(writer), TITLE_Y, 'title middle', 'main thread'),
    text(middleOf(writer), LABEL_Y, 'middle', 'in file order'),
    box(writer.x, TOP, writer.width, BOTTOM - TOP, 8, 'panel'),
    ...[2, 4].flatMap((number) => [
      box(x, windowTop(number), width, WINDOW_HEIGHT, 4, 'empty'),
      text(x + 14, windowTop(number) + 18, 'inside middle', String(number)),
    ]),
    ...[1, 3].flatMap((number) => windowBox(x, width, number, scoredRecord)),
    text(middleOf(writer), BELOW_Y, 'below middle', '3 waits for 2'),
    arrow(endOf(writer) + 5, windowMiddle(1), output.x - 5, windowMiddle(1)),
  ];
}

function drawOutput() {
  return [
    text(middleOf(output), TITLE_Y, 'title middle', 'output'),
    text(middleOf(output), LABEL_Y, 'middle', 'bytes'),
    box(output.x, TOP, output.width, BOTTOM - TOP, 6, 'sheet'),
    ...records.map((length, index) =>
      index < PER_WINDOW
        ? scoredRecord(output.x + 10, sheetLine(index), length)
        : path(`M${output.x + 10} ${sheetLine(index)}h${length}`, 'unwritten'),
    ),
    words(endOf(output), BELOW_Y, 'end', 'same bytes'),
    words(endOf(output), BELOW_Y + 21, 'end on-output', '+ reward'),
  ];
}

/** Two replies to one prompt: as a trie, and as the one sequence that it is laid out in. */
function drawPack() {
  const SIZE = 14;
  const PITCH = 18;
  const middle = 308;
  const tokens = (x, y, count, classes) =>
    Array.from({ length: count }, (_, index) => box(x + index * PITCH, y - SIZE / 2, SIZE, SIZE, 3, classes));
  /** The reward is read at a reply's last token. */
  const reply = (x, y, count) => [
    ...tokens(x, y, count - 1, 'reply'),
    ...tokens(x + (count - 1) * PITCH, y, 1, 'done'),
  ];
  const prompt = { x: 104, count: 4 };
  const fork = prompt.x + prompt.count * PITCH;
  const branch = fork + 22;
  const sequence = 356;
  const second = sequence + (prompt.count + 3) * PITCH;
  const link = { from: sequence + 3 * PITCH + SIZE / 2, to: second + SIZE / 2, y: middle + SIZE / 2 + 4 };
  return [
    text(input.x, middle + 5.5, 'title', 'a pack'),
    text(prompt.x + 2 * PITCH - 2, middle - 15, 'above middle', 'prompt'),
    ...[-16, 16].map((offset) => text(branch + 3 * PITCH + 34, middle + offset + 5.5, 'inside middle', 'reply')),
    ...tokens(prompt.x, middle, prompt.count, 'prompt'),
    ...[-16, 16].map((offset) =>
      path(
        `M${fork} ${middle}C${fork + 11} ${middle} ${branch - 15} ${middle + offset} ${branch - 4} ${middle + offset}`,
        'track',
      ),
    ),
    ...reply(branch, middle - 16, 3),
    ...reply(branch, middle + 16, 2),
    arrow(sequence - 36, middle, sequence - 12, middle),
    ...tokens(sequence, middle, prompt.count, 'prompt'),
    ...reply(sequence + prompt.count * PITCH, middle, 3),
    ...reply(second, middle, 2),
    path(
      `M${link.from} ${link.y}C${link.from + 8} ${link.y + 18} ${link.to - 8} ${link.y + 18} ${link.to} ${link.y}`,
      'track',
    ),
  ];
}

/** A row of the output. */
function drawExample() {
  const line = (classes, row) =>
    `<text x="${endOf(output)}" y="313.5" class="code end ${classes}">${row}<tspan class="new">,"reward":0.84</tspan>}</text>`;
  return [line('wide', '{"prompt":"2+2?","response":"4"'), line('narrow', '{"prompt":…')];
}

function draw(palette) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title description">`,
    `<title id="title">${TITLE}</title>`,
    `<desc id="description">${DESCRIPTION}</desc>`,
    `<style>${styleSheet(palette)}</style>`,
    ...[drawInput, drawCutter, drawWorkers, drawWriter, drawOutput, drawPack, drawExample].flatMap((part) => part()),
    '</svg>',
    '',
  ].join('\n');
}

for (const [name, palette] of Object.entries(palettes)) {
  writeFileSync(new URL(`row-${name}.svg`, import.meta.url), draw(palette));
}

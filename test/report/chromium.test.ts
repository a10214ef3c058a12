/** A report in a real browser. CHROMIUM says where one is; without one these tests are skipped. */
/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { renderExplanation } from '../../dist/report/html/explanation.js';
import { renderReport } from '../../dist/report/html/report.js';
import { fullReport, hostileText } from './samples.js';

const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((path) => path && isExecutable(path));

const skip = executablePath === undefined && 'no Chromium here: set CHROMIUM to its path';
const folder = mkdtempSync(join(tmpdir(), 'report-'));
let browser: Browser;

before(async () => {
  if (executablePath) browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** For each plot: lines, areas, dots, bars. */
const leastMarks: Readonly<Record<string, number>> = {
  // Five metrics of rows, each with a dot, an interval and three baselines; and that of pairs, which have no lengths.
  'Against the baselines': 5 * 5 + 3,
  ROC: 3,
  // Dots, intervals, the curve and the diagonal.
  Calibration: 2 * 8 + 2,
  'Rewards by label': 2 * 10,
  // Three lines of three dots, and the band.
  'Best of N': 3 * 4 + 1,
  // A dot for each row, and for each bin.
  'Length against reward': 240 + 12 + 2,
  // A dot, an interval, and the longest, for each slice; all rows.
  'AUC by a text': 3 * 3 + 1,
};

const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 900 };

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [name, viewport] of Object.entries({ phone, desk })) {
    test(`a report in Chromium, ${colorScheme}, ${name}`, { skip }, async () => {
      const { page, noise } = await opened('a text', { colorScheme, viewport });
      const figures = await page.$$eval('figure', (all) =>
        all.map((figure) => ({
          title: figure.querySelector('h3')?.textContent ?? '',
          marks: [...figure.querySelectorAll('svg .role-mark > :is(path, line)')].filter((mark) => {
            const { width, height } = mark.getBoundingClientRect();
            return width + height > 2;
          }).length,
          width: figure.querySelector('svg')?.getBoundingClientRect().width ?? 0,
        })),
      );
      assert.deepEqual(
        figures.map(({ title }) => title),
        Object.keys(leastMarks),
      );
      for (const { title, marks, width } of figures) {
        assert.ok(marks >= (leastMarks[title] as number), `${title}: ${marks} marks`);
        assert.ok(width > 250, `${title}: ${width} px`);
      }
      assert.ok((await overflow(page)) <= 0, 'the page is wider than the screen');
      const [text, card] = await page.$eval('.tile .value', (value) => {
        const of = (element: Element, property: string) => getComputedStyle(element).getPropertyValue(property);
        return [of(value, 'color'), of(value.closest('.tile') as Element, 'background-color')];
      });
      assert.ok(contrast(text as string, card as string) > 7, `${text} on ${card}`);
      const drawn = await page.$$eval(
        'figure svg text, figure svg .mark-symbol > path, figure svg .mark-line > path',
        (all) =>
          all.map((element) => {
            const { fill, stroke, fontFamily } = getComputedStyle(element);
            return { colour: fill === 'none' || fill === 'rgba(0, 0, 0, 0)' ? stroke : fill, fontFamily };
          }),
      );
      for (const { colour } of drawn) assert.ok(contrast(colour, card as string) > 3, `${colour} on ${card}`);
      assert.deepEqual(noise, []);
      await page.context().close();
    });
  }
}

test('a hostile row stays text in Chromium', { skip }, async () => {
  const plain = await opened('a text', { viewport: phone });
  const { page, noise } = await opened(hostileText, { viewport: phone });
  assert.equal(await page.evaluate('window.ran'), undefined);
  assert.equal(
    await page.$$eval('script, img, iframe, object, embed, form, a, [onload], [onerror]', (all) => all.length),
    0,
  );
  const names = (page: Page) => page.$$eval('*', (all) => all.map(({ localName }) => localName));
  assert.deepEqual(await names(page), await names(plain.page));
  assert.match((await page.textContent('.facts')) ?? '', /<script>window\.ran = true<\/script> <\/script><\/style>/);
  assert.match((await page.textContent('.quote')) ?? '', /"onload="window\.ran = true"/);
  const slice = await page.$$eval('#slices svg text', (all) => all.map((text) => text.textContent));
  assert.ok(
    slice.some((text) => text?.startsWith('<script>window.ran')),
    slice.join(' | '),
  );
  assert.ok((await overflow(page)) <= 0, 'the page is wider than the screen');
  assert.deepEqual(noise, []);
  await page.context().close();
  await plain.page.context().close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [name, viewport] of Object.entries({ phone, desk })) {
    test(`the page of explain in Chromium, ${colorScheme}, ${name}`, { skip }, async () => {
      const { page, noise } = await openedPage(explanationOf(hostileText), { colorScheme, viewport });
      assert.equal(await page.evaluate('window.ran'), undefined);
      assert.equal(await page.$$eval('script, img, iframe, form, a', (all) => all.length), 0);
      assert.ok((await overflow(page)) <= 0, 'the page is wider than the screen');
      assert.ok(await page.$eval('.trace svg path', (path) => path.getBoundingClientRect().width > 60));
      const pairs = await page.$$eval('.tokens li > *, .rendered, .rendered mark', (all) =>
        all.map((element) => {
          const colourOf = (of: Element) => getComputedStyle(of).getPropertyValue('color');
          const opaque = (of: Element | null): string => {
            const colour = of === null ? 'rgb(255, 255, 255)' : getComputedStyle(of).backgroundColor;
            return of === null || /^rgb\(/.test(colour) ? colour : opaque(of.parentElement);
          };
          return [colourOf(element), opaque(element)] as const;
        }),
      );
      assert.ok(pairs.length > 6);
      for (const [text, ground] of pairs) assert.ok(contrast(text, ground) > 4.5, `${text} on ${ground}`);
      assert.match((await page.textContent('.rendered')) ?? '', /<script>window\.ran = true<\/script>/);
      assert.deepEqual(noise, []);
      await page.context().close();
    });
  }
}

/** A page with everything that an explanation may show, and this text wherever a row has one. */
function explanationOf(text: string): string {
  const token = (piece: string, special = false) => ({ id: 50_256, piece, special, added: false });
  const tokens = [token('<|endoftext|>', true), token(text.slice(0, 12)), token('ok'), token(' end')];
  return renderExplanation(
    {
      labels: [text, 'good'],
      file: text,
      row: 1,
      line: 1,
      kind: 'candidates',
      model: text,
      settings: [{ name: 'template', value: text, source: text }],
      tokens: 8,
      computedTokens: 6,
      padToken: token('<|endoftext|>', true),
      existing: [0.5, null],
      notices: [{ code: 'NAME_DERIVED', message: text }],
      hints: [],
      failure: { code: 'EMPTY_TEXT', message: text, index: 1 },
      texts: [
        {
          judged: { field: text, author: text, content: text },
          first: { text, parts: [{ text, special: false, cut: false }], cut: { side: 'left', tokens: [], text: '' } },
          text,
          parts: [
            { text: text.repeat(20), special: false, cut: true },
            { text, special: false, cut: false },
            { text: '<|endoftext|>', special: true, cut: false },
          ],
          tokens,
          cut: { side: 'left', tokens: [token(text)], text: text.repeat(20) },
          responseStart: 0,
          pooled: 3,
          shared: 1,
          reward: [0.5, 2],
          trace: [0.25, 2, null, -1].map((reward, token) => ({ token, reward })),
          failure: null,
        },
        { failure: { code: 'EMPTY_TEXT', message: text, index: 1 } },
      ],
    },
    { version: '1.2.3', date: new Date(0) },
  );
}

test('a report reads without sight, and prints', { skip }, async () => {
  const { page } = await opened('a text', { viewport: desk });
  const headings = await page.$$eval('h1, h2, h3', (all) => all.map(({ localName }) => Number(localName[1])));
  assert.equal(headings[0], 1);
  for (const [i, level] of headings.entries()) {
    assert.ok(i === 0 || (level > 1 && level <= (headings[i - 1] as number) + 1), headings.join(' '));
  }
  const unnamed = await page.$$eval(
    'svg:not([role="img"][aria-label]), table:not(:has(> caption)), th:not([scope]), html:not([lang])',
    (all) => all.map(({ outerHTML }) => outerHTML.slice(0, 80)),
  );
  assert.deepEqual(unnamed, []);
  assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
  await page.context().close();
});

const opened = async (text: string, options: Parameters<Browser['newContext']>[0]) =>
  openedPage(await renderReport(fullReport(text)), options);

/** The page, and what the browser said or asked for besides it. */
async function openedPage(
  html: string,
  options: Parameters<Browser['newContext']>[0],
): Promise<{ page: Page; noise: string[] }> {
  const file = join(folder, 'report.html');
  writeFileSync(file, html);
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const noise: string[] = [];
  const url = pathToFileURL(file).href;
  page.on('console', (message) => noise.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => noise.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    if (request.url() !== url && request.url() !== 'data:,') noise.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, noise };
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** WCAG 2.2 contrast ratio of two colours as `rgb(1, 2, 3)`. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((channel) => {
      const value = Number(channel) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

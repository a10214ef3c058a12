import { Markup } from './html.js';

/**
 * The style for light and dark schemes, wide and narrow windows and paper. The colour-blind can distinguish blue,
 * orange and green (Okabe and Ito, 2008, darker or lighter where a scheme's contrast needs it), and marks differ in
 * form as well.
 */
export const style = new Markup(`
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --text: #1b1f24; --muted: #586069; --line: #dde1e6; --grid: #e6e9ed;
  --model: #0067a5; --model-band: #0067a526; --other: #b84a00; --best: #00785a; --chance: #7a828c;
  --met: #00694f; --missed: #a83c00; --shade: #1b1f2440;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1c2025; --text: #e8eaed; --muted: #a2abb5; --line: #343a42; --grid: #2c3239;
    --model: #62b8ee; --model-band: #62b8ee30; --other: #f2a154; --best: #3fc79c; --chance: #8d96a1;
    --met: #4fd0a6; --missed: #ff9d5c; --shade: #000c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
main { max-width: 1180px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 16px; }
h2 { font-size: 1.25rem; margin: 48px 0 12px; }
h3 { font-size: 1rem; margin: 0 0 4px; }
p { margin: 0 0 12px; max-width: 75ch; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; color: var(--muted); }
.kicker { margin: 0; color: var(--muted); font-size: .85rem; text-transform: uppercase; letter-spacing: .06em; }
.facts { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 0 0 24px; }
.facts dt { color: var(--muted); font-size: .8rem; }
.facts dd { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr)); gap: 16px; }
.tile, figure { background: var(--card); }
.tile, figure, .scroll { border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 16px 20px; }
.tile p { margin: 0; }
.tile .name, .tile .against { color: var(--muted); font-size: .85rem; }
.tile .value { font-size: 2rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
.met, .missed { white-space: nowrap; }
.met { color: var(--met); }
.missed { color: var(--missed); }
.none, .meaning, .context { color: var(--muted); }
.meaning, .context { display: block; font-size: .85rem; font-weight: normal; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 16px; }
.beside { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; align-items: start; }
@media (min-width: 1000px) { .beside:has(figure):has(table) { grid-template-columns: 400px minmax(0, 1fr); } }
figure { margin: 0 0 16px; padding: 16px; min-width: 0; display: flex; flex-direction: column; }
.beside { margin-bottom: 16px; }
.figures figure, .beside > *, .beside .scroll { margin: 0; }
figure svg { display: block; width: 100%; max-width: 480px; height: auto; margin: 8px auto 0; }
figure svg text { font-family: inherit; }
figcaption { color: var(--muted); font-size: .85rem; margin-top: 8px; }
.keys { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; margin: 0; padding: 0; color: var(--muted); font-size: .85rem; }
.keys li { display: flex; align-items: center; gap: 6px; }
.key { display: inline-block; flex: none; width: 18px; height: 0; border-top: 2px solid var(--model); }
.key.band { border: 0; height: 12px; background: linear-gradient(var(--model), var(--model)) 0 50% / 100% 2px no-repeat, var(--model-band); }
.key.chance { border-top: 2px dashed var(--chance); }
.key.best { border-top: 2px dotted var(--best); }
.key.dots, .key.up, .key.down, .key.cross { width: auto; height: auto; border: 0; line-height: 1; }
.key.dots::before { content: "•"; color: var(--chance); }
.key.up::before { content: "△"; color: var(--other); }
.key.down::before { content: "▽"; color: var(--other); }
.key.cross::before { content: "✕"; color: var(--chance); }
.scroll {
  position: relative; overflow-x: auto; margin: 0 0 16px;
  /* A shadow at an edge says that there is more beyond it; at the end of the table its cover hides it. */
  background:
    linear-gradient(to right, var(--card) 50%, transparent) left / 56px 100% no-repeat local,
    linear-gradient(to left, var(--card) 50%, transparent) right / 56px 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 22px 100% no-repeat,
    linear-gradient(to left, var(--shade), transparent) right / 22px 100% no-repeat,
    var(--card);
}
details { margin-top: 8px; }
summary { cursor: pointer; color: var(--model); font-size: .85rem; }
.conversation { margin: 8px 0; }
.conversation > div { border-left: 3px solid var(--line); padding: 4px 12px; margin: 0 0 6px; }
.conversation > div:last-child { border-color: var(--model); }
.conversation dt { color: var(--muted); font-size: .8rem; }
.conversation dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
td code, dd code { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; overflow-wrap: normal; }
caption { text-align: left; font-weight: 600; padding: 12px 16px 4px; }
caption.spoken { padding: 0; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); position: absolute; }
th, td { padding: 8px 12px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 500; font-size: .85rem; white-space: nowrap; border-top: 0; }
tbody th { font-weight: normal; min-width: 120px; max-width: 320px; overflow-wrap: break-word; }
tbody th:has(.meaning) { min-width: 180px; }
th:first-child, td:first-child { padding-left: 16px; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.text { min-width: 260px; overflow: hidden; overflow-wrap: anywhere; }
.quote { display: block; }
.reward { color: var(--muted); font-variant-numeric: tabular-nums; }
.reasons { margin: 0; padding-left: 20px; }
@media (max-width: 600px) {
  main { padding: 20px 12px 40px; }
  h1 { font-size: 1.5rem; }
  h2 { margin-top: 36px; }
  figure { padding: 12px; }
  /* A table of texts: the text below its numbers, all of it in sight. */
  .texts thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .texts caption, .texts tbody { display: block; }
  .texts tr { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 12px 16px; border-top: 1px solid var(--line); }
  .texts th, .texts td { padding: 0; border: 0; min-width: 0; }
  .texts th:first-child { padding: 0; }
  .texts .text { flex: 0 0 100%; }
  .texts td::before { content: attr(data-name) " "; color: var(--muted); font-size: .85rem; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --text: #000; --muted: #444; --line: #bbb; --grid: #ddd;
    --model: #0067a5; --model-band: #0067a526; --other: #b84a00; --best: #00785a; --chance: #7a828c;
    --met: #00694f; --missed: #a83c00;
  }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  figure, .tile, tr { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
}
`);

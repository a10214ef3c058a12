import { type Content, html, type Markup } from './html.js';
import { style } from './style.js';

/**
 * A page that needs no network and runs no script, whatever the texts in it are.
 *
 * @param more style of this page alone
 * @returns the file's text, to be written as UTF-8
 */
export const page = (title: string, body: Content, more?: Markup): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${style}${more}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.text;

/** A moment in the head of a page. */
export const moment = (date: Date): Markup =>
  html`<time datetime="${date.toISOString()}">${date.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>`;

/** Names and values in the head of a page. */
export const factList = (facts: readonly (readonly [string, Content])[]): Markup =>
  html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

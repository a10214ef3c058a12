/** The table of routes as OpenAPI 3.1, and as a page of HTML that loads nothing else. */
import type { Dialect } from './dialects/dialect.js';
import { type Path, paths, routes, summariesOf } from './routes.js';

const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';

/** @param version of this program */
export const openApi = (version: string): object => ({
  openapi: '3.1.0',
  info: { title: 'reward-score', version, description: 'Rewards of conversations. See docs/serve.md.' },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  paths: Object.fromEntries(paths.map((path) => [path, { [routes[path].method.toLowerCase()]: operationOf(path) }])),
});

function operationOf(path: Path): object {
  const route = routes[path];
  const isOpen = !('dialects' in route) && route.isOpen === true;
  return {
    summary: summariesOf(path)
      .map(({ server, summary }) => (server === undefined ? summary : `${server}: ${summary}`))
      .join('; '),
    security: isOpen ? [] : [{ token: [] }],
    ...(route.method === 'POST' && { requestBody: { required: true, content: contentOf(path) } }),
    responses: { 200: { description: 'the answer' }, default: { description: 'what is wrong' } },
  };
}

function contentOf(path: Path): object {
  const route = routes[path];
  if (!('dialects' in route)) {
    const rows = { type: 'array', items: { description: 'a row, as in a file: docs/rows.md' } };
    const schema = { anyOf: [rows, { type: 'object', properties: { rows }, required: ['rows'] }] };
    return { [JSON_TYPE]: { schema }, [LINES_TYPE]: { schema: { type: 'string' } } };
  }
  const schemas = route.dialects.map(schemaOf);
  return { [JSON_TYPE]: { schema: schemas.length === 1 ? schemas[0] : { oneOf: schemas } } };
}

const schemaOf = ({ server, mark, fields }: Dialect): object => ({
  title: server,
  type: 'object',
  ...(mark !== undefined && { required: [mark] }),
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries(fields).map(([name, { schema, doc, only }]) => [
      name,
      { ...schema, description: doc, ...(only && { enum: [...only, null] }) },
    ]),
  ),
});

/** @param version of this program */
export function docsPage(version: string): string {
  const rows = paths.flatMap((path) =>
    summariesOf(path).map(
      ({ server = '', summary }) =>
        `<tr><td><code>${routes[path].method} ${path}</code></td><td>${escaped(server)}</td><td>${withCode(escaped(summary))}</td></tr>`,
    ),
  );
  return [
    '<!doctype html>',
    '<html lang="en"><meta charset="utf-8"><title>reward-score</title>',
    '<style>body{font:16px/1.5 system-ui;margin:2rem;max-width:70rem}td,th{padding:.3rem .8rem;text-align:left;vertical-align:top}</style>',
    `<h1>reward-score ${escaped(version)}</h1>`,
    '<p>The members of each request are in <a href="/openapi.json">openapi.json</a>, the model is in <a href="/v1/models">/v1/models</a>.</p>',
    `<table><tr><th>route</th><th>as of</th><th>what it takes and gives</th></tr>`,
    ...rows,
    '</table></html>',
    '',
  ].join('\n');
}

/** What stands between backticks, as in Markdown. */
const withCode = (html: string): string => html.replace(/`([^`]*)`/g, '<code>$1</code>');

const escaped = (text: string): string => text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);

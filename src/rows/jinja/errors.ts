/** Why a template is none, or renders nothing. */
export class TemplateError extends Error {
  /** Where in the template, from 1; undefined until whoever knows adds it. */
  line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

/** What Jinja2 may well do, and this program does not. */
export const unsupported = (what: string): TemplateError => new TemplateError(`${what} is not supported`);

/** From the settings of a scorer to how the texts of rows are read: the same on the main thread and in every worker. */
import type { Reading } from '../rows/kinds/reading.js';
import type { NamedFields } from '../rows/kinds/roles.js';
import type { Prompts, TextSettings } from '../rows/kinds/text-to-score.js';
import {
  builtInTemplates,
  isBuiltInTemplate,
  openingsOf,
  type SpecialTokens,
  type Template,
} from '../rows/templates.js';
import type { ScoringSettings, TemplateSettings } from './protocol.js';

/**
 * @param specialTokens that a Jinja template may call by name, bos_token and others
 * @param prompts whether the part of a text before its response is needed
 * @throws FatalError `usage` where the template is not Jinja
 */
export async function textSettingsOf(
  scoring: ScoringSettings,
  specialTokens: SpecialTokens,
  fields: NamedFields,
  prompts: Prompts,
): Promise<TextSettings> {
  const { template, lastSpeaker, botName, userName, system } = scoring;
  const opened = await openTemplate(template, specialTokens, scoring.templateDate);
  const { kind } = template;
  const { bos_token: bos } = specialTokens;
  const reading: Reading = {
    kind,
    jinja: template.jinja !== undefined,
    openings: kind === 'chat' ? openingsOf(opened, typeof bos === 'string' ? bos : undefined) : [],
    lastSpeaker,
    botName,
    userName,
    system,
  };
  return { fields, template: opened, reading, prompts };
}

/** Without a template, nothing is rendered: the rows that would need one are refused. */
async function openTemplate(
  { name, jinja }: TemplateSettings,
  specialTokens: SpecialTokens,
  day: string | undefined,
): Promise<Template> {
  if (jinja !== undefined)
    return (await import('../rows/chat-template.js')).jinjaTemplate(jinja, name, { specialTokens, day });
  return builtInTemplates[isBuiltInTemplate(name) ? name : 'chai'];
}

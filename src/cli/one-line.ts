/** A message as one line, whatever a library or a row put into it. */
export const oneLine = (message: string): string => message.trim().replace(/\s*[\r\n]+\s*/g, ' ');

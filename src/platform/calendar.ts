/** Days of the calendar, written as YYYY-MM-DD. */

/** The local day. */
export function today(): string {
  const now = new Date();
  const parts = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  return parts.map((part, i) => String(part).padStart(i === 0 ? 4 : 2, '0')).join('-');
}

/** Whether a text is a day that there is. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text.startsWith('0000')) return false;
  const date = midnightOf(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** The day's beginning, to be read in UTC: no time zone has a part in it. */
export const midnightOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

/** How much of the machine this process has used. */

/** Memory that is resident now, in bytes. */
export const residentBytes = (): number => process.memoryUsage.rss();

/** Time on processors since the start, all threads together. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

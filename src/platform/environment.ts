/** The process's environment: the one place outside the command line where it is read. */

/** The environment variables. */
export const environment = (): NodeJS.ProcessEnv => process.env;

/** `linux`, `darwin`, `win32` … */
export const systemName = (): string => process.platform;

export const isWindows = (): boolean => process.platform === 'win32';

/** The system and the processor, as npm names them: linux-x64, darwin-arm64, win32-x64. */
export const platformName = (): string => `${process.platform}-${process.arch}`;

/** Whether this is a Linux whose C library is musl, or any but glibc. Takes some milliseconds. */
export function hasMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined;
}

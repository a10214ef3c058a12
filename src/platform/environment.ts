/** The process's environment: the one place outside the command line where it is read. */

/** The environment variables. */
export const environment = (): NodeJS.ProcessEnv => process.env;

/** `linux`, `darwin`, `win32` … */
export const systemName = (): string => process.platform;

export const isWindows = (): boolean => process.platform === 'win32';

/** The process's surroundings: the one place outside the command line where they are read. */

/** The environment variables. */
export const environment = (): NodeJS.ProcessEnv => process.env;

export const isWindows = (): boolean => process.platform === 'win32';

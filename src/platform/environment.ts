/** The process's environment: the one place outside the command line where it is read. */

/** The environment variables. */
export const environment = (): NodeJS.ProcessEnv => process.env;

export const isWindows = (): boolean => process.platform === 'win32';

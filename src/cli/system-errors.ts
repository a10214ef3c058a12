/** Errors of the system that any call may meet, and that are no defect of this program: said with what to do about them. */
import { messageOf, runError } from '../errors.js';

/** The error as one that the user can understand; others are given back as they are. */
export function explainSystemError(error: unknown): unknown {
  const { code, syscall } = Object(error) as NodeJS.ErrnoException;
  if (code === 'EMFILE' || code === 'ENFILE') {
    return runError(`${messageOf(error)}; allow more open files (ulimit -n) and start again`, { cause: error });
  }
  if (syscall === 'uv_cwd') {
    return runError('the current directory is no longer there; change to another one and start again', {
      cause: error,
    });
  }
  return error;
}

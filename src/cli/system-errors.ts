/** Errors of the system that any call may meet, and that are no defect of this program: said with what to do about them. */
import { messageOf, runError } from '../errors.js';

/** The error as one that the user can understand; others are given back as they are. */
export function explainSystemError(error: unknown): unknown {
  const { code, syscall, cause } = Object(error) as NodeJS.ErrnoException;
  const advice = 'allow more open files (ulimit -n) and start again';
  if (code === 'EMFILE' || code === 'ENFILE') return runError(`${messageOf(error)}; ${advice}`, { cause: error });
  if (Object(cause).code === 'ERR_WORKER_INIT_FAILED') {
    // Of a thread that could not begin, what the system said stands in Node's message alone.
    const [limit] = /E[MN]FILE/.exec(messageOf(cause)) ?? [];
    if (limit !== undefined) {
      return runError(`${limit}: too many open files, a thread cannot begin; ${advice}`, { cause: error });
    }
  }
  if (syscall === 'uv_cwd') {
    return runError('the current directory is no longer there; change to another one and start again', {
      cause: error,
    });
  }
  return error;
}

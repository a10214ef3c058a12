/** Resolves the id that is named, as a program would: `node resolve-hub-model.mjs ID`; one line of JSON says how it went. */
import { resolveHubModel } from '../../dist/hub/resolve.js';
import { wantedModelFiles } from '../../dist/model/checkpoint/wanted-files.js';

const said = [];
let result;
try {
  result = await resolveHubModel(process.argv[2], wantedModelFiles, {
    offline: false,
    notify: (message) => said.push(message),
    onProgress: ({ doneBytes }) => process.send?.(doneBytes),
  });
} catch (error) {
  result = { error: String(error) };
}
process.stdout.write(`${JSON.stringify({ ...result, said })}\n`);
process.disconnect?.();

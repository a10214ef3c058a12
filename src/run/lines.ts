/** Cuts JSON lines from programs into windows, as those of a file are cut. */
import { fileStart, LARGEST_ROW_BYTES, LineScanner, readRecords } from '../rows/records.js';
import { groupRecords } from './record-groups.js';
import { type CutOptions, cutWindows, type FileWindow, groupLimitsFor } from './windows.js';

export function windowsOfLines(chunks: AsyncIterable<Buffer>, cut: CutOptions): AsyncGenerator<FileWindow> {
  const records = readRecords(chunks, new LineScanner(), fileStart, LARGEST_ROW_BYTES);
  return cutWindows(groupRecords(records, groupLimitsFor(cut.size)), cut);
}

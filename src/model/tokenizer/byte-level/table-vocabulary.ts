import type { Vocabulary } from '../vocabulary.js';
import type { BpeTables } from './tables.js';
import { copyUnits, idOfUnits, startOf } from './token-table.js';

/** The vocabulary of a plain byte-level BPE. */
export class TableVocabulary implements Vocabulary {
  readonly tables: BpeTables;

  constructor(tables: BpeTables) {
    this.tables = tables;
  }

  get size(): number {
    return this.tables.size;
  }

  get idLimit(): number {
    return this.tables.ends.length;
  }

  idOf(token: string): number | undefined {
    const units = new Uint16Array(token.length);
    const id = idOfUnits(this.tables, units, 0, copyUnits(token, units, 0));
    return id < 0 ? undefined : id;
  }

  tokenOf(id: number): string | undefined {
    const end = this.tables.ends[id];
    if (end === undefined) return undefined;
    // A token can have more units than a call may have arguments.
    const units = this.tables.units.subarray(startOf(this.tables, id), end);
    return units.length === 0 ? undefined : Array.from(units, (unit) => String.fromCharCode(unit)).join('');
  }
}

/**
 * The numbers of the fields that this program reads or writes.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
export const fieldsOf = {
  /** FileMetaData. */
  file: {
    version: 1,
    schema: 2,
    rows: 3,
    groups: 4,
    keyValues: 5,
    createdBy: 6,
    orders: 7,
    encryption: 8,
    signature: 9,
  },
  /** SchemaElement. */
  element: {
    type: 1,
    length: 2,
    repetition: 3,
    name: 4,
    children: 5,
    converted: 6,
    scale: 7,
    precision: 8,
    logical: 10,
  },
  /** RowGroup. */
  group: { columns: 1, bytes: 2, rows: 3, sorting: 4, fileOffset: 5, compressed: 6, ordinal: 7 },
  /** ColumnChunk. */
  chunk: {
    filePath: 1,
    fileOffset: 2,
    metadata: 3,
    offsetIndex: 4,
    offsetIndexLength: 5,
    columnIndex: 6,
    columnIndexLength: 7,
    crypto: 8,
  },
  /** ColumnMetaData. */
  column: {
    type: 1,
    encodings: 2,
    path: 3,
    codec: 4,
    values: 5,
    uncompressed: 6,
    compressed: 7,
    dataPage: 9,
    indexPage: 10,
    dictionaryPage: 11,
    statistics: 12,
    encodingStatistics: 13,
    bloomFilter: 14,
    bloomFilterLength: 15,
  },
  /** Statistics. */
  statistics: { nulls: 3, max: 5, min: 6 },
  /** PageHeader. */
  page: { type: 1, uncompressed: 2, compressed: 3, crc: 4, data: 5, dictionary: 7, data2: 8 },
  /** DataPageHeader. */
  data: { values: 1, encoding: 2, definitions: 3, repetitions: 4 },
  /** DictionaryPageHeader. */
  dictionary: { values: 1, encoding: 2 },
  /** DataPageHeaderV2. */
  data2: { values: 1, nulls: 2, rows: 3, encoding: 4, definitionBytes: 5, repetitionBytes: 6, compressed: 7 },
  /** KeyValue. */
  keyValue: { key: 1, value: 2 },
} as const;

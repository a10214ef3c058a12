/** What the headers of an answer say of a file. Of a large file, the hub's redirect says more than the storage would. */

/** Names the file's content; undefined where the header is not there, or is not the name of a file, which it may become. */
export function etagIn(headers: Headers): string | undefined {
  const etag = (headers.get('x-linked-etag') ?? headers.get('etag'))?.replace(/^W\//, '').replaceAll('"', '');
  return etag !== undefined && /^\w[\w.-]{0,199}$/.test(etag) ? etag : undefined;
}

/** Bytes of the whole file, where the answer says it. */
export function sizeIn(headers: Headers): number | undefined {
  // The length of a compressed answer is not that of the file.
  const length = headers.has('content-encoding') ? null : headers.get('content-length');
  const size = headers.get('x-linked-size') ?? length;
  return size !== null && /^\d+$/.test(size) ? Number(size) : undefined;
}

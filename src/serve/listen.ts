/** Listens for requests, and stops without losing one. The only importer of @hono/node-server. */

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { messageOf, usageError } from '../errors.js';
import { optionName } from '../option-name.js';

/** How long a client may take to send its headers, where it does not have less for the whole request. */
const HEADERS_MS = 10_000;

/** Longer than load balancers keep an idle connection (60 s), so that they are the ones to close it. */
const IDLE_MS = 65_000;

export interface Listener {
  readonly url: string;
  /** Accepts no new connections, and resolves when every request that came is answered. */
  stop(): Promise<void>;
}

/** @throws FatalError `usage` where host and port are not available */
export async function listen(
  fetch: Parameters<typeof getRequestListener>[0],
  { host, port, clientMs }: { readonly host: string; readonly port: number; readonly clientMs: number },
): Promise<Listener> {
  // A body's time is limited where it is received: Node does not enforce its own limits once a server is closed.
  const headersTimeout = Math.min(HEADERS_MS, clientMs);
  const limits = { headersTimeout, requestTimeout: 0, keepAliveTimeout: IDLE_MS };
  const server = createServer({ ...limits, connectionsCheckingInterval: 1000 }, getRequestListener(fetch));
  const inHand = new Set<ServerResponse>();
  server.on('request', (_, response) => {
    inHand.add(response);
    response.once('close', () => inHand.delete(response));
  });
  server.on('connection', (socket) => {
    socket.once('close', () => {
      // Node emits no event for an answer that waits behind another one of the same connection (pipelining).
      for (const response of inHand) if (response.req.socket === socket) response.emit('close');
    });
  });
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    throw usageError(
      `expected a ${optionName('host')} and ${optionName('port')} that are free, got ${host} and ${port} (${messageOf(error)})`,
      {
        cause: error,
      },
    );
  }
  return {
    url: urlOf(server),
    async stop() {
      server.close();
      while (inHand.size > 0) await Promise.all([...inHand].map((response) => once(response, 'close')));
      server.closeAllConnections();
    },
  };
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

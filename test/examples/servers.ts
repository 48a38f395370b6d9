/** Servers for examples. Each stops when the example has ended. */
import * as http from "node:http"
import * as https from "node:https"
import type * as net from "node:net"
import { freePorts } from "../support/freePorts.ts"
import { serve } from "../support/servers.ts"
import { postgres } from "../support/services/postgres.ts"
import { localhost } from "./certificates.ts"

export interface ExampleServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  readonly port: number
  readonly stop: () => Promise<unknown>
}

export type Serve = () => Promise<ExampleServer>

const at = (port: number, stop: () => Promise<unknown>): ExampleServer => ({ address: `127.0.0.1:${port}`, port, stop })

/** Sends back what it gets. */
export const echo: Serve = async () => {
  const { port, stop } = await serve((socket) => void socket.pipe(socket))
  return at(port, stop)
}

/** An address where nothing listens. */
export const nothing: Serve = async () => {
  const [port = 0] = await freePorts(1)
  return at(port, () => Promise.resolve())
}

/** PostgreSQL with the user `app`, its password `secret`, and its database `app`. */
export const database: Serve = async () => {
  const { port, stop } = await postgres()
  return at(port, stop)
}

const answer: http.RequestListener = (request, response) => response.end(`${request.method} ${request.url} answered\n`)

/** Answers each request with its method and path. */
export const web: Serve = () => listening(http.createServer(answer))

/** The same over TLS, with a certificate for `localhost` by an authority that the example trusts. */
export const secureWeb: Serve = () => listening(https.createServer(localhost, answer))

async function listening(server: http.Server | https.Server): Promise<ExampleServer> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return at((server.address() as net.AddressInfo).port, () =>
    new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    }))
}

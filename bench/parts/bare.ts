/** The rival: the shortest forwarder that works, two pipes. */
import * as net from "node:net"
import process from "node:process"
import { answer, usage } from "../support/child.ts"

const upstreamPort = Number(process.argv[2])

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const upstream = net.connect({ port: upstreamPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true })
  client.on("error", () => upstream.destroy())
  upstream.on("error", () => client.destroy())
  client.pipe(upstream)
  upstream.pipe(client)
})

const listening = new Promise<number>((resolve) => {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => resolve((server.address() as net.AddressInfo).port))
})

answer((question) => question === "port" ? listening : question === "pid" ? process.pid : usage())

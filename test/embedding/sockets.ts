/** Scenes of the recipes for databases and other sockets: each has the real server at one address, and none at the other. */
import { assert } from "@effect/vitest"
import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import type * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { WebSocketServer } from "ws"
import { authority } from "../support/certificates.ts"
import { freePorts } from "../support/freePorts.ts"
import { noPostgres, postgres } from "../support/services/postgres.ts"
import { noRedis, redis } from "../support/services/redis.ts"
import type { Service } from "../support/services/service.ts"
import { noSmtp, smtp } from "../support/services/smtp.ts"
import type { Scene, Scenes, Stage } from "./Scene.ts"

/** The first address of the text leads nowhere, so the recipe has to get past it. */
const besideDead = (serve: () => Promise<Service>, port: number): Scene["prepare"] => async ({ use }) => {
  const [dead = 0] = await freePorts(1)
  const server = await use(serve())
  return { replace: { [`192.0.2.10:${port}`]: `127.0.0.1:${dead}`, [`192.0.2.11:${port}`]: `127.0.0.1:${server.port}` } }
}

/** The example in its place: its addresses come as arguments. */
const example = async ({ use }: Stage) => {
  const [dead = 0] = await freePorts(1)
  const { port } = await use(postgres())
  return { args: [dead, port].map((one) => `127.0.0.1:${one}`) }
}

/** The certificate of the server is for web.example. */
const overTls: Scene["prepare"] = async (stage) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-authority-"))
  await stage.use(Promise.resolve({ stop: () => Promise.resolve(fs.rmSync(directory, { recursive: true })) }))
  const file = path.join(directory, "authority.pem")
  fs.writeFileSync(file, authority)
  const { replace } = await besideDead(postgres, 5432)(stage)
  return { replace: { ...replace, "db.example": "web.example", '"authority.pem"': JSON.stringify(file) } }
}

/** Sends back what it gets. */
async function webSockets(): Promise<Service> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 })
  server.on("connection", (socket) => socket.on("message", (message) => socket.send(Buffer.from(String(message)))))
  await new Promise((resolve) => server.once("listening", resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      for (const socket of server.clients) socket.terminate()
      server.close(() => resolve())
    })
  return { port: (server.address() as net.AddressInfo).port, stop }
}

const prints = (expected: string) => (output: string) => assert.strictEqual(output, expected)

export const sockets: Scenes = {
  "Databases and other sockets": [
    { isMissing: noPostgres, prepare: example, printed: prints("the sum is 2") },
    { isMissing: noPostgres, prepare: overTls, printed: prints("true") },
    { isMissing: noRedis, prepare: besideDead(redis, 6379), printed: prints("hello") },
    { prepare: besideDead(webSockets, 80), printed: prints("hello") },
    { isMissing: noSmtp, prepare: besideDead(smtp, 587), printed: prints("[ 'bob@example.com' ]") }
  ]
}

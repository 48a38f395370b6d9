/** A server that takes one connection at a time: Python's `http.server`, as it comes. */
import { spawn } from "node:child_process"
import type { Aim, Report } from "../support/report.ts"
import { client } from "../support/client.ts"
import type { Served } from "../support/client.ts"
import { figuresOf, serving } from "./fieldService.ts"
import { Noted, pause } from "./poolLab.ts"

const CLIENTS = 80
const EVERY_MS = 500
const TIMEOUT_MS = 10_000
const MOST_P90_MS = 50
const REQUEST = "GET / HTTP/1.0\r\n\r\n"
const SERVER = `
import http.server as h
class Quiet(h.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
server = h.HTTPServer(("127.0.0.1", 0), Quiet)
print(server.server_port, flush=True)
server.serve_forever()
`

/** A client each half second, with default settings; a few directly before, as the reference. */
export async function serial(rounds: number): Promise<Report> {
  const noted = new Noted()
  for (let round = 0; round < rounds; round++) {
    await withServer(async (port) => {
      noted.note("direct", figuresOf(await clients(port, CLIENTS / 4, EVERY_MS / 4)))
      const upstream = `upstreams: { web: { candidates: ["127.0.0.1:${port}"] } }`
      const listener = 'listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]'
      const seen = await serving(`${listener}\n${upstream}`, ({ portOf }) => clients(portOf("web"), CLIENTS, EVERY_MS))
      noted.note("through Fairlead", figuresOf(seen))
    })
  }
  const aims: ReadonlyArray<Aim> = [
    { what: "clients that failed, worst round", figure: noted.of("through Fairlead", "failed").greatest, atMost: 0 },
    { what: "p90 ms, worst round", figure: noted.of("through Fairlead", "p90 ms").greatest, atMost: MOST_P90_MS }
  ]
  const about = `Python's http.server as the only candidate, ${CLIENTS} clients, one each ${EVERY_MS} ms, defaults`
  return { bench: "field: one connection at a time", about, rounds, results: noted.results(), aims }
}

/** Open loop. */
async function clients(port: number, count: number, everyMs: number): Promise<ReadonlyArray<Served>> {
  const running: Array<Promise<Served>> = []
  for (let i = 0; i < count; i++) {
    running.push(client(port, REQUEST, TIMEOUT_MS))
    await pause(everyMs)
  }
  return await Promise.all(running)
}

async function withServer<A>(use: (port: number) => Promise<A>): Promise<A> {
  const child = spawn("python3", ["-c", SERVER], { stdio: ["ignore", "pipe", "inherit"] })
  const ended = new Promise((resolve) => child.once("close", resolve))
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.stdout.once("data", (chunk) => resolve(Number(chunk)))
      child.once("close", () => reject(new Error("Python's http.server ended early")))
    })
    return await use(port)
  } finally {
    child.kill("SIGKILL")
    await ended
  }
}

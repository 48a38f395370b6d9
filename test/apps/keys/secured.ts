/** TLS of a program: what each key of `tls` does to a connection of `connectTls`. */
import { text } from "node:stream/consumers"
import type { FairleadConfig } from "../../../src/mod.ts"
import { createFairlead, FairleadTlsError } from "../../../src/mod.ts"
import type { Identified } from "../../support/certificates.ts"
import { good, otherName } from "../../support/certificates.ts"
import { inScratch } from "../../support/command.ts"
import { until } from "../../support/servers.ts"
import { authorityFile, OTHER_PIN, pinOf, stagedServer } from "../../support/stagedServers.ts"
import { impostors, listening } from "../../support/tlsServers.ts"
import type { Json, Row } from "./Row.ts"

interface Result {
  /** What the server said, or why there is no connection. */
  readonly said: string
  /** The names in SNI that the servers saw. */
  readonly names: ReadonlyArray<string>
  /** Of the first attempt. */
  readonly tookMs: number
}

/** Connects once. `first`: the certificate of the address that is tried before the right one; null: it is silent. */
const secured = (file: Json, first: Identified | null): Promise<Result> =>
  inScratch(async (directory) => {
    await using stack = new AsyncDisposableStack()
    const before = first === null
      ? { ...await listening(impostors["is silent"]!), names: [] }
      : await stagedServer(() => first, "first")
    stack.defer(before.stop)
    const second = await stagedServer(() => good, "second", { host: "127.0.0.2", port: before.port })
    stack.defer(second.stop)
    await using fairlead = await createFairlead({
      tls: file["tls"] as NonNullable<FairleadConfig["tls"]>,
      probing: { mode: "tcp", interval: "100ms" },
      selector: { evaluationInterval: "20ms" },
      pool: { mode: "off" },
      sources: { dns: false },
      upstreams: {
        web: {
          host: "web.example",
          port: before.port,
          candidates: [`127.0.0.1:${before.port}`],
          fallback: [`127.0.0.2:${before.port}`],
          caFile: authorityFile(directory)
        }
      }
    })
    await until("there is a set", () => fairlead.status().upstreams[0]?.state === "active")
    const names = () => [...before.names, ...second.names]
    try {
      const socket = await fairlead.connectTls("web")
      return { said: await text(socket.end("?")), names: names(), tookMs: 0 }
    } catch (error) {
      if (!(error instanceof FairleadTlsError)) throw error
      return { said: error.reason, names: names(), tookMs: error.tried[0]?.tookMs ?? 0 }
    }
  })

const row = (key: string, values: Row["values"], shows: Row["shows"], behave: Row["behave"], tls: Json = {}): Row => ({
  key,
  values,
  shows,
  behave,
  beside: { tls: { chain: ["real"], ...tls } }
})

export const SECURED: ReadonlyArray<Row> = [
  row(
    "tls.chain",
    [["cover", "real"], ["real", "cover"]],
    [["cover.example"], ["web.example"]],
    async (file) => (await secured(file, good)).names,
    { coverName: "cover.example" }
  ),
  row(
    "tls.coverName",
    ["one.example", "two.example"],
    [["one.example"], ["two.example"]],
    async (file) => (await secured(file, good)).names,
    { chain: ["cover"] }
  ),
  row("tls.attempts", [1, 2], ["exhausted", "second"], async (file) => (await secured(file, otherName)).said),
  row("tls.timeout", ["50ms", "500ms"], "more", async (file) => (await secured(file, null)).tookMs, { attempts: 1 }),
  row("tls.pins", [[pinOf(good)], [OTHER_PIN]], ["first", "pin"], async (file) => (await secured(file, good)).said),
  row(
    "tls.pinsReportOnly",
    [false, true],
    ["pin", "first"],
    async (file) => (await secured(file, good)).said,
    { pins: [OTHER_PIN] }
  )
]

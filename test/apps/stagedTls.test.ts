/** TLS in stages: in each of them a wrong server never serves, a pin mismatch stops, and a stage that keeps failing is off for a while. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { text } from "node:stream/consumers"
import type { FairleadClient, FairleadConfig, PublicFact } from "../../src/mod.ts"
import { createFairlead, FairleadTlsError } from "../../src/mod.ts"
import type { Identified } from "../support/certificates.ts"
import { expired, good, otherName, selfSigned } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { until } from "../support/servers.ts"
import type { StagedServer } from "../support/stagedServers.ts"
import { authorityFile, OTHER_PIN, pinOf, stagedServer } from "../support/stagedServers.ts"
import { impostors, listening } from "../support/tlsServers.ts"

type Stage = "cover" | "real" | "system"
const STAGES: ReadonlyArray<Stage> = ["cover", "real", "system"]

/** Servers that must not serve, by what is wrong with them. */
const WRONG: Readonly<Record<string, Identified | keyof typeof impostors>> = {
  "a certificate that is not trusted": selfSigned,
  "an expired certificate": expired,
  "a valid certificate of another host": otherName,
  "no TLS": "speaks another protocol",
  "silence in the handshake": "is silent"
}

const OUTCOMES: Readonly<Record<string, string>> = {
  "a certificate that is not trusted": "certificate",
  "an expired certificate": "certificate",
  "a valid certificate of another host": "certificate",
  "no TLS": "handshake",
  "silence in the handshake": "timeout"
}

/** The wrong server, and what it received inside TLS. */
const wrongServer = async (kind: string): Promise<Pick<StagedServer, "port" | "stop" | "received">> => {
  const what = WRONG[kind]!
  if (typeof what !== "string") return stagedServer(() => what, "wrong")
  return { ...await listening(impostors[what]!), received: () => 0 }
}

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, (error: unknown) => error)

/** Every upstream has a measured candidate, so the plan begins with the candidates. */
const selected = (fairlead: FairleadClient, count: number) =>
  until(
    "all upstreams have their set",
    () => fairlead.status().upstreams.filter(({ state }) => state === "active").length === count
  )

const quick = {
  probing: { mode: "tcp", interval: "100ms" },
  selector: { evaluationInterval: "20ms" },
  pool: { mode: "off" },
  sources: { dns: false }
} satisfies FairleadConfig

const chainOf = (stage: Stage): NonNullable<FairleadConfig["tls"]> =>
  stage === "cover" ? { chain: [stage], coverName: "cover.example" } : { chain: [stage] }

/** The facts of one kind so far. */
async function collected(fairlead: FairleadClient, facts: Array<PublicFact>): Promise<void> {
  for await (const fact of fairlead.facts()) facts.push(fact)
}

describe("in each stage, the real server serves after one with", () => {
  it.live.each(STAGES.flatMap((stage) => Object.keys(WRONG).map((kind) => [kind, stage] as const)))(
    "%s, in stage %s",
    ([kind, stage]) =>
      Effect.gen(function* () {
        const dns = yield* dnsServer({ "web.example": ["127.0.0.1", "127.0.0.2"] })
        yield* Effect.promise(() =>
          inScratch(async (directory) => {
            await using stack = new AsyncDisposableStack()
            const wrong = await wrongServer(kind)
            stack.defer(wrong.stop)
            const right = await stagedServer(() => good, "right", { host: "127.0.0.2", port: wrong.port })
            stack.defer(right.stop)
            const { port } = wrong
            const lists = stage === "system" ? {} : { candidates: [`127.0.0.1:${port}`], fallback: [`127.0.0.2:${port}`] }
            await using fairlead = await createFairlead({
              ...quick,
              dns: { servers: [`127.0.0.1:${dns.port}`] },
              upstreams: {
                web: {
                  host: "web.example",
                  port,
                  ...lists,
                  caFile: authorityFile(directory),
                  tls: { ...chainOf(stage), timeout: "150ms" }
                }
              }
            })
            if (stage !== "system") await selected(fairlead, 1)
            const facts: Array<PublicFact> = []
            const reading = collected(fairlead, facts)
            const socket = await fairlead.connectTls("web")
            assert.isTrue(socket.authorized)
            assert.strictEqual(fairlead.servedBy(socket)?.tlsStage, stage)
            assert.strictEqual(await text(socket.end("?")), "right")
            assert.deepStrictEqual(right.names, [stage === "cover" ? "cover.example" : "web.example"])
            assert.strictEqual(wrong.received(), 0)
            // Without the right server there is no connection at all.
            await right.stop()
            const refused = await failure(fairlead.connectTls("web"))
            assert.instanceOf(refused, FairleadTlsError)
            assert.strictEqual(refused.reason, "exhausted")
            assert.deepInclude(refused.tried[0], { stage, outcome: OUTCOMES[kind]! })
            assert.strictEqual(wrong.received(), 0)
            const timing = facts.filter((fact) => fact.kind === "AdaptiveTlsTiming")
            assert.deepStrictEqual(timing.map(({ ipSelectionStage, ipSource }) => [ipSelectionStage, ipSource]), [
              [stage, stage === "system" ? "system" : "fallback"]
            ])
            await fairlead.close()
            await reading
          })
        )
      }).pipe(Effect.scoped)
  )
})

/** One upstream with a chain, on servers for it alone. */
const chained = (
  directory: string,
  port: number,
  tls: FairleadConfig["tls"],
  more: object = {}
): FairleadConfig => ({
  ...quick,
  ...more,
  upstreams: {
    web: { host: "web.example", port, candidates: [`127.0.0.1:${port}`], caFile: authorityFile(directory), tls: tls ?? {} }
  }
})

describe("the chain", () => {
  it("fake stage fails, real serves: a server that knows only the real name serves in the next stage", () =>
    inScratch(async (directory) => {
      await using stack = new AsyncDisposableStack()
      const server = await stagedServer((name) => name === "web.example" ? good : otherName, "right")
      stack.defer(server.stop)
      await using fairlead = await createFairlead(
        chained(directory, server.port, { chain: ["cover", "real"], coverName: "cover.example" })
      )
      await selected(fairlead, 1)
      const facts: Array<PublicFact> = []
      void collected(fairlead, facts)
      const socket = await fairlead.connectTls("web")
      assert.strictEqual(await text(socket.end("?")), "right")
      assert.strictEqual(fairlead.servedBy(socket)?.tlsStage, "real")
      // One connection for each stage: nothing is tried twice.
      assert.deepStrictEqual(server.names, ["cover.example", "web.example"])
      await until("the facts are there", () => facts.some(({ kind }) => kind === "AdaptiveTlsTiming"))
      const told = facts.filter((fact) => fact.kind === "AdaptiveTlsFallback")
      assert.deepStrictEqual(
        told.map(({ ipSelectionStage, to, reason, candidate, ipSource }) => {
          return { ipSelectionStage, to, reason, candidate, ipSource }
        }),
        [{ ipSelectionStage: "cover", to: "real", reason: "certificate", candidate: "web#1", ipSource: "user-static" }]
      )
      assert.isAbove(told[0]?.ipLatencyMs ?? 0, 0)
    }))

  it.each(STAGES)(
    "pin mismatch stops: in stage %s no other address and no other stage is tried",
    (stage) =>
      inScratch((directory) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const dns = yield* dnsServer({ "web.example": ["127.0.0.1", "127.0.0.2"] })
            yield* Effect.promise(async () => {
              await using stack = new AsyncDisposableStack()
              const first = await stagedServer(() => good, "first")
              stack.defer(first.stop)
              const second = await stagedServer(() => good, "second", { host: "127.0.0.2", port: first.port })
              stack.defer(second.stop)
              const { chain } = chainOf(stage)
              const { upstreams: { web } = {}, ...config } = chained(directory, first.port, {
                ...chainOf(stage),
                chain: [...chain!, ...STAGES.filter((one) => one !== stage && one !== "cover")],
                pins: [OTHER_PIN]
              }, { dns: { servers: [`127.0.0.1:${dns.port}`] } })
              const upstream = { ...web, fallback: [`127.0.0.2:${first.port}`] }
              await using fairlead = await createFairlead({ ...config, upstreams: { web: upstream } })
              await selected(fairlead, 1)
              const error = await failure(fairlead.connectTls("web"))
              assert.instanceOf(error, FairleadTlsError)
              assert.strictEqual(error.reason, "pin")
              assert.deepStrictEqual(error.tried.map((one) => [one.stage, one.outcome]), [[stage, "pin"]])
              // The message has the pin to add where the server has a new key.
              assert.include(error.message, `the server's key is ${pinOf(good)}`)
              assert.deepStrictEqual([first.names.length, second.names.length, first.received()], [1, 0, 0])
              // With the right one among several, it serves; and where pins are only reported, it serves as well.
              const pins = [OTHER_PIN, pinOf(good)]
              await fairlead.reload({ ...config, upstreams: { web: { ...upstream, tls: { ...chainOf(stage), pins } } } })
              assert.strictEqual(await text((await fairlead.connectTls("web")).end("?")), "first")
              const reported = { ...chainOf(stage), pins: [OTHER_PIN], pinsReportOnly: true }
              await fairlead.reload({ ...config, upstreams: { web: { ...upstream, tls: reported } } })
              assert.strictEqual(await text((await fairlead.connectTls("web")).end("?")), "first")
              const mismatches: Array<boolean> = []
              for await (const fact of fairlead.facts()) {
                if (fact.kind === "AdaptiveTlsPinMismatch") mismatches.push(fact.stopped)
                if (mismatches.length === 2) break
              }
              assert.deepStrictEqual(mismatches, [true, false])
            })
          }).pipe(Effect.scoped)
        )
      )
  )

  it("a stage is auto-disabled and returns: after failures in a row it is skipped, and one trial brings it back", () =>
    inScratch(async (directory) => {
      await using stack = new AsyncDisposableStack()
      let knowsCover = false
      const server = await stagedServer((name) => name === "web.example" || knowsCover ? good : otherName, "right")
      stack.defer(server.stop)
      const breaker = { failureThreshold: 2, cooldown: "300ms" }
      await using fairlead = await createFairlead(
        chained(directory, server.port, { chain: ["cover", "real"], coverName: "cover.example" }, { breaker })
      )
      await selected(fairlead, 1)
      const facts: Array<PublicFact> = []
      void collected(fairlead, facts)
      const stageOf = async () => {
        const socket = await fairlead.connectTls("web")
        socket.destroy()
        return fairlead.servedBy(socket)?.tlsStage
      }
      const kinds = () => facts.map(({ kind }) => kind).filter((kind) => kind.startsWith("AdaptiveTlsAuto"))
      assert.deepStrictEqual([await stageOf(), await stageOf()], ["real", "real"])
      await until("the stage is off", () => kinds().length === 1)
      const before = server.names.length
      assert.strictEqual(await stageOf(), "real")
      assert.deepStrictEqual(server.names.slice(before), ["web.example"])
      knowsCover = true
      let stage: string | null | undefined
      while (stage !== "cover") stage = await stageOf()
      await until("the stage is on", () => kinds().length === 2)
      assert.deepStrictEqual(kinds(), ["AdaptiveTlsAutoDisable", "AdaptiveTlsAutoEnable"])
      assert.strictEqual(await stageOf(), "cover")
      // A refusal under another name is no fault of the candidate.
      assert.deepInclude(fairlead.status().upstreams[0]?.candidates[0], { breaker: "closed", suspect: false })
    }))
})

/** TLS in stages: in each of them a wrong server never serves, a pin mismatch stops, and a stage that keeps failing is off for a while. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { text } from "node:stream/consumers"
import type { FairleadClient, FairleadConfig, PublicFact } from "../../src/mod.ts"
import { createFairlead, FairleadTlsError } from "../../src/mod.ts"
import { Replay } from "../../src/record/replay.ts"
import type { Verdict } from "../../src/record/Verdict.ts"
import type { Identified } from "../support/certificates.ts"
import { expired, good, otherName, selfSigned } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { linesOf } from "../support/segments.ts"
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

/** Replays the one segment of a record. */
function verdictOn(directory: string): Verdict {
  const replay = new Replay()
  replay.segment(1)
  const [file = ""] = fs.readdirSync(directory).filter((name) => name.includes(".ndjson"))
  for (const line of linesOf(fs.readFileSync(path.join(directory, file), "utf8"))) replay.line(line)
  replay.segmentEnd(0, true)
  return replay.verdict()
}

/** The facts so far, and all that follow. */
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
                  tls: { ...chainOf(stage), timeout: kind === "silence in the handshake" ? "500ms" : "5s" }
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
            await fairlead.close()
            await reading
            const timing = facts.filter((fact) => fact.kind === "AdaptiveTlsTiming")
            assert.deepStrictEqual(timing.map(({ ipSelectionStage, ipSource }) => [ipSelectionStage, ipSource]), [
              [stage, stage === "system" ? null : "fallback"]
            ])
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
      const log = path.join(directory, "log")
      await using fairlead = await createFairlead(
        chained(directory, server.port, { chain: ["cover", "real"], coverName: "cover.example" }, {
          breaker,
          eventLog: { path: log }
        })
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
      await fairlead.close()
      const { outcome, problem } = verdictOn(log)
      assert.deepStrictEqual([outcome, problem], ["verified", null])
    }))

  it("dials candidates as before: one connection for each attempt, at most `tls.attempts` in a stage, and none twice", () =>
    inScratch(async (directory) => {
      await using stack = new AsyncDisposableStack()
      const servers = await Promise.all([1, 2, 3, 4].map(() => stagedServer(() => otherName, "wrong")))
      for (const { stop } of servers) stack.defer(stop)
      const { upstreams: { web } = {}, ...config } = chained(directory, 443, { chain: ["real"], attempts: 3 })
      const candidates = servers.map(({ port }) => `127.0.0.1:${port}`)
      await using fairlead = await createFairlead({ ...config, attempts: 4, upstreams: { web: { ...web, candidates } } })
      await selected(fairlead, 1)
      const error = await failure(fairlead.connectTls("web"))
      assert.instanceOf(error, FairleadTlsError)
      assert.deepStrictEqual(servers.map(({ names }) => names.length).toSorted(), [0, 1, 1, 1])
      assert.strictEqual(new Set(error.tried.map(({ candidate }) => candidate)).size, 3)
    }))

  it("leaves no connection open when its signal ends it, or when its time is over", () =>
    inScratch(async (directory) => {
      await using stack = new AsyncDisposableStack()
      const server = await listening(impostors["is silent"]!)
      stack.defer(server.stop)
      await using fairlead = await createFairlead(
        chained(directory, server.port, { chain: ["real"], timeout: "1m" }, { dial: { deadline: "300ms" } })
      )
      await selected(fairlead, 1)
      const stop = new AbortController()
      const before = server.connections()
      const waiting = failure(fairlead.connectTls("web", undefined, { signal: stop.signal }))
      await until("it is connected", () => server.connections() > before)
      stop.abort(new Error("enough"))
      assert.strictEqual(String(await waiting), "Error: enough")
      const late = await failure(fairlead.connectTls("web"))
      assert.instanceOf(late, FairleadTlsError)
      assert.strictEqual(late.reason, "timeout")
      assert.match(late.message, /tried real .*cancelled after \d+ ms \(the deadline was over\); dial.deadline is over/)
      await until("all connections are closed", () => server.open() === 0)
    }))

  it("goes past the candidates while Fairlead is off: each stage asks at the system's addresses, and no source is told", () =>
    inScratch((directory) =>
      Effect.runPromise(
        Effect.gen(function* () {
          const dns = yield* dnsServer({ "web.example": ["127.0.0.2"] })
          yield* Effect.promise(async () => {
            await using stack = new AsyncDisposableStack()
            const candidate = await stagedServer(() => good, "candidate")
            stack.defer(candidate.stop)
            const system = await stagedServer(() => good, "system", { host: "127.0.0.2", port: candidate.port })
            stack.defer(system.stop)
            const more = { enabled: false, dns: { servers: [`127.0.0.1:${dns.port}`] } }
            await using fairlead = await createFairlead(
              chained(directory, candidate.port, { chain: ["cover", "real"], coverName: "cover.example" }, more)
            )
            const socket = await fairlead.connectTls("web")
            assert.strictEqual(await text(socket.end("?")), "system")
            assert.deepStrictEqual([candidate.names, system.names], [[], ["cover.example"]])
            for await (const fact of fairlead.facts()) {
              if (fact.kind !== "AdaptiveTlsTiming") continue
              const { candidate, ipSource, ipLatencyMs, ipSelectionStage } = fact
              assert.deepStrictEqual([candidate, ipSource, ipLatencyMs, ipSelectionStage], [null, null, null, "cover"])
              break
            }
          })
        }).pipe(Effect.scoped)
      )
    ))

  it("needs a host that certificates can be for", async () => {
    await using fairlead = await createFairlead({ upstreams: { web: { candidates: ["127.0.0.1:9"] } } })
    const error = await failure(fairlead.connectTls("web"))
    assert.instanceOf(error, FairleadTlsError)
    assert.match(error.message, /it has no host that a certificate could be for; set host/)
    assert.isFalse(fairlead.hasTlsRules("web"))
    await fairlead.reload({ upstreams: { web: { host: "web.example", tls: { pins: [OTHER_PIN] } } } })
    assert.isTrue(fairlead.hasTlsRules("web.example", 443))
    assert.isFalse(fairlead.hasTlsRules("other.example", 443))
  })
})

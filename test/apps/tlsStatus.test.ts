/** The stages of a program's TLS as operators see them: `/status`, the lines of `fairlead status`, and metrics. */
import { assert, describe, it } from "vitest"
import { textOf } from "../../src/apps/demo/spans.ts"
import { decodeStatus } from "../../src/apps/status/StatusDocument.ts"
import { statusLines } from "../../src/apps/status/statusLines.ts"
import type { FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"
import * as Result from "effect/Result"
import { good, otherName } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { until } from "../support/servers.ts"
import { authorityFile, OTHER_PIN, stagedServer } from "../support/stagedServers.ts"
import { seriesOf } from "../support/telemetry.ts"

describe("stages of TLS", () => {
  it("show in /status, in `fairlead status` and in metrics what each gave and why it is off, and pins that did not match", () =>
    inScratch(async (directory) => {
      await using stack = new AsyncDisposableStack()
      const server = await stagedServer((name) => name === "web.example" ? good : otherName, "right")
      stack.defer(server.stop)
      const [admin = 0] = await freePorts(1)
      const config = (tls: FairleadConfig["tls"]): FairleadConfig => ({
        probing: { mode: "tcp" },
        pool: { mode: "off" },
        sources: { dns: false },
        breaker: { failureThreshold: 2, cooldown: "1m" },
        admin: { listen: `127.0.0.1:${admin}` },
        upstreams: {
          plain: { candidates: [`127.0.0.1:${server.port}`] },
          web: {
            host: "web.example",
            port: server.port,
            candidates: [`127.0.0.1:${server.port}`],
            caFile: authorityFile(directory),
            tls: tls ?? {}
          }
        }
      })
      const staged = { chain: ["cover", "real"], coverName: "cover.example" } satisfies FairleadConfig["tls"]
      await using fairlead = await createFairlead(config(staged))
      const read = async (path: string) => (await fetch(`http://127.0.0.1:${admin}${path}`)).text()
      const shown = async () => {
        const document = decodeStatus(await read("/status"))
        if (Result.isFailure(document)) throw document.failure
        return document.success
      }
      const stagesOf = async (name: string) => (await shown()).upstreams.find((one) => one.name === name)?.tlsStages ?? []
      await until("it is selected", () => fairlead.status().upstreams.every(({ state }) => state === "active"))
      const never = { on: true, offUntil: null, served: 0, failed: 0, lastFailure: null, unpinned: 0 }
      assert.deepStrictEqual(await stagesOf("web"), [{ stage: "cover", ...never }, { stage: "real", ...never }])
      assert.deepStrictEqual(await stagesOf("plain"), [])

      for (let i = 0; i < 2; i++) (await fairlead.connectTls("web")).destroy()
      await until("the stage is off", () => fairlead.status().upstreams[1]?.tlsStages[0]?.on === false)
      ;(await fairlead.connectTls("web")).destroy()
      await until("it is counted", () => fairlead.status().upstreams[1]?.tlsStages[1]?.served === 3)
      const [cover, real] = await stagesOf("web")
      assert.deepInclude(cover, { stage: "cover", on: false, served: 0, failed: 2, unpinned: 0 })
      assert.strictEqual(cover?.lastFailure?.reason, "certificate")
      const leftMs = Date.parse(cover?.offUntil ?? "") - Date.now()
      assert.isTrue(leftMs > 40_000 && leftMs <= 60_000, `off for ${leftMs} ms more`)
      assert.deepStrictEqual(real, { stage: "real", ...never, served: 3 })
      assert.deepStrictEqual(
        fairlead.status().upstreams.map(({ tlsStages }) => tlsStages.map(({ stage, on }) => `${stage} ${on}`)),
        [[], ["cover false", "real true"]]
      )
      const of = (page: string) => (name: string) => seriesOf(page).get(name)
      const before = of(await read("/metrics"))
      assert.strictEqual(before('fairlead_tls_stage_total{upstream="web",stage="cover",result="certificate"}'), 2)
      assert.strictEqual(before('fairlead_tls_stage_total{upstream="web",stage="real",result="served"}'), 3)
      assert.strictEqual(before('fairlead_tls_stage_off{upstream="web",stage="cover"}'), 1)

      await fairlead.reload(config({ chain: ["real"], pins: [OTHER_PIN], pinsReportOnly: true }))
      ;(await fairlead.connectTls("web")).destroy()
      await fairlead.reload(config({ chain: ["real"], pins: [OTHER_PIN] }))
      await fairlead.connectTls("web").then(() => assert.fail("a pin matched"), () => {})
      await until("it is counted", () => fairlead.status().upstreams[1]?.tlsStages[0]?.failed === 1)
      const after = of(await read("/metrics"))
      assert.strictEqual(after('fairlead_tls_stage_total{upstream="web",stage="real",result="unpinned"}'), 1)
      assert.strictEqual(after('fairlead_tls_stage_total{upstream="web",stage="real",result="pin"}'), 1)
      // The reload took the stage out of the chain, and a stage that is gone is not off.
      assert.strictEqual(after('fairlead_tls_stage_off{upstream="web",stage="cover"}'), 0)

      const look = { nowMs: Date.now(), unicode: true, at: `127.0.0.1:${admin}` }
      const lines = statusLines(await shown(), look).map((line) => textOf(line).trim()).filter((line) =>
        line.startsWith("TLS")
      )
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0]!, /^TLS real: on, 4 served, 1 failed, the last \ds ago: pin, 1 without a pinned key$/)
    }))

  it("that are off tell for how long, and when a connection may try them", () => {
    const stage = { stage: "cover", on: false, served: 3, failed: 5, lastFailure: null, unpinned: 0 }
    const linesOf = (offUntil: string) =>
      statusLines({
        ...{ enabled: true, override: null, autoDisabledUntil: null, outage: null, uptimeSeconds: 1, restarts: 0 },
        record: { from: 0, to: 1, gaps: 0 },
        listeners: [],
        upstreams: [{
          ...{ name: "web", host: null, port: 443, dns: null, state: "active", selectedAt: null, candidateCount: 0 },
          candidates: [],
          tlsStages: [{ ...stage, offUntil }]
        }]
      }, { nowMs: Date.parse("2026-01-01T00:00:00Z"), unicode: true, at: "here" }).map((line) => textOf(line).trimEnd())
    assert.include(linesOf("2026-01-01T00:01:15Z"), "  TLS cover: off for 1m 15s more, 3 served, 5 failed")
    assert.include(linesOf("2025-12-31T23:59:59Z"), "  TLS cover: off, the next connection tries it, 3 served, 5 failed")
  })
})

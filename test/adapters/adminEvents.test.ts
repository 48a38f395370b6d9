/** `/events`: facts as they happen, again for a reader that reconnects; no reader makes Fairlead wait. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isReady } from "../../src/core/ready.ts"
import type { Admin } from "../support/admin.ts"
import { openEvents, withAdmin } from "../support/admin.ts"
import { configWith } from "../support/config.ts"
import { until } from "../support/servers.ts"

const quiet = configWith([{ candidates: [], pool: { mode: "off" } }])

/** Publishes a fact that has no other cause in these tests; `problems` tells one from another. */
const say = ({ facts }: Admin, problems: number) =>
  Effect.runPromise(facts.tell("IpPoolConfigUpdate", { upstream: null, applied: false, problems }))

async function sayAll(admin: Admin, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) await say(admin, i)
}

const problemsOf = (facts: ReadonlyArray<Readonly<Record<string, unknown>>>) => facts.map((fact) => fact["problems"])

describe("/events", () => {
  it.live("sends facts as they happen, with the number of each as its id", () =>
    withAdmin(quiet, {}, async (admin) => {
      const stream = await openEvents(admin.port)
      assert.strictEqual(stream.response.headers["content-type"], "text/event-stream")
      await until("it has begun", () => stream.text().startsWith("retry: "))
      await sayAll(admin, 1, 3)
      await until("they came", () => stream.facts().length === 3)
      const [first] = stream.facts()
      assert.deepInclude(first, { v: 1, kind: "IpPoolConfigUpdate", upstream: null, applied: false, problems: 1 })
      const ids = [...stream.text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
      assert.deepStrictEqual(ids, stream.facts().map(({ seq }) => seq))
      stream.stop()
    }))

  it.live("sends a reader that reconnects the facts that it missed and that are kept, each once", () =>
    withAdmin(quiet, { facts: { kept: 5 } }, async (admin) => {
      await until("the start is told", () => isReady(admin.engine.stateUnsafe()))
      const before = admin.facts.latestUnsafe()
      await sayAll(admin, 1, 9)
      const after = async (id: string) => {
        const stream = await openEvents(admin.port, { "last-event-id": id })
        await until("it has begun", () => stream.text() !== "")
        return stream
      }
      const near = await after(String(before + 7))
      const far = await after(String(before + 1))
      const foreign = await after("4000")
      const fresh = await openEvents(admin.port)
      await until("all have begun", () => fresh.text() !== "")
      await say(admin, 10)
      const streams = [near, far, foreign, fresh]
      await until("the last came to all", () => streams.every((stream) => stream.text().includes('"problems":10')))
      assert.deepStrictEqual(streams.map((stream) => problemsOf(stream.facts())), [
        [8, 9, 10],
        [5, 6, 7, 8, 9, 10],
        [5, 6, 7, 8, 9, 10],
        [10]
      ])
      for (const stream of streams) stream.stop()
    }))

  it.live("sends heartbeats while there are no facts", () =>
    withAdmin(quiet, { heartbeatMs: 20 }, async ({ port }) => {
      const stream = await openEvents(port)
      await until("three signs of life", () => stream.text().split(": alive\n\n").length > 3)
      stream.stop()
    }))

  it.live(
    "cuts off a reader that stops reading, and gives its permit to another",
    () =>
      withAdmin(quiet, { readers: 1, heartbeatMs: 100, facts: { perSecond: 100_000, kept: 65_536 } }, async (admin) => {
        const stuck = await openEvents(admin.port, {}, true)
        const askAgain = async () => {
          const { status, stop } = await openEvents(admin.port)
          stop()
          return status
        }
        assert.strictEqual(await askAgain(), 503)
        // More than the buffers of two sockets hold.
        const fields = {
          ...{ upstream: null, reason: "r".repeat(20_000), candidates: 0 },
          ...{ success: null, minLatencyMs: null, maxLatencyMs: null }
        }
        for (let i = 0; i < 2_000; i++) await Effect.runPromise(admin.facts.tell("IpPoolRefresh", fields))
        let status = 503
        for (let i = 0; i < 1_000 && status === 503; i++) status = await askAgain()
        assert.strictEqual(status, 200)
        stuck.stop()
      }),
    30_000
  )

  it.live("ends the stream of a reader that lost facts, so that it can reconnect for them", () =>
    withAdmin(quiet, { facts: { perSecond: 100_000, kept: 16 } }, async (admin) => {
      const stream = await openEvents(admin.port)
      await until("it has begun", () => stream.text() !== "")
      // All at once, so that the reader cannot read in between.
      const effects = Array.from(
        { length: 5_000 },
        (_, i) => admin.facts.tell("IpPoolConfigUpdate", { upstream: null, applied: false, problems: i })
      )
      Effect.runSync(Effect.all(effects, { discard: true }))
      await until("it has ended", () => stream.ended())
      const seen = stream.facts().map(({ seq }) => seq)
      assert.isBelow(seen.length, 5_000)
      assert.deepStrictEqual(seen, seen.map((_, i) => Number(seen[0]) + i))
    }))
})

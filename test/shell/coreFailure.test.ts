/** The core fails on an event: clients are still served, the record keeps the event, a new core takes over with new ids. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Advance } from "../../src/core/advance.ts"
import { advance as coreAdvance } from "../../src/core/advance.ts"
import type { Event } from "../../src/core/model/Event.ts"
import { isReady } from "../../src/core/ready.ts"
import { configWith } from "../support/config.ts"
import type { Live } from "../support/live.ts"
import { replayText, withLive } from "../support/live.ts"
import { serving } from "../support/relaying.ts"
import { ask, until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

const echoing = serving((socket) => void socket.on("data", (chunk) => socket.write(chunk)).on("end", () => socket.end()))
const naming = serving((socket) => void socket.once("data", () => socket.end("good")).on("end", () => socket.end()))

/** The real core, which runs `plant` on the first event of the kind that `arm` was given. */
function failing(plant: Advance) {
  let armed: Event["_tag"] | undefined
  const advance: Advance = (state, entry) => {
    if (entry.event._tag !== armed) return coreAdvance(state, entry)
    armed = undefined
    return plant(state, entry)
  }
  return { advance, arm: (kind: Event["_tag"]) => void (armed = kind) }
}

const throwing = () =>
  failing(() => {
    throw new Error("planted")
  })

/** Waits until the new core has published its routes. */
async function recovered({ engine }: Live, restarts: number, before: number): Promise<void> {
  await until("the core has restarted", () => engine.restartsUnsafe() === restarts && isReady(engine.stateUnsafe()))
  await until("its routes are out", () => engine.routesUnsafe().version > before)
}

const linesOf = (segment: string | undefined) => (segment ?? "").trimEnd().split("\n").map((line) => JSON.parse(line))

describe("when the core fails on an event", () => {
  it.live("clients are served by the last routes until a new core publishes its own", () =>
    Effect.gen(function* () {
      const good = yield* naming
      const echo = yield* echoing
      const core = throwing()
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: good.port }] }])
      yield* withLive(config, (live) =>
        Effect.promise(async () => {
          const { engine, acceptor, port } = live
          await until("ready", () => isReady(engine.stateUnsafe()))
          const before = engine.routesUnsafe()
          core.arm("ClientAccepted")
          assert.strictEqual(await ask(port), "good")
          await until("the core has failed", () => engine.restartsUnsafe() === 1)
          const during = await Promise.all(Array.from({ length: 30 }, () => ask(port)))
          assert.deepStrictEqual(new Set(during), new Set(["good"]))
          assert.strictEqual(engine.routesUnsafe(), before)
          await recovered(live, 1, before.version)
          assert.strictEqual(await ask(port), "good")
          await until("no session is left", () => acceptor.counts.candidates === 0)
        }), { advance: core.advance, restartDelayMs: 300 })
      assert.strictEqual(echo.connections(), 0)
    }))

  it.live("an open session continues, ends normally and is counted nowhere", () =>
    Effect.gen(function* () {
      const echo = yield* echoing
      const core = throwing()
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: echo.port }] }])
      yield* withLive(config, (live) =>
        Effect.promise(async () => {
          const { engine, acceptor, port } = live
          await until("ready", () => isReady(engine.stateUnsafe()))
          const { version } = engine.routesUnsafe()
          const client = await connect(port)
          client.socket.write("one ")
          await until("the echo came", () => client.text() === "one ")
          core.arm("ClientAccepted")
          const second = await connect(port)
          await recovered(live, 1, version)
          second.socket.end()
          client.socket.end("two")
          await until("the rest came", () => client.ended())
          assert.strictEqual(client.text(), "one two")
          await until(
            "it is counted nowhere",
            () => acceptor.counts.candidates === 0 && acceptor.statusUnsafe()[0]?.connections === 0
          )
        }), { advance: core.advance })
    }), 30_000)

  for (const [kind, plant] of [["throws", undefined], ["breaks an invariant", rewind]] as const) {
    it.live(`the record has a gap with that event, then a new segment, and verifies (the core ${kind})`, () =>
      Effect.gen(function* () {
        const good = yield* naming
        const core = plant === undefined ? throwing() : failing(plant)
        const config = configWith([{ candidates: [{ host: "127.0.0.1", port: good.port }] }])
        const { segments } = yield* withLive(config, (live) =>
          Effect.promise(async () => {
            const { engine, port } = live
            for (const restarts of [1, 2]) {
              await until("ready", () => isReady(engine.stateUnsafe()))
              const { version } = engine.routesUnsafe()
              await ask(port)
              core.arm("ClientClosed")
              await ask(port)
              await until("the core has failed", () => engine.restartsUnsafe() === restarts)
              await recovered(live, restarts, version)
              await ask(port)
            }
          }), { advance: core.advance })

        const verdict = replayText(segments)
        assert.deepInclude(verdict, { outcome: "verified", problem: null })
        assert.deepStrictEqual(verdict.segments.map(({ end }) => end), ["gap", "gap", "closed"])
        const [first, second] = segments.map(linesOf)
        const gap = first?.at(-1)
        assert.deepInclude(gap, { kind: "gap", reason: "core-restarted" })
        assert.include(gap.culprit.message, plant === undefined ? "planted" : "time went back")
        const culprit = JSON.parse(`${gap.culprit.entryBody}}`)
        assert.deepInclude(culprit, { seq: first?.at(-2).seq + 1 })
        assert.strictEqual(culprit.event._tag, "ClientClosed")
        assert.deepInclude(second?.[0], { kind: "header", after: "core-restarted" })
        assert.strictEqual(second?.[0].head.seq, culprit.seq)
      }))
  }

  it.live("no id of a probe, a session or a candidate is used twice", () =>
    Effect.gen(function* () {
      const good = yield* naming
      const core = throwing()
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: good.port }] }])
      const { segments } = yield* withLive(config, (live) =>
        Effect.promise(async () => {
          for (const restarts of [1, 2, 3]) {
            await until("ready", () => isReady(live.engine.stateUnsafe()))
            const { version } = live.engine.routesUnsafe()
            core.arm("ClientAccepted")
            await ask(live.port)
            await recovered(live, restarts, version)
            await ask(live.port)
          }
        }), { advance: core.advance })

      const events = segments.map((segment) => linesOf(segment).flatMap((line) => line.event ?? []) as Array<Event>)
      const probes = events.flat().flatMap((event) => (event._tag === "ProbeSucceeded" ? [event.probe] : []))
      const sessions = events.flat().flatMap((event) => (event._tag === "ClientAccepted" ? [event.session] : []))
      const probed = events.map((some) =>
        some.flatMap((event) => (event._tag === "ProbeSucceeded" ? [event.candidate] : []))
      )
      assert.strictEqual(probed.length, 4)
      assert.isAtLeast(probes.length, 4)
      assert.strictEqual(new Set(probes).size, probes.length)
      assert.strictEqual(new Set(sessions).size, sessions.length)
      assert.strictEqual(new Set(probed.map(([id]) => id)).size, 4)
    }))
})

/** Breaks an invariant: time goes back. */
function rewind(...[state, entry]: Parameters<Advance>): ReturnType<Advance> {
  const advanced = coreAdvance(state, entry)
  return { ...advanced, state: { ...advanced.state, at: -1 } }
}

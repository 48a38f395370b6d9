/** Reload: all or nothing, one at a time, with its result for listeners, core, log and caller. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { parse } from "../../src/apps/config/parse.ts"
import type { Reconfigure } from "../../src/apps/Reload.ts"
import { make } from "../../src/apps/Reload.ts"
import { fromFile } from "../../src/apps/config/ConfigSource.ts"
import type { UpstreamTarget } from "../../src/plane/Target.ts"
import { BindError } from "../../src/plane/ports/errors.ts"
import { Traces } from "../../src/shell/Traces.ts"
import { inScratch } from "../support/command.ts"
import type { Kept } from "../support/spans.ts"
import { keptSpans } from "../support/spans.ts"

const text = (more = "", upstreams = 'web: { port: 443, candidates: ["198.18.0.1"] }') =>
  `listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: web }]
upstreams: { ${upstreams} }
${more}
`

interface World {
  readonly file: string
  /** What was done to the service, in order. */
  readonly acts: Array<string>
  readonly lines: Array<string>
  readonly reload: Effect.Success<ReturnType<typeof make>>
  readonly spans: Kept["spans"]
}

const taken = new BindError({ listener: "web", host: "127.0.0.1", port: 80, code: "EADDRINUSE" })

/** A reload of a file with a service that only notes its calls. */
function withReload<A>(
  use: (world: World) => Effect.Effect<A, unknown>,
  fake: Partial<Reconfigure> = {},
  { tracing, spans } = keptSpans()
) {
  return Effect.promise(() =>
    inScratch((directory) => {
      const file = path.join(directory, "f.yaml")
      fs.writeFileSync(file, text())
      const acts: Array<string> = []
      const lines: Array<string> = []
      const log = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
      const { settings, effective } = parse(text())
      const services = Layer.mergeAll(NodeServices.layer, Logger.layer([log]), Layer.succeed(Traces, tracing))
      const program = Effect.gen(function* () {
        const reload = yield* make({
          source: fromFile(file),
          environment: {},
          text: text(),
          started: { settings: settings!, effective },
          rebind: (listeners) =>
            Effect.sync(() =>
              acts.push(`rebind ${listeners.map((one) => `${one.name}>${(one.target as UpstreamTarget).name}`)}`)
            ),
          tellCore: (next) => Effect.sync(() => acts.push(`core ${next.upstreams.map(({ name }) => name)}`) > 0),
          setLogLevelUnsafe: (level) => acts.push(`level ${level}`),
          ...fake
        })
        return yield* use({ file, acts, lines, reload, spans })
      })
      return Effect.runPromise(Effect.provide(program, services))
    })
  )
}

describe("a reload", () => {
  it.effect("is one span from the new text to the core's word, and a file that did not change has none", () =>
    withReload(({ file, reload, spans }) =>
      Effect.gen(function* () {
        yield* reload.ifChanged
        fs.writeFileSync(file, text("", "web: { host: w.example }, x: { host: x.example }"))
        yield* reload.now
        fs.writeFileSync(file, "listeners: 7")
        yield* reload.now
        const shown = spans.map(({ name, attributes, status }) => [name, Object.fromEntries(attributes), status._tag])
        const inForce = { "fairlead.upstreams": ["web", "x"], "fairlead.upstreams.count": 2 }
        assert.deepEqual(shown, [
          ["fairlead.reload", { "fairlead.outcome": "applied", ...inForce }, "Ended"],
          ["fairlead.reload", { "fairlead.outcome": "refused", ...inForce }, "Ended"]
        ])
      })
    ))

  it.effect("of a good file binds listeners, informs the core, and is logged", () =>
    withReload(({ file, acts, lines, reload }) =>
      Effect.gen(function* () {
        fs.writeFileSync(
          file,
          text("log: { level: debug }\nshutdown: { drain: 1s }", "b: { host: b.example }, web: { host: w.example }")
        )
        assert.deepEqual(yield* reload.now, { applied: true, problems: [], warnings: [] })
        assert.deepEqual(acts, ["rebind web>web", "core b,web", "level debug"])
        assert.deepEqual(lines, ["Info configuration reloaded"])
        assert.strictEqual(reload.settingsUnsafe().shutdown.drain, 1_000)
      })
    ))

  it.effect("binds listeners once, to their upstreams by name, and leaves the slots to the core", () =>
    withReload(({ file, acts, reload }) =>
      Effect.gen(function* () {
        fs.writeFileSync(file, text("", "x: { host: x.example }, y: { host: y.example }, web: { host: w.example }"))
        yield* reload.now
        assert.deepEqual(acts, ["rebind web>web", "core x,y,web", "level info"])
      })
    ))

  it.effect("of a broken file changes nothing and names every mistake", () =>
    withReload(({ file, acts, lines, reload }) =>
      Effect.gen(function* () {
        fs.writeFileSync(file, text("attempts: 0\nsession: { idle: 5 }"))
        const { applied, problems } = yield* reload.now
        assert.isFalse(applied)
        assert.deepEqual(problems.map((one) => one.split(": ")[0]), [`${file}:3:1 attempts`, `${file}:4:12 session.idle`])
        assert.deepEqual(acts, [])
        assert.deepEqual(lines, [
          "Error configuration not applied, the one before stays in force",
          ...problems.map((one) => `Error ${one}`)
        ])
        fs.writeFileSync(file, text("attempts: 3"))
        assert.isTrue((yield* reload.now).applied)
      })
    ))

  it.effect("of a missing file is reported to the caller of `now`, and not logged by `ifChanged`", () =>
    withReload(({ file, acts, lines, reload }) =>
      Effect.gen(function* () {
        fs.unlinkSync(file)
        yield* reload.ifChanged
        assert.deepEqual(lines, [])
        const { applied, problems } = yield* reload.now
        assert.isFalse(applied)
        assert.include(problems[0], "no such file")
        assert.deepEqual(acts, [])
      })
    ))

  it.effect("that cannot bind changes nothing", () =>
    withReload(
      ({ file, acts, reload }) =>
        Effect.gen(function* () {
          fs.writeFileSync(file, text("shutdown: { drain: 1s }"))
          const { applied, problems } = yield* reload.now
          assert.isFalse(applied)
          assert.include(problems[0], "listener web: cannot listen on 127.0.0.1:80: the port is in use")
          assert.deepEqual(acts, [])
          assert.strictEqual(reload.settingsUnsafe().shutdown.drain, 30_000)
        }),
      { rebind: () => Effect.fail(taken) }
    ))

  it.effect("warns when the core does not confirm it", () =>
    withReload(
      ({ reload }) => Effect.map(reload.now, ({ warnings }) => assert.include(warnings[0], "did not confirm")),
      { tellCore: () => Effect.succeed(false) }
    ))

  it.effect("names the keys that need a restart, as long as they differ from the start", () =>
    withReload(({ file, reload }) =>
      Effect.gen(function* () {
        const changed =
          "eventLog: { segments: 3 }\nadmin: { token: abc }\nlog: { level: warn, output: stdout }\nlimits: { mailbox: 128 }"
        fs.writeFileSync(file, text(changed))
        const restart = (keys: ReadonlyArray<string>) =>
          keys.map((key) => `${key} has changed and needs a restart to take effect`)
        assert.deepEqual(
          (yield* reload.now).warnings,
          restart(["eventLog.segments", "admin.token", "log.output", "limits.mailbox"])
        )
        fs.writeFileSync(file, text(`${changed}\nattempts: 3`).replace("log: { level: warn, output: stdout }", ""))
        assert.deepEqual((yield* reload.now).warnings, restart(["eventLog.segments", "admin.token", "limits.mailbox"]))
      })
    ))

  it.effect("by `ifChanged` happens only when the text has changed", () =>
    withReload(({ file, acts, reload }) =>
      Effect.gen(function* () {
        yield* reload.ifChanged
        assert.deepEqual(acts, [])
        fs.writeFileSync(file, text("attempts: 3"))
        yield* reload.ifChanged
        yield* reload.ifChanged
        assert.lengthOf(acts, 3)
        yield* reload.now
        assert.lengthOf(acts, 6)
      })
    ))

  it.effect("waits for an earlier reload", () => {
    const entered: Array<Deferred.Deferred<void>> = []
    let inside = 0
    return Effect.gen(function* () {
      const [first, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      entered.push(first)
      yield* withReload(
        ({ reload }) =>
          Effect.gen(function* () {
            const fibers = [yield* Effect.forkChild(reload.now), yield* Effect.forkChild(reload.now)]
            yield* Deferred.await(first)
            yield* Deferred.succeed(go, undefined)
            for (const fiber of fibers) assert.isTrue((yield* Fiber.join(fiber)).applied)
          }),
        {
          rebind: () =>
            Effect.gen(function* () {
              assert.strictEqual(++inside, 1)
              yield* Deferred.succeed(first, undefined)
              yield* Deferred.await(go)
              inside--
            })
        }
      )
    })
  })
})

/** A redacted copy on disk is complete, or not there at all. */
import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as fs from "node:fs"
import * as path from "node:path"
import { feed, segmentsAt } from "../../src/adapters/file/readRecord.ts"
import type { Progress } from "../../src/adapters/file/redactRecord.ts"
import { redactTo, roomAt } from "../../src/adapters/file/redactRecord.ts"
import { initial } from "../../src/core/state.ts"
import { Surveyor } from "../../src/record/redact.ts"
import { fileName } from "../../src/record/Segment.ts"
import { inScratch } from "../support/command.ts"
import { addresses, configWith } from "../support/config.ts"
import { linesOf, record, textOf } from "../support/segments.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const config = configWith([{ candidates: addresses(3) }])
const toy = new Simulation(config)
toy.start().run(1_000)
for (let i = 0; i < 20; i++) toy.client(500).run(500)
const { texts } = record(initial(config, 1), toy.entries, [10, 20], "open")

/** A record on disk that has been surveyed. */
const surveyedIn = Effect.fnUntraced(function* (directory: string) {
  const log = path.join(directory, "log")
  fs.mkdirSync(log)
  texts.forEach((text, i) => fs.writeFileSync(path.join(log, fileName(i + 1)), text))
  const files = yield* segmentsAt(log)
  const surveyor = new Surveyor()
  for (const file of files) yield* feed(surveyor, file, () => {})
  assert.strictEqual(surveyor.verdict().outcome, "verified")
  return { files, surveyor, last: path.join(log, fileName(texts.length)) }
})

const silent: Progress = () => {}
const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(effect)

describe("a redacted copy on disk", () => {
  it("ends where the record ended when it was verified", () =>
    inScratch((directory) =>
      run(Effect.gen(function* () {
        const { files, surveyor, last } = yield* surveyedIn(directory)
        fs.appendFileSync(last, `{"seq":${toy.entries.length},"of":"later"}\n{"seq":`)
        const out = path.join(directory, "out")
        const { verdict, replaced } = yield* redactTo(out, files, surveyor, silent)
        assert.deepInclude(verdict, { outcome: "verified", entries: toy.entries.length })
        assert.strictEqual(replaced.addresses, 3)
        assert.strictEqual(yield* roomAt(out), "taken")
      }))
    ))

  it("leaves no part when the record has changed, in a new and in an existing directory", () =>
    inScratch((directory) =>
      run(Effect.gen(function* () {
        const { files, surveyor, last } = yield* surveyedIn(directory)
        const lines = linesOf(texts.at(-1)!)
        const made = path.join(directory, "made")
        const there = path.join(directory, "there")
        fs.mkdirSync(there)
        for (const changed of [textOf(lines.toSpliced(-4, 1)), textOf(lines.slice(0, -2))]) {
          fs.writeFileSync(last, changed)
          for (const out of [made, there]) {
            const error = yield* Effect.flip(redactTo(out, files, surveyor, silent))
            assert.include(error.message, "it was changed after it had been verified")
          }
        }
        fs.rmSync(last)
        assert.include((yield* Effect.flip(redactTo(made, files, surveyor, silent))).message, "no such file")
        assert.isFalse(fs.existsSync(made))
        assert.deepStrictEqual(fs.readdirSync(there), [])
      }))
    ))

  it("leaves no part when it is interrupted", () =>
    inScratch((directory) =>
      run(Effect.gen(function* () {
        const { files, surveyor } = yield* surveyedIn(directory)
        for (const moment of ["redacting", "verifying the copy"] as const) {
          const out = path.join(directory, moment)
          let interrupt = () => {}
          const seen: Array<string> = []
          const fiber = yield* Effect.forkChild(redactTo(out, files, surveyor, (doing, { segment }) => {
            seen.push(...fs.readdirSync(out))
            if (doing === moment && segment === 2) interrupt()
          }))
          interrupt = () => fiber.interruptUnsafe()
          assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
          assert.include(seen, fileName(2))
          assert.isFalse(fs.existsSync(out))
        }
      }))
    ))

  it("never overwrites existing files", () =>
    inScratch((directory) =>
      run(Effect.gen(function* () {
        const { files, surveyor, last } = yield* surveyedIn(directory)
        const out = path.dirname(last)
        assert.strictEqual(yield* roomAt(out), "taken")
        assert.strictEqual(yield* roomAt(last), "taken")
        assert.strictEqual(yield* roomAt(path.join(directory, "none")), "absent")
        assert.include((yield* Effect.flip(redactTo(out, files, surveyor, silent))).message, "no longer empty")
        assert.strictEqual(fs.readFileSync(last, "utf8"), texts.at(-1))
      }))
    ))
})

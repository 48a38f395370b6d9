/** The record on disk: rotation, compression, retention, and a disk that fails or is slow. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { gunzipSync } from "node:zlib"
import { advance } from "../../src/core/advance.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Event } from "../../src/core/model/Event.ts"
import { initial } from "../../src/core/state.ts"
import { entryBody } from "../../src/record/codec.ts"
import { Replay } from "../../src/record/replay.ts"
import { Disk } from "../../src/adapters/file/Disk.ts"
import * as FileRecorder from "../../src/adapters/file/FileRecorder.ts"
import { feed, segmentsAt } from "../../src/adapters/file/readRecord.ts"
import type { SegmentFile } from "../../src/adapters/file/segments.ts"
import { compress } from "../../src/adapters/file/segments.ts"
import { Recorder } from "../../src/shell/Recorder.ts"
import { unable } from "../support/able.ts"
import { inScratch } from "../support/command.ts"
import { addresses, configWith } from "../support/config.ts"
import { until } from "../support/servers.ts"

type Options = FileRecorder.FileRecorderOptions

const options = (directory: string, changes: Partial<Options> = {}): Options => ({
  directory,
  disk: new Disk(5_000),
  run: { id: "test", seed: 1 },
  segmentBytes: 1 << 26,
  segments: 8,
  maxAgeMs: 1e9,
  bufferBytes: 1 << 24,
  flushIntervalMs: 1,
  ...changes
})

/** A core and a recorder that the test feeds with events. */
class Feeder {
  state: State
  readonly #recorder: Recorder["Service"]
  constructor(recorder: Recorder["Service"], candidates = 3) {
    this.#recorder = recorder
    this.state = initial(configWith([{ candidates: addresses(candidates) }]), 1)
    recorder.beginUnsafe(this.state, null)
    this.feed({ _tag: "Started", worker: 0, wallMs: 1 })
  }
  feed(event: Event): void {
    const entry = { seq: this.state.seq + 1, at: this.state.at + 1000, event }
    const advanced = advance(this.state, entry)
    this.state = advanced.state
    this.#recorder.appendUnsafe(entryBody(entry, advanced), this.state)
  }
  ticks(count: number): void {
    for (let i = 0; i < count; i++) this.feed({ _tag: "WallRead", worker: 0, wallMs: i })
  }
}

const withRecorder = <A>(
  recorderOptions: Options,
  use: (recorder: Recorder["Service"]) => Promise<{ readonly state: State; readonly value: A }>
) =>
  Effect.gen(function* () {
    const recorder = yield* Recorder
    const { state, value } = yield* Effect.promise(() => use(recorder))
    yield* recorder.close(state)
    return value
  }).pipe(Effect.provide(FileRecorder.layer(recorderOptions)), Effect.scoped)

const verdictOf = (directory: string) =>
  Effect.gen(function* () {
    const replay = new Replay()
    for (const file of yield* segmentsAt(directory)) yield* feed(replay, file, () => {})
    return replay.verdict()
  })

const scratch = <A>(use: (directory: string) => Effect.Effect<A, unknown>) =>
  Effect.promise(() => inScratch((directory) => Effect.runPromise(use(directory))))

/** Each answer takes 20 ms longer. */
class SlowDisk extends Disk {
  override async within<A>(call: () => Promise<A>): Promise<A> {
    const answer = await super.within(call)
    await new Promise((resolve) => setTimeout(resolve, 20))
    return answer
  }
}

/** A disk of 256 KiB; skips where none can be mounted. */
const onSmallDisk = (
  context: { readonly skip: (note?: string) => never },
  use: (directory: string) => Effect.Effect<void, unknown>
) =>
  scratch((scratchDirectory) => {
    const directory = path.join(scratchDirectory, "disk")
    fs.mkdirSync(directory)
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", directory]).status !== 0) {
      return unable(context, "disks", "no small disk can be mounted here")
    }
    return Effect.ensuring(use(directory), Effect.sync(() => spawnSync("umount", ["-l", directory])))
  })

describe("the file recorder", () => {
  it.live("writes a line that is larger than its whole buffer, as HistoryLoaded may be", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        const gaps = yield* withRecorder(options(directory, { bufferBytes: 4_096 }), async (recorder) => {
          const feeder = new Feeder(recorder)
          const records = Array.from({ length: 1_024 }, (_, i) => ({
            host: "site.example",
            port: 443,
            address: `198.18.${i >> 8}.${i & 255}`,
            sources: ["dns" as const],
            latencyMs: i,
            measuredMs: 1,
            expiresMs: 1e12
          }))
          feeder.feed({ _tag: "HistoryLoaded", worker: 0, network: "", records })
          await until("it is written", () =>
            fs.readdirSync(directory).some((name) => fs.statSync(path.join(directory, name)).size > 100_000))
          return { state: feeder.state, value: recorder.statusUnsafe().gaps }
        })
        assert.strictEqual(gaps, 0)
        assert.deepInclude(yield* verdictOf(directory), { outcome: "verified", entries: 2 })
      })
    ))

  it.live("closes and compresses full segments, and the record verifies across all of them", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        const digest = yield* withRecorder(options(directory, { segmentBytes: 8_192 }), async (recorder) => {
          const feeder = new Feeder(recorder, 200)
          for (let i = 0; i < 20; i++) {
            feeder.ticks(20)
            await until("the recorder has caught up", () => recorder.statusUnsafe().to === feeder.state.seq)
          }
          return { state: feeder.state, value: feeder.state.seq }
        })
        const names = fs.readdirSync(directory).sort()
        assert.isAbove(names.length, 2)
        assert.isAtMost(names.length, 8)
        const verdict = yield* verdictOf(directory)
        assert.deepInclude(verdict, { outcome: "verified", problem: null })
        assert.isTrue(names.slice(0, -1).every((name) => name.endsWith(".ndjson.gz")), names.join(" "))
        assert.isTrue(names.at(-1)?.endsWith(".ndjson"))
        assert.strictEqual(verdict.segments.at(-1)?.end, "closed")
        assert.strictEqual(digest, 400)
        for (const name of names) assert.strictEqual(fs.statSync(path.join(directory, name)).mode & 0o777, 0o600)
      })
    ))

  it.live("keeps as many segments as configured and removes the oldest", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        for (let i = 0; i < 5; i++) {
          yield* withRecorder(options(directory, { segments: 3, run: { id: `run ${i}`, seed: i } }), (recorder) => {
            const feeder = new Feeder(recorder)
            feeder.ticks(3)
            return Promise.resolve({ state: feeder.state, value: undefined })
          })
        }
        assert.deepStrictEqual(fs.readdirSync(directory).sort(), [
          "00000003.ndjson.gz",
          "00000004.ndjson.gz",
          "00000005.ndjson"
        ])
        assert.strictEqual((yield* verdictOf(directory)).outcome, "verified")
      })
    ))

  it.live("is there before it compresses what an earlier run left, and compresses that behind its first writes", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        const names = () => fs.readdirSync(directory).sort()
        const lived = (seed: number, use: () => Promise<void>) =>
          withRecorder(options(directory, { run: { id: `run ${seed}`, seed } }), async (recorder) => {
            await use()
            const feeder = new Feeder(recorder)
            feeder.ticks(3)
            await until(
              "the first segment is compressed, if there are two",
              () => names().length < 2 || names().join() === "00000001.ndjson.gz,00000002.ndjson"
            )
            return { state: feeder.state, value: undefined }
          })
        yield* lived(1, () => Promise.resolve())
        yield* lived(2, () => {
          assert.deepStrictEqual(names(), ["00000001.ndjson"])
          return Promise.resolve()
        })
        assert.strictEqual((yield* verdictOf(directory)).outcome, "verified")
      })
    ))

  // Random bytes do not shrink, so they are written all the time; of one byte repeated almost nothing is written.
  for (const [kind, bytes] of [["random", randomBytes(2_000_000)], ["repeated", Buffer.alloc(4_000_000, "a")]] as const) {
    it.live(`ends in time on a slow disk, and leaves an old segment of ${kind} bytes to the next run, which compresses it`, () =>
      scratch((directory) =>
        Effect.gen(function* () {
          const names = () => fs.readdirSync(directory).sort()
          const earlier = path.join(directory, "00000001.ndjson")
          fs.writeFileSync(earlier, bytes)
          const lived = (disk: Disk, isOver: () => boolean) =>
            withRecorder(options(directory, { disk }), async (recorder) => {
              const feeder = new Feeder(recorder)
              await until("the compression has come as far as it should", isOver)
              return { state: feeder.state, value: undefined }
            })
          yield* lived(new SlowDisk(100), () => names().includes("00000001.ndjson.gz.tmp"))
          assert.deepStrictEqual(names(), ["00000001.ndjson", "00000002.ndjson"])
          assert.isTrue(fs.readFileSync(earlier).equals(bytes))
          yield* lived(new Disk(5_000), () => !names().includes("00000001.ndjson"))
          assert.deepStrictEqual(names(), ["00000001.ndjson.gz", "00000002.ndjson.gz", "00000003.ndjson"])
          assert.isTrue(gunzipSync(fs.readFileSync(`${earlier}.gz`)).equals(bytes))
        })
      ))
  }

  it.live("writes entries while an old segment is compressed", (context) =>
    scratch((directory) =>
      Effect.gen(function* () {
        // It is read to its end only once something has been written to it.
        const pipe = path.join(directory, "00000001.ndjson")
        if (spawnSync("mkfifo", [pipe]).status !== 0) return context.skip("no pipe can be made here")
        yield* withRecorder(options(directory), async (recorder) => {
          const feeder = new Feeder(recorder)
          await until("the compression has begun", () => fs.existsSync(`${pipe}.gz.tmp`))
          feeder.ticks(3)
          const written = () => fs.readFileSync(path.join(directory, "00000002.ndjson"), "utf8")
          await until("the entries are written", () => written().includes(`"seq":${feeder.state.seq},`))
          assert.isTrue(fs.existsSync(`${pipe}.gz.tmp`))
          fs.closeSync(fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK))
          await until("the compression has ended", () => !fs.existsSync(pipe))
          return { state: feeder.state, value: undefined }
        })
      })
    ))

  it.live("removes what a killed compression left, with the segment that is too old", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        const old = path.join(directory, "00000001.ndjson")
        fs.writeFileSync(old, "")
        fs.writeFileSync(`${old}.gz.tmp`, "a part")
        fs.utimesSync(old, 1, 1)
        yield* withRecorder(options(directory), (recorder) =>
          Promise.resolve({ state: new Feeder(recorder).state, value: undefined }))
        assert.deepStrictEqual(fs.readdirSync(directory), ["00000002.ndjson"])
      })
    ))

  it.live("is read where a segment was compressed after it was listed, and a segment that is gone is named", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        yield* withRecorder(options(directory), (recorder) => {
          const feeder = new Feeder(recorder)
          feeder.ticks(3)
          return Promise.resolve({ state: feeder.state, value: undefined })
        })
        const listed = yield* segmentsAt(directory)
        assert.deepStrictEqual(listed.map(({ compressed }) => compressed), [false])
        for (const file of listed) yield* Effect.promise(() => compress(file, new Disk(5_000)))
        const replay = new Replay()
        for (const file of listed) yield* feed(replay, file, () => {})
        assert.strictEqual(replay.verdict().outcome, "verified")
        const [gone] = listed as [SegmentFile]
        fs.unlinkSync(`${gone.path}.gz`)
        for (const file of [gone, { ...gone, path: `${gone.path}.gz`, compressed: true }]) {
          const failure = yield* Effect.flip(feed(new Replay(), file, () => {}))
          assert.include(failure, { path: file.path, code: "ENOENT" })
        }
      })
    ))

  it.live("ends in a gap when the disk fails, and begins a new segment with the whole state when it works", () =>
    scratch((scratchDirectory) =>
      Effect.gen(function* () {
        const directory = path.join(scratchDirectory, "log")
        fs.mkdirSync(directory)
        const gaps = yield* withRecorder(options(directory, { segmentBytes: 4_096 }), async (recorder) => {
          const feeder = new Feeder(recorder)
          fs.renameSync(directory, `${directory}-away`)
          feeder.ticks(100)
          await until("the gap is noticed", () => recorder.statusUnsafe().gaps === 1)
          feeder.ticks(10)
          fs.renameSync(`${directory}-away`, directory)
          const lost = feeder.state.seq
          await until("it writes again", () => {
            feeder.ticks(1)
            return recorder.statusUnsafe().to === feeder.state.seq && feeder.state.seq > lost
          })
          feeder.ticks(5)
          return { state: feeder.state, value: recorder.statusUnsafe().gaps }
        })
        assert.strictEqual(gaps, 1)
        const verdict = yield* verdictOf(directory)
        assert.deepInclude(verdict, { outcome: "verified", problem: null })
        assert.strictEqual(verdict.gaps.length, 1)
        assert.strictEqual(verdict.gaps[0]?.reason, "disk")
        assert.isAbove(verdict.gaps[0]?.beforeSeq ?? -1, verdict.gaps[0]?.afterSeq ?? 0)
      })
    ))

  it.live("removes a segment if its first lines did not fit on the disk, even if a gap line would", (context) =>
    onSmallDisk(context, (directory) =>
      Effect.gen(function* () {
        const filler = path.join(directory, "filler")
        // One page is left: enough for a gap, too little for the first lines of a segment.
        fs.writeFileSync(filler, new Uint8Array((256 << 10) - 4_096))
        yield* withRecorder(options(directory), async (recorder) => {
          const feeder = new Feeder(recorder, 50)
          for (const gaps of [1, 2]) await until("it gave up", () => recorder.statusUnsafe().gaps >= gaps)
          await until("the segment is removed", () => fs.readdirSync(directory).length === 1)
          fs.unlinkSync(filler)
          await until("it writes", () => {
            feeder.ticks(1)
            const opened = fs.readdirSync(directory).some((name) => {
              return (fs.statSync(path.join(directory, name), { throwIfNoEntry: false })?.size ?? 0) > 4_096
            })
            return opened && recorder.statusUnsafe().to === feeder.state.seq
          })
          return { state: feeder.state, value: undefined }
        })
        assert.deepStrictEqual(fs.readdirSync(directory), ["00000001.ndjson"])
        const verdict = yield* verdictOf(directory)
        assert.deepInclude(verdict, { outcome: "verified", problem: null })
        assert.isAbove(verdict.entries, 0)
      })))

  it.live("drops entries, with a gap, when they come faster than the disk writes", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        yield* withRecorder(options(directory, { bufferBytes: 65_536 }), async (recorder) => {
          const feeder = new Feeder(recorder)
          feeder.ticks(5_000)
          const lost = feeder.state.seq
          assert.strictEqual(recorder.statusUnsafe().gaps, 1)
          await until("it writes again", () => {
            feeder.ticks(1)
            return recorder.statusUnsafe().to === feeder.state.seq && feeder.state.seq > lost
          })
          return { state: feeder.state, value: undefined }
        })
        const verdict = yield* verdictOf(directory)
        assert.deepInclude(verdict, { outcome: "verified", problem: null })
        assert.deepStrictEqual(verdict.gaps.map(({ reason }) => reason), ["slow"])
        assert.strictEqual(verdict.segments[0]?.end, "gap")
      })
    ))

  it.live("writes compressed segments that are judged altered when they are damaged", () =>
    scratch((directory) =>
      Effect.gen(function* () {
        for (let i = 0; i < 2; i++) {
          yield* withRecorder(options(directory, { run: { id: `run ${i}`, seed: i } }), (recorder) => {
            const feeder = new Feeder(recorder)
            feeder.ticks(50)
            return Promise.resolve({ state: feeder.state, value: undefined })
          })
        }
        const file = path.join(directory, "00000001.ndjson.gz")
        const bytes = fs.readFileSync(file)
        const middle = bytes.length >> 1
        bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
        fs.writeFileSync(file, bytes)
        const verdict = yield* verdictOf(directory)
        assert.strictEqual(verdict.outcome, "altered")
        assert.strictEqual(verdict.problem?.segment, 1)
      })
    ))
})

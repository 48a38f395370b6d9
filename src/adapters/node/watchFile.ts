/**
 * Reports that a file has changed, in any way: written in place, replaced by rename as editors do, reached through a link that
 * was turned (mounted configurations), or gone and back.
 *
 * The system's notices for the directory make the report fast. A check every `pollMs` covers what notices miss: network file
 * systems, and a directory that was replaced. A change is reported once the file has been quiet for `quietMs`, and every
 * `latestMs` while it keeps changing. The first check counts as a change, so no change between reading and watching is lost.
 *
 * Two fibers do it. One checks the directory each `pollMs`. The other takes signals of both and reads the file, so there is one
 * read at a time, and a disk that does not answer delays one read, not many.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { FSWatcher } from "node:fs"
import * as fs from "node:fs"
import * as path from "node:path"
import { Disk } from "../file/Disk.ts"
import { nowUs } from "./clock.ts"

export interface WatchOptions {
  readonly pollMs: number
  readonly quietMs: number
  readonly latestMs: number
  /** A disk that takes longer to answer says nothing about the file. */
  readonly silentMs: number
}

const DEFAULTS: WatchOptions = { pollMs: 2_000, quietMs: 100, latestMs: 1_000, silentMs: 5_000 }

/** Changes that the reader has not taken yet count as one. */
export const watchFile = (file: string, options: Partial<WatchOptions> = {}): Stream.Stream<void> =>
  Stream.callback<void>(
    (queue) => watch(path.resolve(file), { ...DEFAULTS, ...options }, () => void Queue.offerUnsafe(queue, undefined)),
    { bufferSize: 1, strategy: "sliding" }
  )

/** A text that differs between two states of a file or directory; empty: it is absent. */
type Signature = string

/** Calls `onChange` until it is interrupted. */
const watch = Effect.fnUntraced(function* (file: string, options: WatchOptions, onChange: () => void) {
  const { pollMs, quietMs, latestMs } = options
  const disk = new Disk(options.silentMs)
  const signals = yield* Queue.sliding<void>(1)
  const signal = () => void Queue.offerUnsafe(signals, undefined)
  /** There was a notice since the last time the file was awaited to be quiet. */
  let isNoticed = false
  /** A notice named the file itself. So it has changed, even with the same signature (two writes within one tick). */
  let isNamed = false
  let reported: Signature | undefined

  /** The disk's answer. Without one, the answer before. */
  const answer = (call: () => Promise<Signature>, before: Signature) =>
    Effect.promise(() => disk.within(call).catch(() => before))

  const directory = yield* directoryWatch(path.dirname(file), answer, (name) => {
    if (name === null || name === path.basename(file)) isNamed = true
    isNoticed = true
    signal()
  })
  yield* Effect.andThen(directory, Effect.sync(signal)).pipe(Effect.repeat(Schedule.spaced(pollMs)), Effect.forkScoped)

  /** Waits for `quietMs` without a notice, or for the end of `latestMs`. */
  const quiet = Effect.fnUntraced(function* (sinceUs: number) {
    do {
      isNoticed = false
      yield* Effect.sleep(Math.max(0, Math.min(quietMs, latestMs - msSince(sinceUs))))
    } while (isNoticed && msSince(sinceUs) < latestMs)
  })

  /** Reads the file until it is as it was reported, or until its change is reported. */
  const look = Effect.gen(function* () {
    const sinceUs = nowUs()
    let wasNamed = false
    let seen = reported
    while (true) {
      if (isNoticed) yield* quiet(sinceUs)
      wasNamed ||= isNamed
      isNamed = false
      const signature = yield* answer(() => signatureOf(file), reported ?? "")
      if (isNoticed && msSince(sinceUs) < latestMs) continue
      if (signature === reported && !wasNamed) return
      if (signature !== seen && reported !== undefined && msSince(sinceUs) < latestMs) {
        seen = signature
        isNoticed = true
        continue
      }
      reported = signature
      return signature === "" ? undefined : onChange()
    }
  })
  return yield* Effect.forever(Effect.andThen(Queue.take(signals), look))
})

/** An effect that watches the directory which has the name now. The watch ends with the scope. */
const directoryWatch = Effect.fnUntraced(function* (
  directory: string,
  answer: (call: () => Promise<Signature>, before: Signature) => Effect.Effect<Signature>,
  notice: (name: string | null) => void
) {
  let watcher: FSWatcher | undefined
  let watched: Signature = ""
  const close = () => {
    watcher?.close()
    watcher = undefined
  }
  yield* Effect.addFinalizer(() => Effect.sync(close))
  const open = () => {
    try {
      const opened = fs.watch(directory, { persistent: false }, (_event, name) => notice(name))
      opened.on("error", () => {
        opened.close()
        if (watcher === opened) watcher = undefined
      })
      watcher = opened
    } catch {
      // There are no notices: too many watches, or the directory is gone again. The checks have to do.
    }
  }
  return Effect.map(Effect.suspend(() => answer(() => identityOf(directory), watched)), (found) => {
    if (watcher !== undefined && found === watched) return
    close()
    if (found === "") return
    open()
    watched = found
  })
})

function msSince(us: number): number {
  return (nowUs() - us) / 1000
}

async function signatureOf(file: string): Promise<Signature> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await fs.promises.stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ")
  } catch {
    return ""
  }
}

async function identityOf(directory: string): Promise<Signature> {
  try {
    const { dev, ino } = await fs.promises.stat(directory, { bigint: true })
    return `${dev} ${ino}`
  } catch {
    return ""
  }
}

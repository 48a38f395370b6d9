/** A configuration file to what is in it, or to why it cannot be read. */
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type { SilentDisk } from "../../adapters/file/Disk.ts"
import { Disk } from "../../adapters/file/Disk.ts"
import { read } from "../../adapters/file/calls.ts"
import { withAuthorities } from "./authorities.ts"
import type { Environment } from "./environment.ts"
import type { Parsed } from "./parse.ts"
import { parse } from "./parse.ts"

/** A configuration with a hundred thousand candidates has a few megabytes. */
const MOST_BYTES = 16_777_216

/** Whoever waits for it is an operator, or a start that is nothing without it. */
const SILENT_MS = 5_000
const disk = new Disk(SILENT_MS)

/** The file itself could not be read. */
export class ConfigReadError extends Data.TaggedError("ConfigReadError")<{
  readonly file: string
  readonly why: string
  /** There is no such file. */
  readonly missing: boolean
}> {
  override get message(): string {
    return `cannot read ${this.file}: ${this.why}`
  }
}

/**
 * The text of a file, at most 16 MiB of it. Only of a regular one: opening a pipe that nobody writes to would hold a thread of
 * the runtime for good, and with it the end of the process.
 */
export const readText = (file: string): Effect.Effect<string, ConfigReadError, FileSystem.FileSystem> =>
  Effect.contextWith((context: Context.Context<FileSystem.FileSystem>) => {
    const reading = Effect.provide(readWhole(file), context)
    return Effect.tryPromise({
      try: () => disk.within(() => Effect.runPromiseExit(reading)),
      catch: (cause) => new ConfigReadError({ file, why: (cause as SilentDisk).code, missing: false })
    })
  }).pipe(Effect.flatten)

const readWhole = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const unreadable = (error: PlatformError) =>
    new ConfigReadError({ file, why: whyOf(error.reason._tag), missing: error.reason._tag === "NotFound" })
  const { type, size } = yield* Effect.mapError(fs.stat(file), unreadable)
  if (type !== "File") return yield* new ConfigReadError({ file, why: REASONS["BadResource"] as string, missing: false })
  const tooLarge = new ConfigReadError({ file, why: `it has more than ${MOST_BYTES} bytes`, missing: false })
  if (size > MOST_BYTES) return yield* tooLarge
  // Not by the file system's own way, which closes files on the main thread of Deno.
  const bytes = yield* Effect.tryPromise({
    try: () => read(file),
    catch: (cause) => {
      const { code = String(cause) } = cause as NodeJS.ErrnoException
      return new ConfigReadError({ file, why: whyOf(REASON_OF[code] ?? code), missing: code === "ENOENT" })
    }
  })
  return bytes.length > MOST_BYTES ? yield* tooLarge : new TextDecoder().decode(bytes)
})

const REASON_OF: Readonly<Record<string, string>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied"
}
const REASONS: Readonly<Record<string, string>> = {
  NotFound: "no such file; fairlead init writes one to begin with",
  PermissionDenied: "not permitted",
  BadResource: "it is not a regular file"
}

function whyOf(reason: string): string {
  return REASONS[reason] ?? `the system says ${reason}`
}

export interface ConfigText extends Parsed {
  readonly text: string
}

export const readConfig = (
  file: string,
  environment: Environment
): Effect.Effect<ConfigText, ConfigReadError, FileSystem.FileSystem> =>
  Effect.flatMap(readText(file), (text) => withAuthorities({ ...parse(text, environment), text }))

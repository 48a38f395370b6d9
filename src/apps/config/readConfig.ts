/** Reads a configuration file. Gives its configuration, or why it cannot be read. */
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

/** An operator waits for the file, or a start that is impossible without it. */
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
 * The text of a file, at most 16 MiB. Only of a regular file: to open a pipe without a writer would occupy a thread of the
 * runtime for good, and the process could not end.
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
  // The file system service closes files on Deno's main thread, so it is not used here.
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
): Effect.Effect<ConfigText, ConfigReadError, FileSystem.FileSystem> => readFrom(readText(file), environment)

/** The same for a text from anywhere. */
export const readFrom = (
  read: Effect.Effect<string, ConfigReadError, FileSystem.FileSystem>,
  environment: Environment
): Effect.Effect<ConfigText, ConfigReadError, FileSystem.FileSystem> =>
  Effect.flatMap(read, (text) => withAuthorities({ ...parse(text, environment), text }))

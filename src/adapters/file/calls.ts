/**
 * Calls to a disk that never run on the main thread. Deno's versions of Node's calls write, inspect and close an open file on
 * the main thread, so a disk that does not answer would stop the whole process. Deno's own calls do not, and they take paths
 * alone.
 */
import type { Buffer } from "node:buffer"
import * as fs from "node:fs"
import * as fsp from "node:fs/promises"

interface DenoFiles {
  readonly readFile: (path: string) => Promise<Uint8Array>
  readonly writeFile: (
    path: string,
    bytes: Uint8Array,
    options: { readonly append?: boolean; readonly create?: boolean; readonly createNew?: boolean; readonly mode?: number }
  ) => Promise<void>
  readonly truncate: (path: string, length: number) => Promise<void>
}

const deno = (globalThis as { readonly Deno?: DenoFiles }).Deno
/** For this user alone. */
const mode = 0o600
const EXISTING = fs.constants.O_WRONLY | fs.constants.O_APPEND

/** Reads the whole file. The caller has checked its kind and size. */
export const read = (path: string): Promise<Uint8Array> => deno === undefined ? fsp.readFile(path) : deno.readFile(path)

/** Fails where the file exists. */
export const writeNew = (path: string, bytes: Buffer): Promise<void> =>
  deno === undefined
    ? fsp.writeFile(path, bytes, { flag: "wx", mode })
    : deno.writeFile(path, bytes, { createNew: true, mode })

export const overwrite = (path: string, bytes: Buffer): Promise<void> =>
  deno === undefined ? fsp.writeFile(path, bytes, { mode }) : deno.writeFile(path, bytes, { mode })

/** Makes the file where it does not exist. */
export const append = (path: string, bytes: Buffer): Promise<void> =>
  deno === undefined ? fsp.appendFile(path, bytes, { mode }) : deno.writeFile(path, bytes, { append: true, mode })

/** Fails where the file does not exist. */
export const appendToExisting = (path: string, bytes: Buffer): Promise<void> =>
  deno === undefined
    ? fsp.appendFile(path, bytes, { flag: EXISTING as unknown as string })
    : deno.writeFile(path, bytes, { append: true, create: false })

export const truncate = (path: string, length: number): Promise<void> =>
  deno === undefined ? fsp.truncate(path, length) : deno.truncate(path, length)

/**
 * A lock that is the kernel's: it goes with the process that holds it, however that ends, and holds among processes that cannot
 * see each other's ids, such as containers with one volume. `NAME.sock` is a socket at which its holder listens: whether anybody
 * does is the kernel's word, and a process may end while it listens there although the disk keeps silent, which it could not with
 * an open file. Who takes the place of a dead holder is decided one at a time, under SQLite's exclusive lock on the empty file `NAME.db`, as
 * neither Node nor Deno has such locks of its own; where the disk takes no sockets that lock is held for good. `NAME` tells people and
 * other processes who holds it, and nothing is decided by it.
 */
import { Buffer } from "node:buffer"
import type { DatabaseSync } from "node:sqlite"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import process from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { append, overwrite, read } from "./calls.ts"
import type { Disk } from "./Disk.ts"
import { isListening, listen } from "./holderSocket.ts"
import { makeDirectory } from "./makeDirectory.ts"

export interface Lock {
  readonly letGo: () => Promise<void>
}

/** Who holds a lock that could not be had. */
export interface Taken {
  /** Its id where it could be read; it may be one of another container. */
  readonly owner: number | undefined
}

export const isTaken = (one: Lock | Taken): one is Taken => "owner" in one

/** SQLite's code for a lock that another connection has. */
const SQLITE_BUSY = 5
/** Whoever looks whether a holder lives is done sooner. */
const TRIES = 20
const BETWEEN_TRIES_MS = 25

/** Takes the lock of that name, in a directory that it makes if need be, for this user alone. */
export async function take(name: string, disk: Disk): Promise<Lock | Taken> {
  const [file, socket] = [`${name}.db`, `${name}.sock`]
  await disk.within(async () => {
    await makeDirectory(path.dirname(name))
    // SQLite and sockets work on this thread: let the disk show before that it answers.
    await append(file, Buffer.alloc(0))
  })
  const guard = await guarded(await sqlite(), file)
  if (guard === undefined || await isListening(socket)) {
    guard?.close()
    return { owner: await disk.within(() => ownerOf(name)) }
  }
  const close = await listen(socket)
  if (close !== undefined) guard.close()
  // The lock stands whether or not it can be told whose it is.
  await disk.within(() => overwrite(name, Buffer.from(String(process.pid)))).catch(() => {})
  return {
    letGo: async () => {
      // On a disk that keeps silent the lock ends with the process.
      await disk.within(() => fsp.rm(name, { force: true }))
      if (close === undefined) return guard.close()
      // Nobody may take the socket's name before it is gone.
      const last = await guarded(await sqlite(), file)
      await close()
      last?.close()
    }
  }
}

async function guarded(Database: typeof DatabaseSync, file: string): Promise<DatabaseSync | undefined> {
  for (let tries = 1;; tries++) {
    const guard = locked(Database, file)
    if (guard !== undefined || tries === TRIES) return guard
    await pause(BETWEEN_TRIES_MS)
  }
}

function locked(Database: typeof DatabaseSync, file: string): DatabaseSync | undefined {
  const database = new Database(file)
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
    return database
  } catch (cause) {
    database.close()
    if (isBusy(cause)) return undefined
    throw Object.assign(new Error("no lock"), { code: `cannot be locked: ${(cause as Error).message}` })
  }
}

/** Deno tells no code. */
function isBusy(cause: unknown): boolean {
  return (cause as { errcode?: number }).errcode === SQLITE_BUSY || /database is locked/.test((cause as Error).message)
}

async function ownerOf(name: string): Promise<number | undefined> {
  const pid = Number(await read(name).then((bytes) => new TextDecoder().decode(bytes)).catch(() => ""))
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

/** Loaded when first used. Node 22 and 24 warn that it may change; what is used of it are two statements. */
async function sqlite(): Promise<typeof DatabaseSync> {
  const warn = process.emitWarning
  process.emitWarning = () => {}
  try {
    return (await import("node:sqlite")).DatabaseSync
  } finally {
    process.emitWarning = warn
  }
}

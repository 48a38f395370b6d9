/**
 * A lock that the kernel keeps. It ends with the process that has it, however that ends. It works among processes that cannot
 * see each other's ids, such as containers with one volume.
 *
 * - `NAME.sock` is a socket at which the process with the lock listens. The kernel knows whether a process does. A process can
 *   end while it listens, even on a disk that does not answer; with an open file it could not.
 * - `NAME.db` is an empty file with SQLite's exclusive lock, since neither Node nor Deno has file locks of its own. It decides
 *   which process takes over from a dead one. Where the disk takes no sockets, this lock stays for good.
 * - `NAME` holds the id of the process, for people and for other processes. Nothing depends on it.
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
  readonly release: () => Promise<void>
}

/** Another process has the lock. */
export interface Taken {
  /** Its process id, where it could be read. It may be an id in another container. */
  readonly owner: number | undefined
}

export const isTaken = (one: Lock | Taken): one is Taken => "owner" in one

/** SQLite's code for a lock that another connection has. */
const SQLITE_BUSY = 5
/** Another process that only checks whether the holder lives is done before the last of these tries. */
const TRIES = 20
const BETWEEN_TRIES_MS = 25

/**
 * Takes the lock `name`, in a directory that it makes if need be, for this user alone. Resolves to `Taken` where another
 * process has it.
 */
export async function take(name: string, disk: Disk): Promise<Lock | Taken> {
  const [file, socket] = [`${name}.db`, `${name}.sock`]
  await disk.within(async () => {
    await makeDirectory(path.dirname(name))
    // SQLite and sockets work on this thread. This call shows first that the disk answers.
    await append(file, Buffer.alloc(0))
  })
  const guard = await guarded(await sqlite(), file)
  if (guard === undefined || await orClose(guard, isListening(socket))) {
    guard?.close()
    return { owner: await disk.within(() => ownerOf(name)) }
  }
  const close = await orClose(guard, listen(socket))
  if (close !== undefined) guard.close()
  // The lock holds even where its owner cannot be written.
  await disk.within(() => overwrite(name, Buffer.from(String(process.pid)))).catch(() => {})
  return {
    release: async () => {
      // On a disk that does not answer the lock ends with the process.
      await disk.within(() => fsp.rm(name, { force: true }))
      if (close === undefined) return guard.close()
      // No process may take the socket's name before it is gone.
      const last = await guarded(await sqlite(), file)
      await close()
      last?.close()
    }
  }
}

/** Deno may forbid the socket (--allow-net). A guard that stays open would look like another process to the next try. */
async function orClose<A>(guard: DatabaseSync, doing: Promise<A>): Promise<A> {
  try {
    return await doing
  } catch (cause) {
    guard.close()
    throw cause
  }
}

/** The process that has the lock; undefined: none has it, or its id cannot be read. */
export async function lockOwner(name: string): Promise<number | undefined> {
  return await isListening(`${name}.sock`) ? await ownerOf(name) : undefined
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

/** Deno gives no code. */
function isBusy(cause: unknown): boolean {
  return (cause as { errcode?: number }).errcode === SQLITE_BUSY || /database is locked/.test((cause as Error).message)
}

async function ownerOf(name: string): Promise<number | undefined> {
  const pid = Number(await read(name).then((bytes) => new TextDecoder().decode(bytes)).catch(() => ""))
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

/** Loaded at first use. Node 22 and 24 warn that SQLite may change; this file uses two statements of it. */
async function sqlite(): Promise<typeof DatabaseSync> {
  const warn = process.emitWarning
  process.emitWarning = () => {}
  try {
    return (await import("node:sqlite")).DatabaseSync
  } finally {
    process.emitWarning = warn
  }
}

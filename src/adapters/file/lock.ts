/**
 * A lock on a directory: a file with the owner's process id. Of a second process it makes a guest with a directory of its
 * own inside; an owner that died is succeeded.
 */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"

export interface Held {
  /** Where this process may write. */
  readonly directory: string
  /** The process that holds the directory itself; undefined when it is this one. */
  readonly owner: number | undefined
}

/** Holds the directory (made if need be, for this user alone) or a guest's place in it, until the scope ends. */
export const hold = (directory: string) =>
  Effect.acquireRelease(
    Effect.sync((): Held => {
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 })
      const owner = acquire(directory)
      if (owner === undefined) return { directory, owner }
      const own = guestPlace(directory)
      fs.mkdirSync(own, { recursive: true, mode: 0o700 })
      return { directory: own, owner }
    }),
    ({ directory: held, owner }) =>
      Effect.sync(() => {
        if (owner === undefined) fs.rmSync(lockPath(held), { force: true })
      })
  )

/** A place inside a directory that is this process' alone, whoever holds the rest. */
export function guestPlace(directory: string): string {
  return path.join(directory, `guest-${process.pid}`)
}

function lockPath(directory: string): string {
  return path.join(directory, "lock")
}

/** undefined: the lock is ours now; else its owner. */
function acquire(directory: string): number | undefined {
  const file = lockPath(directory)
  for (let tries = 0; tries < 3; tries++) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 })
      return undefined
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
    }
    const owner = ownerOf(file)
    // In a container every run may have the same id: an own id in the file is a predecessor's.
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) return owner
    fs.rmSync(file, { force: true })
  }
  return undefined
}

function ownerOf(file: string): number | undefined {
  try {
    const pid = Number(fs.readFileSync(file, "utf8"))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"
  }
}

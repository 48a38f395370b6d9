/**
 * A lock: a file with the owner's process id; an owner that died is succeeded. Where a directory is locked a second process
 * becomes a guest with a directory of its own inside.
 */
import * as Effect from "effect/Effect"
import * as fsp from "node:fs/promises"
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
    Effect.promise(async (): Promise<Held> => {
      await fsp.mkdir(directory, { recursive: true, mode: 0o700 })
      const owner = await take(lockPath(directory))
      if (owner === undefined) return { directory, owner }
      const own = guestPlace(directory)
      await fsp.mkdir(own, { recursive: true, mode: 0o700 })
      return { directory: own, owner }
    }),
    ({ directory: held, owner }) => owner === undefined ? Effect.promise(() => letGo(lockPath(held))) : Effect.void
  )

/** A place inside a directory that is this process' alone, whoever holds the rest. */
export function guestPlace(directory: string): string {
  return path.join(directory, `guest-${process.pid}`)
}

function lockPath(directory: string): string {
  return path.join(directory, "lock")
}

/** undefined: the lock is ours now; else its owner. */
export async function take(file: string): Promise<number | undefined> {
  for (let tries = 0; tries < 3; tries++) {
    try {
      await fsp.writeFile(file, String(process.pid), { flag: "wx", mode: 0o600 })
      return undefined
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
    }
    const owner = await ownerOf(file)
    // In a container every run may have the same id: an own id in the file is a predecessor's.
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) return owner
    await letGo(file)
  }
  return undefined
}

export async function letGo(file: string): Promise<void> {
  await fsp.rm(file, { force: true })
}

async function ownerOf(file: string): Promise<number | undefined> {
  try {
    const pid = Number(await fsp.readFile(file, "utf8"))
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

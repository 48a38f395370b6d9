/**
 * A directory that one process may write: the configured one, or a guest directory inside it while another process has that.
 */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import type { Disk } from "./Disk.ts"
import type { Taken } from "./lock.ts"
import { isTaken, take } from "./lock.ts"
import { makeDirectory } from "./makeDirectory.ts"

export interface Location {
  /** The directory that this process may write. */
  readonly directory: string
  /** The process that has the configured directory; undefined: this one. */
  readonly holder: Taken | undefined
}

/**
 * Locks the directory, which it makes if need be, or else a guest directory in it, until the scope ends. `run` is the unique
 * name of this run.
 */
export const lockDirectory = (directory: string, run: string, disk: Disk) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.tryPromise({ try: () => lockIn(directory, run, disk), catch: (cause) => cause }),
      // A disk that does not answer was reported earlier, and the lock ends with the process.
      ({ lock }) => Effect.promise(() => lock === undefined ? Promise.resolve() : lock.release().catch(() => {}))
    ),
    ({ location }) => location
  )

async function lockIn(directory: string, run: string, disk: Disk) {
  const lock = await take(path.join(directory, "lock"), disk)
  if (!isTaken(lock)) return { lock, location: { directory, holder: undefined } }
  const own = guestLocation(directory, run)
  await disk.within(() => makeDirectory(own))
  return { lock: undefined, location: { directory: own, holder: lock } }
}

/** A directory inside the configured one for this run alone. */
export function guestLocation(directory: string, run: string): string {
  return path.join(directory, `guest-${run}`)
}

/** A directory that one process may write: the one that was asked for, or a guest's inside it while another process holds that. */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import type { Disk } from "./Disk.ts"
import type { Taken } from "./lock.ts"
import { isTaken, take } from "./lock.ts"
import { makeDirectory } from "./makeDirectory.ts"

export interface Location {
  /** Where this process may write. */
  readonly directory: string
  /** The process that holds the directory itself; undefined when it is this one. */
  readonly holder: Taken | undefined
}

/** Holds the directory, made if need be, or a guest's place in it, until the scope ends. `run` names this run and no other. */
export const hold = (directory: string, run: string, disk: Disk) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.tryPromise({ try: () => placeIn(directory, run, disk), catch: (cause) => cause }),
      // What does not answer now has said so before, and the lock ends with the process.
      ({ lock }) => Effect.promise(() => lock === undefined ? Promise.resolve() : lock.letGo().catch(() => {}))
    ),
    ({ location }) => location
  )

async function placeIn(directory: string, run: string, disk: Disk) {
  const lock = await take(path.join(directory, "lock"), disk)
  if (!isTaken(lock)) return { lock, location: { directory, holder: undefined } }
  const own = guestLocation(directory, run)
  await disk.within(() => makeDirectory(own))
  return { lock: undefined, location: { directory: own, holder: lock } }
}

/** A place inside a directory that is this run's alone, whoever holds the rest. */
export function guestLocation(directory: string, run: string): string {
  return path.join(directory, `guest-${run}`)
}

/**
 * A listening socket that can pause. Meanwhile clients wait in the kernel's queue: connected, and not accepted.
 *
 * Neither runtime offers this, so it uses the handle below the server where that handle is as expected. Where it is not, a
 * pause has no effect, and the runtime does what it does without descriptors.
 * - Node: a handle that was opened by descriptor can start and stop reading. For a listening handle that means accepting. So
 *   the handle is bound first, and then opened by its own descriptor.
 * - Deno: a callback that takes no connection stops the accepting. Connections that are in the kernel's queue at that moment,
 *   at most one queue, are accepted before. To listen again reads the queue anew. That also helps after an accept that failed
 *   for want of a descriptor, so each server does it now and then.
 */
import * as net from "node:net"
import process from "node:process"
import type { Address } from "../../core/model/Config.ts"
import { descriptorLimit } from "./descriptors.ts"

/** The kernel's queue of connections that are not accepted yet. The kernel limits it to net.core.somaxconn. */
const MOST_BACKLOG = 1024
const LEAST_BACKLOG = 8
/** On Deno one read takes the whole queue. It has to be a small part of the descriptors. */
const PART_OF_LIMIT = 16

const isDeno = "deno" in process.versions

export interface Pausing {
  readonly pause: () => void
  readonly resume: () => void
}

/** On Deno a listener gets no client after a failed accept until it reads its queue again. */
const LOOK_AGAIN_MS = 1_000

/** Keeps a server accepting after a failed accept, for as long as it listens. A look during a pause would take clients. */
export function keepAccepting(server: net.Server): void {
  if (!isDeno) return
  const look = setInterval(() => {
    const handle = handleOf(server)
    if (!server.listening) clearInterval(look)
    else if (handle?.onconnection !== takesNone) handle?.listen?.(backlog())
  }, LOOK_AGAIN_MS)
  look.unref()
}

function handleOf(server: net.Server): Handle | undefined {
  return (server as unknown as { readonly _handle?: Handle | null })._handle ?? undefined
}

/** The part of a handle that is used here. */
interface Handle {
  readonly fd?: number
  readonly open?: (fd: number) => number
  onconnection?: unknown
  readonly readStart?: () => number
  readonly readStop?: () => number
  readonly listen?: (backlog: number) => number
  readonly getsockname?: (into: object) => number
  readonly close?: () => void
}

export function backlog(): number {
  const most = isDeno ? Math.floor(descriptorLimit() / PART_OF_LIMIT) : MOST_BACKLOG
  return Math.max(LEAST_BACKLOG, Math.min(MOST_BACKLOG, most))
}

/**
 * Descriptors that a listener may take before it can be paused. Deno accepts its whole queue, may hold another one that came
 * during a pause, and each of these clients needs a dial.
 */
export function takenAtOnce(): number {
  return isDeno ? 4 * (backlog() + 1) : 1
}

/** Begins to listen. The callback comes unless the server emits an error. */
export function begin(server: net.Server, address: Address, listening: () => void): void {
  const handle = boundHandle(address)
  if (handle === undefined) server.listen({ ...address, backlog: backlog() }, listening)
  else server.listen(handle, backlog(), listening)
}

/** Call this while the server listens. */
export function pausing(server: net.Server): Pausing {
  const handle = handleOf(server)
  if (handle === undefined) return never
  return isDeno ? pausingOnDeno(handle) : pausingOnNode(handle)
}

const never: Pausing = { pause: () => {}, resume: () => {} }

function pausingOnNode(handle: Handle): Pausing {
  const { readStart, readStop } = handle
  // From here on the handle can be stopped: only a handle that reads can.
  if (readStart === undefined || readStop === undefined || readStart.call(handle) !== 0) return never
  return { pause: () => void readStop.call(handle), resume: () => void readStart.call(handle) }
}

function pausingOnDeno(handle: Handle): Pausing {
  const { onconnection } = handle
  const look = () => void handle.listen?.(backlog())
  return {
    pause: () => (handle.onconnection = takesNone),
    resume: () => {
      handle.onconnection = onconnection
      look()
      // The first callback hands over connections that were taken during the pause. Only the next one reads the kernel's queue,
      // unless those were so many that it paused again.
      setImmediate(() => setImmediate(() => handle.onconnection === onconnection && look()))
    }
  }
}

function takesNone(): void {}

/** A bound handle that was opened by its descriptor; undefined: there is none, or the address cannot be bound. */
function boundHandle({ host, port }: Address): Handle | undefined {
  const make = (net as { readonly _createServerHandle?: (...args: Array<unknown>) => Handle | number })._createServerHandle
  if (isDeno || make === undefined || descriptorLimit() === Number.POSITIVE_INFINITY) return undefined
  const handle = make(host, port, net.isIPv6(host) ? 6 : 4, undefined, 0)
  // Some errors show here, a taken address shows only on listening. The ordinary way then fails with its usual code.
  if (typeof handle === "number") return undefined
  if (handle.getsockname?.({}) === 0 && handle.fd !== undefined && handle.open?.(handle.fd) === 0) return handle
  handle.close?.()
  return undefined
}

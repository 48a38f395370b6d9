/**
 * A listening socket that can pause: while it does, clients wait in the kernel's queue, connected and unaccepted.
 *
 * Neither runtime offers that, so it is done with the handle below the server, where it is as it is known to be; where it is
 * not, pausing does nothing, and what the runtime does without descriptors is what happens.
 * - Node: a handle that was opened by descriptor may start and stop reading, which for a listening one means accepting.
 * - Deno: a callback that takes no connection stops the accepting, after what waited in the kernel at that moment (at most its queue)
 *   has been taken from it. Listening again looks at the queue anew, also after an accept has failed for want of a descriptor: every
 *   server does so now and then.
 */
import * as net from "node:net"
import process from "node:process"
import type { Address } from "../../core/model/Config.ts"
import { descriptorLimit } from "./descriptors.ts"

/** The kernel's own queue of connections not yet accepted; it caps this at net.core.somaxconn. */
const MOST_BACKLOG = 1024
const LEAST_BACKLOG = 8
/** On Deno one look at the queue takes all that is in it: it shall be a small part of what may be open. */
const PART_OF_LIMIT = 8

const isDeno = "deno" in process.versions

export interface Pausing {
  readonly pause: () => void
  readonly resume: () => void
}

/** On Deno a listener whose accept has failed hears of nobody until it looks again by itself. */
const LOOK_AGAIN_MS = 1_000

/** Keeps a server accepting after an accept has failed, for as long as it listens. */
export function keepAccepting(server: net.Server): void {
  if (!isDeno) return
  const look = setInterval(() => {
    if (server.listening) handleOf(server)?.listen?.(backlog())
    else clearInterval(look)
  }, LOOK_AGAIN_MS)
  look.unref()
}

function handleOf(server: net.Server): Handle | undefined {
  return (server as unknown as { readonly _handle?: Handle | null })._handle ?? undefined
}

/** The part of a handle that is used here. */
interface Handle {
  readonly fd?: number
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

/** Descriptors that a listener may take before it can be paused. */
export function takenAtOnce(): number {
  return isDeno ? backlog() + 1 : 1
}

/** Begins to listen; the callback follows unless the server emits an error. */
export function begin(server: net.Server, address: Address, listening: () => void): void {
  const handle = boundHandle(address)
  if (handle?.fd === undefined) server.listen({ ...address, backlog: backlog() }, listening)
  else {
    // The server's own handle closes the descriptor. The one that bound it must not do so again, so it is left as it is.
    server.listen({ fd: handle.fd, backlog: backlog() }, listening)
  }
}

/** To be called while the server listens. */
export function pausing(server: net.Server): Pausing {
  const handle = handleOf(server)
  if (handle === undefined) return never
  return isDeno ? pausingOnDeno(handle) : pausingOnNode(handle)
}

const never: Pausing = { pause: () => {}, resume: () => {} }

function pausingOnNode(handle: Handle): Pausing {
  const { readStart, readStop } = handle
  // From here on it can be stopped: only what reads can.
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
      // The first look hands over what was taken while it paused, and only the next one asks the kernel.
      setImmediate(() => setImmediate(look))
    }
  }
}

function takesNone(): void {}

/** A bound handle with its descriptor; undefined where there is none to be had, or the address cannot be bound. */
function boundHandle({ host, port }: Address): Handle | undefined {
  const make = (net as { readonly _createServerHandle?: (...args: Array<unknown>) => Handle | number })._createServerHandle
  if (isDeno || make === undefined || descriptorLimit() === Number.POSITIVE_INFINITY) return undefined
  const handle = make(host, port, net.isIPv6(host) ? 6 : 4, undefined, 0)
  // Some errors are told at once, that the address is taken only when asked; trying again the usual way gives it its name.
  if (typeof handle === "number") return undefined
  if (handle.getsockname?.({}) === 0) return handle
  handle.close?.()
  return undefined
}

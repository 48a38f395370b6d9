/**
 * The lab: two network namespaces of this machine with real round trips, lost packets and darkness between them. The services and
 * clients of a soak are in the one that is near, and its upstreams in the one that is far.
 */
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import process from "node:process"
import { openProcess, ProcessError } from "./lineProcess.ts"
import { NETLAB } from "./netlab.ts"
import type { Condition, OriginOptions } from "./orders.ts"

export type Side = "near" | "far"

/** Why the lab cannot run here; undefined when it can. */
export function whyNoLab(): string | undefined {
  if (process.platform !== "linux") return "the lab needs Linux"
  if (process.getuid?.() !== 0) return "the lab needs root (network namespaces)"
  if (!fs.existsSync("/dev/net/tun")) return "the lab needs /dev/net/tun"
  for (const [tool, its] of [["ip", "iproute2"], ["python3", "python3"]] as const) {
    if (spawnSync("which", [tool]).status !== 0) return `the lab needs ${tool} (Debian package ${its})`
  }
  return undefined
}

/** The command of its network. It says "ready", and obeys lines: see netlab.ts. `rttsMs`: by far address. */
export function networkCommand(name: string, rttsMs: Readonly<Record<string, number>>): ReadonlyArray<string> {
  return ["python3", "-c", NETLAB, name, ...Object.entries(rttsMs).map(([host, ms]) => `${host}=${ms}`)]
}

/** What starts the command on one side. */
export function commandOn(name: string, side: Side, command: ReadonlyArray<string>): ReadonlyArray<string> {
  return ["ip", "netns", "exec", `${name}-${side}`, ...command]
}

/** Both sides, without a way between them. They are there until the scope closes, and all that was started on them has to end before. */
export const openSides = (name: string) =>
  Effect.forEach(["near", "far"] as const, (side) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        const { status } = spawnSync("ip", ["netns", "add", `${name}-${side}`], { stdio: ["ignore", "ignore", "inherit"] })
        const code = `ip netns add ended with ${status}`
        return status === 0 ? Effect.void : Effect.fail(new ProcessError({ what: "the lab", doing: "start", code }))
      }),
      () => Effect.sync(() => void spawnSync("ip", ["netns", "del", `${name}-${side}`], { stdio: "ignore" }))
    ), { discard: true })

export interface Far extends Omit<OriginOptions, "index"> {
  readonly host: string
}

export interface LabNetwork {
  /** Brings a condition to the way to an address, as far as it is one of the network. */
  readonly set: (far: Far, condition: Condition) => void
  /** Fails when the network ends before the scope. */
  readonly lost: Effect.Effect<never, ProcessError>
}

/** The way between the sides, until the scope closes. */
export const openNetwork = Effect.fnUntraced(function* (name: string, all: ReadonlyArray<Far>) {
  const rttsMs = Object.fromEntries(all.map(({ host, rttMs }) => [host, rttMs]))
  const { tell, lost } = yield* openProcess("the lab", networkCommand(name, rttsMs))
  for (const { host, jitter } of all) tell(`${host} jitter ${jitter}`)
  const network: LabNetwork = {
    set: ({ host, rttMs }, { fault, slowness }) => {
      tell(`${host} ${fault === "dark" ? "dark" : "light"}`)
      tell(`${host} rtt ${rttMs * slowness}`)
    },
    lost
  }
  return network
})

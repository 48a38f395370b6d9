/** The configurations that `bench:return` compares: defaults, but for what isolates a run and what is compared. */
import * as path from "node:path"
import type { Role } from "./trouble.ts"

/** A fourth address: none, as `fallback`, among the candidates, or as a `fallback` that fails with the others. */
export type Spare = "none" | "fallback" | "candidate" | "lost"

export interface Setup {
  readonly setSize: 1 | 3
  readonly spare: Spare
  readonly preheat: boolean
  /** The source of the addresses. */
  readonly from: "list" | "name"
}

/** What belongs to one process of a run. */
export interface Place {
  readonly listenPort: number
  readonly upstreamPort: number
  readonly hosts: Readonly<Record<Role, string>>
  /** The resolver's answer, with the setup's candidates. */
  readonly name: string
  readonly directory: string
}

export const SPARES: ReadonlyArray<Spare> = ["none", "fallback", "candidate", "lost"]
/** The best is neither the first nor the last of the list, so no default order finds it by luck. */
export const LISTED: ReadonlyArray<Role> = ["second", "best", "worst"]
const DEFAULT_SET_SIZE = 3

export function setups(spares: ReadonlyArray<Spare>): ReadonlyArray<Setup> {
  const sizes = [1, 3] as const
  const sources = ["list", "name"] as const
  return spares.flatMap((spare) =>
    sources.flatMap((from) =>
      [true, false].flatMap((preheat) => sizes.map((setSize): Setup => ({ setSize, spare, preheat, from })))
    )
  )
}

export const isPlain = ({ spare, preheat, from }: Setup) => spare === "none" && preheat && from === "list"

export function setupName({ setSize, spare, preheat, from }: Setup): string {
  const fourth = { none: "no spare", fallback: "fallback", candidate: "spare candidate", lost: "lost fallback" }[spare]
  return `set of ${setSize}, ${from}, ${preheat ? "preheated" : "on demand"}, ${fourth}`
}

export function candidatesOf({ spare }: Setup, { hosts }: Place): ReadonlyArray<string> {
  return [...LISTED, ...(spare === "candidate" ? ["spare" as const] : [])].map((role) => hosts[role])
}

/** The file as a user would write it, without what equals the default. */
export function yamlOf(setup: Setup, place: Place): string {
  const { listenPort, upstreamPort, hosts, name, directory } = place
  const listed = (addresses: ReadonlyArray<string>) => `[${addresses.map((one) => `"${one}"`).join(", ")}]`
  const fallback = { none: undefined, candidate: undefined, fallback: hosts.spare, lost: hosts.lostSpare }[setup.spare]
  const parts = [
    `port: ${upstreamPort}`,
    setup.from === "name" ? `host: ${name}` : `candidates: ${listed(candidatesOf(setup, place))}`,
    ...(fallback === undefined ? [] : [`fallback: ${listed([fallback])}`]),
    ...(setup.preheat ? [] : ["preheat: false"])
  ]
  return [
    `listeners: [{ name: web, listen: "127.0.0.1:${listenPort}", upstream: web }]`,
    `upstreams: { web: { ${parts.join(", ")} } }`,
    ...(setup.setSize === DEFAULT_SET_SIZE ? [] : [`selector: { activeSetSize: ${setup.setSize} }`]),
    `eventLog: { path: ${path.join(directory, "log")} }`,
    "history: { path: none }",
    'admin: { listen: "off" }',
    ""
  ].join("\n")
}

/** Which settings of the core differ between two configurations. Upstreams are compared by name. */
import { same } from "../../core/data/same.ts"
import type { Config } from "../../core/model/Config.ts"

export interface Difference {
  /** Such as `upstreams.web.selector.switching.holdMs`. */
  readonly path: string
  readonly recorded: unknown
  readonly other: unknown
}

export function differences(recorded: Config, other: Config): ReadonlyArray<Difference> {
  const found: Array<Difference> = []
  compare("", withNames(recorded), withNames(other), found)
  return found
}

/** Hosts on demand have the general settings, which are compared anyway. */
function withNames({ upstreams, ...rest }: Config): object {
  const configured = upstreams.filter(({ name, removed, onDemand }) => name !== "" && !removed && !onDemand)
  return { ...rest, upstreams: Object.fromEntries(configured.map((one) => [one.name, one])) }
}

function compare(path: string, a: unknown, b: unknown, found: Array<Difference>): void {
  if (same(a, b)) return
  if (!isRecord(a) || !isRecord(b)) {
    found.push({ path, recorded: a ?? null, other: b ?? null })
    return
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    compare(path === "" ? key : `${path}.${key}`, a[key], b[key], found)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

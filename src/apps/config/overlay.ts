/** An upstream's own sections laid over the general ones, key by key, before anything is decoded. */
import { OVERRIDABLE } from "../../core/schema/sections.ts"
import { isPlain, put, valueAt } from "./plain.ts"
import type { Path } from "./Problem.ts"

const INHERITED: ReadonlyArray<string> = [...OVERRIDABLE, "attempts"]
/** Limits that are one for all upstreams and cannot be overridden. */
const BUDGET = ["maxParallel", "perHost", "ratePerSecond", "maxCandidates", "total"]
/** Servers that speak first, and count whom they have greeted for nothing: SSH, mail, MySQL, PostgreSQL. */
const NO_POOL_PORTS = [22, 25, 110, 143, 587, 3306, 5432]

/** In place. */
export function overlay(file: unknown): void {
  if (!isPlain(file) || !isPlain(file["upstreams"])) return
  for (const upstream of Object.values(file["upstreams"])) {
    if (!isPlain(upstream)) continue
    for (const name of INHERITED) {
      const general = withoutBudget(file[name])
      if (general !== undefined) upstream[name] = laidOver(general, upstream[name])
    }
    presetPool(upstream)
  }
}

function laidOver(general: unknown, own: unknown): unknown {
  if (own === undefined) return structuredClone(general)
  if (!isPlain(own) || !isPlain(general)) return own
  const merged = { ...own }
  for (const [key, value] of Object.entries(general)) put(merged, key, laidOver(value, own[key]))
  return merged
}

/** Where nobody said otherwise, upstreams on such ports start without warm sockets. */
function presetPool(upstream: Record<string, unknown>): void {
  if (!NO_POOL_PORTS.includes(upstream["port"] as number)) return
  const pool = upstream["pool"] ?? {}
  if (isPlain(pool)) upstream["pool"] = { mode: "off", ...pool }
}

function withoutBudget(general: unknown): unknown {
  if (!isPlain(general)) return general
  return Object.fromEntries(Object.entries(general).filter(([name]) => !BUDGET.includes(name)))
}

/** An upstream has this value from a general section: a mistake in it is told where it is written. */
export function isInherited(written: unknown, path: Path): boolean {
  if (path[0] !== "upstreams" || path.length < 3 || !INHERITED.includes(String(path[2]))) return false
  return valueAt(written, path) === undefined && valueAt(written, path.slice(2)) !== undefined
}

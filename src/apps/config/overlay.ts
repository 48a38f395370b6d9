/** Lays an upstream's own sections over the general ones, key by key, before any decoding. */
import { GREETING_PORTS } from "../../core/greetingPorts.ts"
import { OF_ALL, OVERRIDABLE } from "../../core/schema/sections.ts"
import { parseEndpoint } from "../../core/schema/units.ts"
import { isPlain, put, valueAt } from "./plain.ts"
import type { Path } from "./Problem.ts"

const INHERITED: ReadonlyArray<string> = [...OVERRIDABLE, "attempts"]

/** Changes the value in place. */
export function overlay(file: unknown): void {
  if (!isPlain(file) || !isPlain(file["upstreams"])) return
  for (const upstream of Object.values(file["upstreams"])) {
    if (!isPlain(upstream)) continue
    for (const name of INHERITED) {
      const general = withoutBudget(file[name])
      if (general !== undefined) upstream[name] = laidOver(general, upstream[name])
    }
    presetSparing(upstream)
  }
}

function laidOver(general: unknown, own: unknown): unknown {
  if (own === undefined) return structuredClone(general)
  if (!isPlain(own) || !isPlain(general)) return own
  const merged = { ...own }
  for (const [key, value] of Object.entries(general)) put(merged, key, laidOver(value, own[key]))
  return merged
}

/** By default, upstreams on such ports start without warm sockets, and are probed only while clients use them. */
function presetSparing(upstream: Record<string, unknown>): void {
  if (!greetingPort(upstream)) return
  preset(upstream, "pool", { mode: "off" })
  preset(upstream, "probing", { idle: "lazy" })
}

function preset(upstream: Record<string, unknown>, name: string, values: Record<string, unknown>): void {
  const section = upstream[name] ?? {}
  if (isPlain(section)) upstream[name] = { ...values, ...section }
}

/** The first such port, of the upstream or of one of its addresses; undefined: none. */
export function greetingPort({ port, candidates, fallback }: Readonly<Record<string, unknown>>): number | undefined {
  const lists = [candidates, fallback].flatMap((list) => Array.isArray(list) ? list : [])
  const ports = lists.map((text) => typeof text === "string" ? parseEndpoint(text)?.port : undefined)
  return [port, ...ports].find((one): one is number => GREETING_PORTS.includes(one as number))
}

function withoutBudget(general: unknown): unknown {
  if (!isPlain(general)) return general
  return Object.fromEntries(Object.entries(general).filter(([name]) => !OF_ALL.includes(name)))
}

/** Whether an upstream has this value from a general section. A mistake in it is reported where it is written. */
export function isInherited(written: unknown, path: Path): boolean {
  if (path[0] !== "upstreams" || path.length < 3 || !INHERITED.includes(String(path[2]))) return false
  return valueAt(written, path) === undefined && valueAt(written, path.slice(2)) !== undefined
}

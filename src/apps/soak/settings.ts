/** The configuration of the soak's own services: its upstreams, the defaults in its time, and what a user's file says. */
import { HOSTS, PORT } from "./world.ts"
import type { World } from "./world.ts"

/** Sections of a user's file that the soak takes over. The others concern the user's own network and machine. */
export const TAKEN = [
  "probing",
  "scoring",
  "selector",
  "balancing",
  "attempts",
  "dial",
  "pool",
  "breaker",
  "session",
  "autoDisable",
  "cache",
  "onDemand"
] as const

export type Sections = Readonly<Record<string, unknown>>

/** What the soak takes from a configuration, as it is written there. */
export function takenFrom(written: unknown): Sections {
  const file = isRecord(written) ? written : {}
  return Object.fromEntries(TAKEN.filter((name) => file[name] !== undefined).map((name) => [name, file[name]]))
}

/** The defaults, faster by `scale`, as far as the service's own work goes. Limits of a single handshake stay as they are. */
function hurried(scale: number): Sections {
  if (scale >= 1) return {}
  const ms = (normalMs: number, leastMs: number) => `${Math.max(leastMs, Math.round(normalMs * scale))}ms`
  // A suspicion by clients lapses after five first trials: after a fault has ended, as with normal intervals, and not within.
  const firstTrialMs = Math.min(1_000, Math.max(100, Math.round(5_000 * scale)))
  return {
    probing: { interval: ms(10_000, 200) },
    scoring: { decay: ms(3_000, 100), jitterDecay: ms(300_000, 1_000), successWindow: ms(300_000, 1_000) },
    selector: { evaluationInterval: ms(1_000, 50), switching: { hold: ms(30_000, 100) } },
    breaker: {
      firstTrial: `${firstTrialMs}ms`,
      cooldown: ms(30_000, 200),
      timeoutCooldown: ms(180_000, 1_000),
      maxCooldown: ms(300_000, 1_000),
      window: ms(60_000, 1_000),
      ramp: ms(30_000, 200)
    },
    session: { stall: ms(10_000, 1_000) },
    dns: { refresh: ms(300_000, 5_000) }
  }
}

interface Wanted {
  readonly world: World
  readonly scale: number
  /** Directory of the record. */
  readonly record: string
  /** false: for the embedded service, which has none. */
  readonly listening: boolean
  readonly user: Sections
}

/** The configuration as a user would write it, in JSON. */
export function configurationOf({ world, scale, record, listening, user }: Wanted): string {
  const candidates = (name: "web" | "crowd") => ({
    candidates: world[name].map(({ address }) => `${address.host}:${address.port}`)
  })
  const own: Sections = {
    ...(listening
      ? {
        listeners: [
          { name: "web", listen: "127.0.0.1:0", upstream: "web" },
          { name: "crowd", listen: "127.0.0.1:0", upstream: "crowd" },
          { name: "proxy", protocol: "proxy", listen: "127.0.0.1:0", allow: HOSTS.map((host) => `${host}:${PORT}`) }
        ],
        log: { level: "warn" }
      }
      : {}),
    upstreams: listening ? { web: candidates("web"), crowd: candidates("crowd") } : { web: candidates("web") },
    eventLog: { path: record },
    history: { path: "none" },
    admin: { listen: "off" },
    sources: { builtin: false }
  }
  return JSON.stringify(over(over(hurried(scale), user), own))
}

/** The keys of `upper` over those of `lower`, section by section. */
function over(lower: Sections, upper: Sections): Sections {
  const merged: Record<string, unknown> = { ...lower }
  for (const [key, value] of Object.entries(upper)) {
    const below = lower[key]
    merged[key] = isRecord(value) && isRecord(below) ? over(below, value) : value
  }
  return merged
}

function isRecord(value: unknown): value is Sections {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

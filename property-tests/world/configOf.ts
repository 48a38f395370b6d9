/** The configuration of a script, and what its reloads change. */
import { wordsOf } from "../../src/core/addressWords.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { UpstreamChanges } from "../../test/support/config.ts"
import { configWith } from "../../test/support/config.ts"
import { nameOf } from "./Resolver.ts"
import type { Script, ServicePart } from "./script.ts"

export const PORT = 443

/** `variant` 0 is the first configuration; each other number changes a little of it. */
export function configOf(script: Script, variant: number, hosts: ReadonlyArray<string>): Config {
  const base = configWith(
    script.services.map((part, i) => upstreamOf(part, i, variant, hosts)),
    variant % 4 === 3 ? { ...script.budget, maxParallel: Math.ceil(script.budget.maxParallel / 2) } : script.budget
  )
  const denied = variant % 3 === 2 ? [...script.denied, variant] : script.denied
  return {
    ...base,
    access: { allow: [], deny: [...new Set(denied.map((pick) => hosts[pick % hosts.length] as string))].map(networkOf) },
    autoDisable: { ...base.autoDisable, cooldownMs: 30_000 },
    onDemand: { ...base.onDemand, mode: "tcp", idleMs: 120_000 }
  }
}

function upstreamOf(part: ServicePart, i: number, variant: number, hosts: ReadonlyArray<string>): UpstreamChanges {
  const address = (pick: number) => ({ host: hosts[pick % hosts.length] as string, port: PORT })
  const unique = (picks: ReadonlyArray<number>) => [...new Set(picks.map((pick) => pick % hosts.length))]
  const list = unique(variant === 0 ? part.list : [...part.list.filter((_, j) => (j + variant) % 3 !== 0), variant + i])
  const hasName = part.name.length > 0
  const { intervalMs, challengers, activeSetSize, holdMs, threshold, cooldownMs } = part
  return {
    name: `s${i}`,
    host: hasName || part.proves ? nameOf(i) : "",
    port: PORT,
    candidates: list.map(address),
    fallback: unique(part.fallback).map(address),
    attempts: part.attempts,
    identity: part.proves ? { servername: nameOf(i), ca: "" } : null,
    probing: { intervalMs, challengers, candidatesPerRound: challengers, idle: part.lazy ? "lazy" : "always" },
    selector: { activeSetSize, switching: { ...base.switching, holdMs: variant % 5 === 4 ? 2 * holdMs : holdMs } },
    pool: { mode: part.pool, size: 2, max: 8 },
    breaker: {
      failureThreshold: threshold,
      cooldownMs,
      timeoutCooldownMs: 2 * cooldownMs,
      maxCooldownMs: 60_000,
      rampMs: part.rampMs
    },
    dial: { raceDelayMs: part.raceDelayMs, timeoutMs: 2_000, deadlineMs: 8_000 },
    session: { stallMs: part.stallMs },
    balancing: { policy: part.policy, affinity: part.affinity ? "client" : "none" },
    dns: { refreshMs: 20_000 }
  }
}

const base = { switching: configWith([{}]).upstreams[0]!.selector.switching }

function networkOf(host: string) {
  return { cidr: `${host}/32`, words: wordsOf(host) as ReadonlyArray<number>, bits: 32 }
}

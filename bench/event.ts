/** What one event costs the core with 10,000 candidates, and what with 100: ticks, decisions' and states' digests included. */
import { advance } from "../src/core/advance.ts"
import * as Vector from "../src/core/data/Vector.ts"
import type { Entry } from "../src/core/model/Event.ts"
import type { State } from "../src/core/model/State.ts"
import { addresses, configWith } from "../test/support/config.ts"
import { busyWorld } from "./support/busyWorld.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const EVENTS = 20_480
const CLIENTS_PER_SECOND = 100
const { rounds, json } = options(7)

interface History {
  readonly from: State
  readonly entries: ReadonlyArray<Entry>
}

/** A world in which every candidate has been measured, and what happens next in it. */
function history(candidates: number): History {
  const world = busyWorld(configWith([{ candidates: addresses(candidates) }]), CLIENTS_PER_SECOND)
  let now = world.next().value
  const isUnmeasured = () => (Vector.get(now.advanced.state.upstreams, 0)?.unsampled ?? 0) > 0
  while (now.entry.seq < 5_000 || isUnmeasured()) now = world.next().value
  return { from: now.advanced.state, entries: Array.from({ length: EVENTS }, () => world.next().value.entry) }
}

/** Both worlds get the mix of the larger one, because more candidates are probed more often. */
function fold({ from, entries }: History, mix: ReadonlyMap<string, number>) {
  const costsUs = new Map<string, number>()
  const counts = countsOf(entries)
  let state = from
  for (const entry of entries) {
    const beganMs = performance.now()
    state = advance(state, entry).state
    const { _tag } = entry.event
    costsUs.set(_tag, (costsUs.get(_tag) ?? 0) + (performance.now() - beganMs) * 1000)
  }
  const each = [...mix].map(([kind, share]) => [kind, (costsUs.get(kind) ?? 0) / (counts.get(kind) ?? 1), share] as const)
  return {
    "us/event": each.reduce((sum, [, costUs, share]) => sum + costUs * share, 0),
    ...Object.fromEntries(each.map(([kind, costUs]) => [`us/${kind}`, costUs]))
  }
}

function countsOf(entries: ReadonlyArray<Entry>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { event } of entries) counts.set(event._tag, (counts.get(event._tag) ?? 0) + 1)
  return counts
}

/** Shares of the kinds that come often enough to be measured. */
function mixOf(entries: ReadonlyArray<Entry>): ReadonlyMap<string, number> {
  const often = [...countsOf(entries)].filter(([, count]) => count > 100)
  const all = often.reduce((sum, [, count]) => sum + count, 0)
  return new Map(often.map(([kind, count]) => [kind, count / all]))
}

const few = history(100)
const many = history(10_000)
const mix = mixOf(many.entries)
const { results, ratio } = await interleaved(rounds, { "100": () => fold(few, mix), "10,000": () => fold(many, mix) })
const { median: figure, spread } = ratio("us/event", "10,000", "100")
print({
  bench: "event",
  about: `${EVENTS} events a round, ${CLIENTS_PER_SECOND} clients a second, the same mix for both`,
  rounds,
  results,
  aims: [{ what: "an event with 10,000 candidates to one with 100", figure, spread, atMost: 1.5 }]
}, json)

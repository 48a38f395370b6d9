/** The invariants of the core: each fault that is planted in a sound state is told. */
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Ordered from "../../src/core/data/Ordered.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { cheapFault, faults } from "../../src/core/invariants.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { networks } from "../support/access.ts"
import { addresses, configWith } from "../support/config.ts"

const WEB = 0
const toy = () => new Simulation(configWith([{ host: "web.example", candidates: addresses(3) }]), { otherwise: 10 }).start()
const sound = toy().run(30_000).state
const off = toy().run(30_000).post({ _tag: "EnabledOverridden", worker: 0, enabled: false }).run(1_000).state
const lazy =
  new Simulation(configWith([{ preheat: false, candidates: addresses(3) }]), { otherwise: 10 }).start().run(100).state
/** While its first probes are under way. */
const probing = toy().run(5).state

const ids = Vector.get(sound.upstreams, WEB)!.listed
const [first, second] = ids.map((id) => Candidates.find(sound, id)!) as [Candidate, Candidate]
const of = (state: State, change: (upstream: Upstream) => Partial<Upstream>): State => {
  const upstream = Vector.get(state.upstreams, WEB)!
  return { ...state, upstreams: Vector.set(state.upstreams, WEB, { ...upstream, ...change(upstream) }) }
}
/** The first candidate with changes that no index follows. */
const one = (changes: Partial<Candidate>, state = sound): State => ({
  ...state,
  candidates: Vector.set(state.candidates, 0, { ...Vector.get(state.candidates, 0)!, ...changes })
})
const breaker = (changes: Partial<Candidate["breaker"]>) => one({ breaker: { ...first.breaker, ...changes } })
const suspicion = (changes: Partial<Candidate["suspicion"]>) => one({ suspicion: { ...first.suspicion, ...changes } })
const warm = (changes: Partial<Candidate["warm"]>) => one({ warm: { ...first.warm, ...changes } })
const session = { session: 1, sinceUs: 2 ** 50 }
const record = {
  upstream: "web",
  host: "web.example",
  address: first.host,
  port: 443,
  sources: ["dns" as const],
  latencyMs: 1
}

const PLANTED: ReadonlyArray<readonly [told: string, state: State]> = [
  ["web: set larger than activeSetSize", of(sound, ({ members }) => ({ members: [...members, first.id, second.id] }))],
  ["web: a member twice", of(sound, ({ members }) => ({ members: members.map(() => members[0]!) }))],
  ["web: a member without its time", of(sound, () => ({ memberSinceUs: [] }))],
  ["web: open breakers are miscounted", of(sound, ({ shut }) => ({ shut: shut + 1 }))],
  ["web: every listed candidate is shut out", of(breaker({ state: "open" }), () => ({ listed: [first.id], shut: 1 }))],
  ["web: unsampled candidates are miscounted", of(sound, ({ unsampled }) => ({ unsampled: unsampled + 1 }))],
  ["web: untried candidates are miscounted", of(sound, ({ untried }) => ({ untried: untried + 1 }))],
  ["web: a set, probes or deadlines though it is off", of(off, () => ({ members: [first.id], memberSinceUs: [0] }))],
  ["web: a set, probes or deadlines though it is off", of(off, () => ({ roundDueUs: 1 }))],
  ["web: a set, probes or deadlines though it is off", one({ queue: "urgent" }, off)],
  ["web: on demand though it is preheated", of(sound, () => ({ race: 7 }))],
  ["web: a candidate in fallback that the list does not name", of(sound, () => ({ fallback: [first.id] }))],
  ["web: stale members without a deadline", of(sound, () => ({ stale: [first.id] }))],
  ["web: stale members without a deadline", of(sound, () => ({ staleDueUs: 1 }))],
  ["web: priors without a deadline", of(sound, () => ({ priors: [first.id] }))],
  ["web: a measured prior", of(sound, () => ({ priors: [first.id], priorsDueUs: 1 }))],
  [
    "web: more records than history.maxEntries",
    {
      ...sound,
      config: { ...sound.config, history: { ...sound.config.history, maxEntries: 0 } },
      remembered: { ...sound.remembered, records: [record as never] }
    }
  ],
  [
    `web: candidates that failed their proof are routed: ${first.id}`,
    one({ identity: { state: "failed", atUs: 1, dueUs: -1 } })
  ],
  ["web: its name is never resolved again", of(sound, () => ({ resolveDueUs: -1, resolve: 0 }))],
  ["web: routes are old", of(sound, ({ members }) => ({ members: members.slice(1), memberSinceUs: [0, 0] }))],
  [
    "a probe twice under way",
    {
      ...probing,
      probing: { ...probing.probing, inFlight: probing.probing.inFlight.map(() => probing.probing.inFlight[0]!) }
    }
  ],
  [`probe ${probing.probing.inFlight[0]!.probe} unknown to its candidate`, one({ probe: 99 }, probing)],
  ["warm sockets are miscounted", { ...sound, warmTotal: sound.warmTotal + 1 }],
  ["a warm pool waits for room that there is", { ...sound, wantsRoom: [WEB] }],
  ["an upstream waits twice for room", { ...sound, wantsRoom: [WEB, WEB] }],
  ["the derived index differs from the records", { ...sound, index: { ...sound.index, deadlines: Ordered.empty } }],
  [`candidate ${second.id}: not in its slot`, one(second)],
  [`candidate ${first.id}: negative connections`, one({ connections: [0, -1] })],
  [`candidate ${first.id}: too many samples in the window`, one({ sampleWindow: Array.from({ length: 33 }, () => 1) })],
  [`candidate ${first.id}: the sample window is not sorted`, one({ sampleWindow: [2, 1] })],
  [`candidate ${first.id}: a sample window without an end`, one({ sampleWindow: [1], windowDueUs: -1 })],
  [`candidate ${first.id}: a cost without a measurement`, one({ latency: { value: 0, atUs: -1 } })],
  [`candidate ${first.id}: an open breaker without a trial to come`, breaker({ state: "open", trialDueUs: -1 })],
  [`candidate ${first.id}: two trials at once`, breaker({ state: "half-open", trialDueUs: 1 })],
  [`candidate ${first.id}: slow-start weight outside (0, 1]`, breaker({ slowStartWeight: 0 })],
  [`candidate ${first.id}: slow-start weight outside (0, 1]`, breaker({ slowStartWeight: 1.5 })],
  [`candidate ${first.id}: a ramp without a next step`, breaker({ slowStartWeight: 0.5 })],
  [`candidate ${first.id}: a ramp without a next step`, breaker({ rampDueUs: 1 })],
  [`candidate ${first.id}: more silent sessions than are needed`, suspicion({ silent: [session, session, session] })],
  [`candidate ${first.id}: silent, though it answered`, suspicion({ silent: [session], byteAtUs: session.sinceUs })],
  [`candidate ${first.id}: a warm id twice`, warm({ ready: [1], dialling: [{ id: 1, atUs: 0 }] })],
  [`candidate ${first.id}: queued while probed`, one({ queue: "urgent", probe: 1 })],
  [
    `candidate ${first.id}: a trial without a probe`,
    one({ breaker: { ...first.breaker, state: "half-open" }, probe: 0, queue: "none" })
  ],
  [`candidate ${first.id}: its sources do not fit the moment to forget it`, one({ forgetDueUs: 1 })],
  [`candidate ${first.id}: its sources do not fit the moment to forget it`, one({ sources: [], forgetDueUs: -1 })],
  [`candidate ${first.id}: listed though access refuses it`, {
    ...sound,
    config: { ...sound.config, access: { allow: [], deny: networks([first.host]) } }
  }],
  [`candidate ${first.id}: queued for a probe though it left`, one({ sources: ["fallback"], queue: "urgent" })],
  [
    `candidate ${first.id}: its proof is not the one that its upstream wants`,
    one({ identity: { state: "verified", atUs: 1, dueUs: -1 } })
  ]
]

/** A step from the sound state to one with these changes. */
const after = (changes: Partial<State>): State => ({ ...sound, seq: sound.seq + 1, ...changes })
const limited = (probing: number, poolTotal: number): State => ({
  ...sound,
  config: { ...sound.config, poolTotal, probing: { ...sound.config.probing, maxParallel: probing } }
})
const flights = { ...sound.probing, inFlight: [...sound.probing.inFlight, {} as never] }

const PLANTED_IN_A_STEP: ReadonlyArray<readonly [told: string, before: State, after: State]> = [
  [`time went back from ${sound.at} to ${sound.at - 1}`, sound, after({ at: sound.at - 1 })],
  [`entry ${sound.seq + 2} follows entry ${sound.seq}`, sound, after({ seq: sound.seq + 2 })],
  ["more probes under way than maxParallel", sound, { ...limited(0, 99), seq: sound.seq + 1, probing: flights }],
  ["a probe id would come twice", sound, after({ minted: { ...sound.minted, probe: sound.minted.probe - 1 } })],
  ["a warm id would come twice", sound, after({ minted: { ...sound.minted, warm: sound.minted.warm - 1 } })],
  ["more warm sockets than pool.total", sound, { ...limited(9, 1), seq: sound.seq + 1, warmTotal: sound.warmTotal + 1 }],
  ["the routes' version went back", sound, after({ routes: { ...sound.routes, version: sound.routes.version - 1 } })]
]

describe("the invariants", () => {
  it("find no fault in sound states", () => {
    expect([sound, off, lazy, probing].map(faults)).toEqual([[], [], [], []])
    expect(Vector.get(sound.upstreams, WEB)).toMatchObject({ members: { length: 3 } })
  })

  it.each(PLANTED.map(([told, state], i) => ({ i, told, state })))("tell $told ($i)", ({ told, state }) => {
    expect(faults(state)).toContain(told)
  })

  it("find no fault in a step without one, nor where a reload set a limit below what there is", () => {
    expect(cheapFault(sound, after({}))).toBeNull()
    expect(cheapFault({ ...sound, seq: -1 }, after({ seq: 0 }))).toBeNull()
    expect(cheapFault(sound, { ...limited(0, 0), seq: sound.seq + 1 })).toBeNull()
    expect(cheapFault({ ...sound, probing: flights }, { ...limited(0, 99), seq: sound.seq + 1, probing: flights }))
      .toBeNull()
  })

  it.each(PLANTED_IN_A_STEP.map(([told, before, after]) => ({ told, before, after })))(
    "tell at once: $told",
    ({ told, before, after }) => expect(cheapFault(before, after)).toBe(told)
  )
})

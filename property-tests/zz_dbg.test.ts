import { it } from "vitest"
import * as Vector from "../src/core/data/Vector.ts"
import { nextDeadline } from "../src/core/deadline.ts"
import { initial } from "../src/core/state.ts"
import { step } from "../src/core/step.ts"
import { addresses, configWith } from "../test/support/config.ts"
it("x", () => {
  const long = { failureThreshold: 1, failureRateThreshold: 0.2, windowMs: 5000, minSamples: 1, firstTrialMs: 1e9, cooldownMs: 1e9, timeoutCooldownMs: 1e9, maxCooldownMs: 1e9 }
  const whole = configWith([{ candidates: addresses(3), breaker: long, pool: { mode: "off" }, probing: { intervalMs: 1e9 }, scoreTtlMs: 1e9 }])
  let state: any = initial({ ...whole, autoDisable: { ...whole.autoDisable, failures: 1e9 } }, 1)
  let at = 0
  const post = (event: any) => {
    const r = step(state, { seq: state.seq + 1, at, event })
    state = r.state
    const t = (Vector.get(state.upstreams, 0) as any).trouble
    console.log(at, event._tag, event.candidate, event.reason ?? event.cause ?? "", JSON.stringify(r.decisions.map((d: any) => [d._tag, d.candidate])), t && JSON.stringify({ order: t.order, by: t.byConnect, common: t.commonAtUs, since: t.sinceUs, seq: t.seq }), JSON.stringify(Vector.toArray(state.candidates).map((c: any) => [c.breaker.state, c.streak, c.checkpoint && [c.checkpoint.trouble, c.checkpoint.failed]])))
    for (const act of r.decisions as any) if (act._tag === "Probe") post({ _tag: "ProbeFailed", worker: 0, probe: act.probe, candidate: act.candidate, tookUs: 0, reason: "local" })
  }
  const pass = (us: number) => { const u = at + us; for (let d = nextDeadline(state); d !== undefined && d <= u; d = nextDeadline(state)) { at = Math.max(at, d); post({ _tag: "Ticked", worker: 0 }) } at = u }
  const id = (s: number) => (Vector.get(state.candidates, s) as any).id
  const close = (s: number, end: any) => post({ _tag: "ClientClosed", worker: 0, session: 1, candidate: id(s), bytesUp: 1, bytesDown: 0, answerUs: -1, client: 1, durationUs: 0, firstByteUs: -1, silence: "none", ...end })
  const dial = (s: number) => post({ _tag: "ClientAccepted", worker: 0, session: 1, listener: "web", upstream: 0, routes: 1, chosen: -1, why: "unranked", warm: 0, client: 1, candidate: id(s), tried: [{ candidate: id(s), outcome: "connected", tookUs: 5000 }] })
  post({ _tag: "Started", worker: 0, wallMs: 0 })
  state = { ...state, upstreams: Vector.fromArray(Vector.toArray(state.upstreams).map((one: any) => ({ ...one, answered: true }))) }
  pass(1e6)
  dial(1)
  post({ _tag: "SessionStalled", worker: 0, session: 1, candidate: id(1), client: 1 })
  pass(1000)
  post({ _tag: "SessionSpoke", worker: 0, session: 1, candidate: id(0) })
  dial(2)
  close(2, { cause: "upstream-reset" })
  pass(100000)
  dial(0)
  post({ _tag: "SessionStalled", worker: 0, session: 1, candidate: id(1), client: 1 })
})

/** Programs that ask for TLS in stages: one stage is switched off twice and returns, and a candidate shows a wrong certificate. */
import type { TlsAttempt, TlsStage } from "../../src/core/model/Event.ts"
import type { Simulation } from "../../src/sim/Simulation.ts"
import { addresses, configWith } from "../support/config.ts"
import type { World } from "./script.ts"
import { set } from "./script.ts"

const config = configWith([{
  name: "web",
  host: "web.example",
  candidates: addresses(3),
  pool: { mode: "off" },
  probing: { intervalMs: 12_000 },
  dns: { refreshMs: 600_000 },
  identity: { servername: "web.example", ca: "" },
  tls: { chain: ["cover", "real", "system"], coverName: "cover.example" },
  breaker: { failureThreshold: 3, cooldownMs: 4_000, timeoutCooldownMs: 9_000, maxCooldownMs: 30_000 }
}])

const attempt = (stage: TlsStage, outcome: TlsAttempt["outcome"], candidate: TlsAttempt["candidate"] = "none"): TlsAttempt => {
  return { stage, candidate, outcome, tookUs: 4_000 }
}

export const secured: World = {
  name: "secured",
  config,
  cuts: [],
  play(toy) {
    set(toy, [10, 12, 60])
    toy.start().run(3_000)
    const member = (i: number) => toy.state.upstreams.chunks[0]?.[0]?.members[i] ?? "none"
    const tried = (...attempts: ReadonlyArray<TlsAttempt>) => told(toy, attempts).run(100)
    const fallen = (outcome: TlsAttempt["outcome"]) =>
      tried(attempt("cover", outcome, member(0)), attempt("cover", outcome, member(1)), attempt("real", "served", member(0)))
    const isOn = () => tried(attempt("cover", "served", member(0)))
    tried(attempt("cover", "served", member(0)))
    // Off, on after one trial, off soon again, a failed trial, and on.
    for (let i = 0; i < 3; i++) fallen("certificate")
    fallen("handshake").run(4_000)
    isOn().run(500)
    for (let i = 0; i < 3; i++) fallen("timeout")
    toy.run(18_000)
    fallen("timeout").run(30_000)
    isOn().run(60_000)
    for (let i = 0; i < 3; i++) fallen("handshake")
    // The last stage that is on stays on, and nothing speaks against a stage without a connection.
    for (let i = 0; i < 3; i++) tried(attempt("real", "handshake", member(0)), attempt("system", "timeout", "system"))
    for (let i = 0; i < 4; i++) tried(attempt("system", "handshake", "system"))
    tried(attempt("system", "unreached"))
    tried(attempt("system", "cancelled", "system"))
    // A certificate is refuted under the real name alone, and by the authorities of the configuration.
    toy.run(8_000)
    tried({ ...attempt("real", "certificate", member(1)), foreign: true }, attempt("real", "served", member(0)))
    tried(attempt("real", "certificate", member(1)), attempt("real", "pin", member(0)))
    tried({ ...attempt("real", "served", member(0)), unpinned: true })
    toy.run(20_000)
    for (let i = 0; i < 6; i++) toy.client(20).run(500)
    toy.post({ _tag: "ConfigChanged", worker: 0, config: configWith([{ ...config.upstreams[0]!, tls: { chain: ["cover", "real"] } }]) })
    toy.run(1_000)
    for (let i = 0; i < 3; i++) fallen("certificate")
  }
}

function told(toy: Simulation, attempts: ReadonlyArray<TlsAttempt>): Simulation {
  const tookUs = attempts.reduce((sum, one) => sum + one.tookUs, 1_000)
  return toy.post({ _tag: "TlsTried", worker: 0, upstream: 0, tried: attempts, tookUs })
}

/** The pool in trouble: all candidates are dead, or the pool is off, and the last resort serves; and a hijacker that answers fastest. */
import { quantile } from "./measure.ts"
import type { Aim, Report } from "../support/report.ts"
import type { Scene } from "./poolLab.ts"
import { caOf, inLab, median, nameOf, Noted, of, pause, started, through, TLS_PORT, yamlOf } from "./poolLab.ts"
import type { TlsSeen } from "./tlsClients.ts"

const CANDIDATES = ["198.18.0.11", "198.18.0.12", "198.18.0.13"]
const SYSTEM = "198.18.0.14"
const ADMIN = 9099
const RATE = 20
const RUN_S = 13
const FAULT_AT_S = 2
/** Switching acts within this. */
const ACTS_S = 5

const FAULTS = {
  "turned off": "PUT /enabled, and all candidates are black holes a second later",
  "dark": "all candidates are black holes",
  "refuse": "all candidates refuse",
  "reset": "all candidates reset on the first byte"
} as const
type Fault = keyof typeof FAULTS

/** Candidates 20, 40 and 60 ms away fail together; the resolver's address for the name, 30 ms away, works. */
export async function lastResort(scene: Scene): Promise<Report> {
  const noted = new Noted()
  const faults = Object.keys(FAULTS) as ReadonlyArray<Fault>
  for (let round = 0; round < scene.rounds; round++) {
    for (const fault of faults) {
      const [faultMs, seen] = await underFault(scene, fault)
      noted.note(fault, underLastResort(seen.toSorted((a, b) => a.atMs - b.atMs), faultMs))
    }
  }
  const aims = faults.flatMap((fault): ReadonlyArray<Aim> => {
    const share = noted.of(fault, "by the last resort")
    const switched = noted.of(fault, "last one elsewhere, s")
    return [
      { what: `${fault}, by the last resort, worst round`, figure: share.least, atLeast: 0.99 },
      { what: `${fault}, last client elsewhere or failed, s, worst round`, figure: switched.greatest, atMost: ACTS_S }
    ]
  })
  const about = [
    `${RATE} clients a second; shares are of those that come more than ${ACTS_S} s after`,
    ...Object.entries(FAULTS).map(([name, what]) => `${name}: ${what}`)
  ].join("\n")
  return { bench: "pool: the last resort", about, rounds: scene.rounds, results: noted.results(), aims }
}

/** When the fault began, and what clients saw. */
function underFault(scene: Scene, fault: Fault): Promise<readonly [number, ReadonlyArray<TlsSeen>]> {
  const distances = { ...Object.fromEntries(CANDIDATES.map((host, i) => [host, 20 * (i + 1)])), [SYSTEM]: 30 }
  return inLab(scene, distances, { web: [SYSTEM] }, async (lab) => {
    const candidates = CANDIDATES.map((host) => `"${host}"`).join(", ")
    const web = `host: ${nameOf("web")}, port: ${TLS_PORT}, caFile: ${caOf(scene)}, candidates: [${candidates}]`
    const more = `sources: { dns: false }\nadmin: { listen: "127.0.0.1:${ADMIN}" }`
    const service = await started(lab, yamlOf(lab, { web }, { more }), 2_000)
    const wanted = { ways: [through(fault, 0, "web")], caFile: caOf(scene), rate: RATE, count: RATE * RUN_S }
    const clients = lab.tlsClients({ ...wanted, timeoutMs: 10_000 })
    // The clients take some 100 ms to start; the moment of the fault is compared with theirs in wall time.
    await pause(FAULT_AT_S * 1000)
    const faultMs = Date.now()
    if (fault === "turned off") {
      await lab.page(`http://127.0.0.1:${ADMIN}/enabled`, JSON.stringify({ enabled: false }))
      await pause(1_000)
    }
    const isDark = fault === "dark" || fault === "turned off"
    for (const host of CANDIDATES) await (isDark ? lab.way(host, "dark") : lab.server(host, fault))
    const seen = await clients
    await lab.stop(service)
    return [faultMs, seen]
  })
}

function underLastResort(seen: ReadonlyArray<TlsSeen>, faultMs: number) {
  const since = seen.filter(({ atMs }) => atMs >= faultMs)
  const later = since.filter(({ atMs }) => atMs >= faultMs + ACTS_S * 1000)
  const elsewhere = since.filter(({ by }) => by !== SYSTEM).at(-1)
  const first = since.slice(0, RATE * ACTS_S)
  return {
    "last one elsewhere, s": elsewhere === undefined ? 0 : (elsewhere.atMs - faultMs) / 1000,
    "failed in the first 5 s": first.filter(({ failure }) => failure !== "").length,
    "clients later": later.length,
    "by the last resort": later.filter(({ by }) => by === SYSTEM).length / later.length,
    "later, connect and TLS, p50 ms": median(later, ({ securedMs }) => securedMs),
    "later, p99 ms": quantile(later.filter(({ failure }) => failure === "").map(({ securedMs }) => securedMs), 0.99),
    "first 5 s, p50 ms": median(first, ({ securedMs }) => securedMs)
  }
}

const REAL = "198.18.0.31"
/** Shows a certificate for the name that no trusted authority has signed. */
const FORGER = "198.18.0.32"
/** Takes connections and never sends a byte. */
const SILENT = "198.18.0.33"
const EACH = 100

/** Two hijackers 2 ms away and the real server 20 ms away in the same answer, clients from the first moment on, mode by mode. */
export async function hijacker(scene: Scene): Promise<Report> {
  const noted = new Noted()
  const modes = ["auto", "tls", "tcp"] as const
  const answers = Object.fromEntries(modes.map((mode) => [mode, [FORGER, SILENT, REAL]]))
  await inLab(scene, { [FORGER]: 2, [SILENT]: 2, [REAL]: 20 }, answers, async (lab) => {
    await lab.server(FORGER, "impostor")
    await lab.server(SILENT, "stall")
    for (let round = 0; round < scene.rounds; round++) {
      const upstreams = modes.map((mode) =>
        [
          mode,
          `host: ${nameOf(mode)}, port: ${TLS_PORT}, caFile: ${caOf(scene)}, probing: { mode: ${mode} }`
        ] as const
      )
      const ways = modes.map((mode, i) => through(mode, i, mode))
      const wanted = { ways, caFile: caOf(scene), rate: 30, count: modes.length * EACH, timeoutMs: 5_000, untilOpen: true }
      const clients = lab.tlsClients(wanted)
      const service = await lab.fairlead(yamlOf(lab, Object.fromEntries(upstreams)), 0)
      const seen = await clients
      await lab.stop(service)
      for (const mode of modes) {
        const own = of(seen, mode)
        const slowest = Math.max(...own.map(({ securedMs }) => securedMs))
        noted.note(mode, {
          "not served by the real one": own.filter(({ by }) => by !== REAL).length,
          "slowest, ms": slowest
        })
      }
    }
  })
  const aims = (["auto", "tls"] as const).map((mode) => {
    const { greatest } = noted.of(mode, "not served by the real one")
    return { what: `${mode}: clients that met a hijacker or failed, worst round`, figure: greatest, atMost: 0 }
  })
  const met = noted.of("tcp", "not served by the real one").least
  const control = { what: "tcp, for comparison: clients that met a hijacker or failed", figure: met, atLeast: 1 }
  const about =
    `hijackers with a forged certificate and without a word, 2 ms away; ${EACH} clients a mode and round, from the start on`
  return { bench: "pool: the hijacker", about, rounds: scene.rounds, results: noted.results(), aims: [...aims, control] }
}

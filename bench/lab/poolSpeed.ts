/** The pool's gain in time: against the system's first answer, on the first use of a name, and right after a restart. */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Report } from "../support/report.ts"
import type { Scene } from "./poolLab.ts"
import { caOf, inLab, median, nameOf, Noted, of, started, through, TLS_PORT, yamlOf } from "./poolLab.ts"
import type { TlsSeen, Way } from "./tlsClients.ts"

const FIRST = "198.18.0.11"
const BEST = "198.18.0.12"
const MIDDLE = "198.18.0.13"
const DISTANCES = { [FIRST]: 80, [BEST]: 20, [MIDDLE]: 50 }
const ANSWER = [FIRST, BEST, MIDDLE]
const CLIENTS = 40

/** Clients that go through Fairlead, with and without warm sockets, and to the system's first answer, in turn. */
export async function better(scene: Scene): Promise<Report> {
  const noted = new Noted()
  const body = (name: string) => `host: ${nameOf(name)}, port: ${TLS_PORT}, caFile: ${caOf(scene)}`
  const direct: Way = { way: "first answer", servername: nameOf("warm"), port: TLS_PORT }
  const ways = [direct, through("fairlead, warm sockets", 0, "warm"), through("fairlead, none", 1, "cold")]
  await inLab(scene, DISTANCES, { warm: ANSWER, cold: ANSWER }, async (lab) => {
    for (let round = 0; round < scene.rounds; round++) {
      const upstreams = { warm: body("warm"), cold: `${body("cold")}, pool: { mode: "off" }` }
      const service = await started(lab, yamlOf(lab, upstreams), 2_000)
      const wanted = { ways, caFile: caOf(scene), rate: 0, count: ways.length * CLIENTS, timeoutMs: 5_000 }
      const seen = await lab.tlsClients(wanted)
      await lab.stop(service)
      const reference = of(seen, direct.way)
      if (reference.some(({ by }) => by !== FIRST)) throw new Error("the first answer is not from the expected address")
      for (const { way } of ways) {
        const own = of(seen, way)
        noted.note(way, {
          "connect and TLS, p50 ms": median(own, secured),
          "TLS alone, p50 ms": median(own, shaken),
          "failed": own.filter(({ failure }) => failure !== "").length,
          "on the best": own.filter(({ by }) => by === BEST).length / own.length
        })
        if (way === direct.way) continue
        noted.note(`${way} / first answer`, {
          "connect and TLS": median(own, secured) / median(reference, secured),
          "TLS alone": median(own, shaken) / median(reference, shaken)
        })
      }
    }
  })
  const aims = ways.slice(1).flatMap(({ way }) =>
    ["connect and TLS", "TLS alone"].map((figure) => {
      const { median: ratio, spread } = noted.of(`${way} / first answer`, figure)
      return { what: `${way}, ${figure}, of the first answer's`, figure: ratio, spread, atMost: 0.85 }
    })
  )
  const about = `the system answers 80, 20, 50 ms in this order; ${CLIENTS} clients each way a round, in turn`
  return { bench: "pool: better than the first answer", about, rounds: scene.rounds, results: noted.results(), aims }
}

const secured = ({ securedMs }: TlsSeen) => securedMs
const shaken = ({ securedMs, connectMs }: TlsSeen) => securedMs - connectMs

const DARK = "198.18.0.21"
const GOOD = "198.18.0.22"
const USES = 8

/** Names that are new to the service: the first answer is a black hole, the second is good; each beside a dial of the good one. */
export async function firstUse(scene: Scene): Promise<Report> {
  const noted = new Noted()
  const kinds = { auto: "first use, auto (certificate)", tcp: "first use, tcp" } as const
  const names = (["auto", "tcp"] as const).flatMap((mode) =>
    Array.from({ length: USES }, (_, i) => ({ mode, name: mode + i }))
  )
  const direct: Way = { way: "the good one", servername: nameOf("any"), host: GOOD, port: TLS_PORT }
  const ways = names.flatMap(({ mode, name }, i) => [direct, through(kinds[mode], i, name)])
  const answers = Object.fromEntries(names.map(({ name }) => [name, [DARK, GOOD]]))
  await inLab(scene, { [DARK]: 20, [GOOD]: 20 }, answers, async (lab) => {
    await lab.way(DARK, "dark")
    for (let round = 0; round < scene.rounds; round++) {
      const upstreams = names.map(({ mode, name }) =>
        [
          name,
          `host: ${nameOf(name)}, port: ${TLS_PORT}, caFile: ${caOf(scene)}, preheat: false, probing: { mode: ${mode} }`
        ] as const
      )
      const service = await started(lab, yamlOf(lab, Object.fromEntries(upstreams)), 1_000)
      const seen = await lab.tlsClients({ ways, caFile: caOf(scene), rate: 0, count: ways.length, timeoutMs: 12_000 })
      await lab.stop(service)
      const dialledMs = median(of(seen, direct.way), secured)
      noted.note(direct.way, { "connect and TLS, p50 ms": dialledMs })
      for (const kind of Object.values(kinds)) {
        const own = of(seen, kind)
        for (const { failure } of own) if (failure !== "") console.error(`${kind}: ${failure}`)
        noted.note(kind, {
          "connect and TLS, p50 ms": median(own, secured),
          "more than the good one, p50 ms": median(own, secured) - dialledMs,
          "more, the slowest, ms": Math.max(...own.map(secured)) - dialledMs,
          "more, the slowest but for the first, ms": Math.max(...own.slice(1).map(secured)) - dialledMs,
          "failed": own.filter(({ by }) => by !== GOOD).length
        })
      }
    }
  })
  const aims = Object.values(kinds).flatMap((kind) =>
    ["more than the good one, p50 ms", "more, the slowest, ms"].map((figure) => {
      const { median: figureMs, spread } = noted.of(kind, figure)
      return { what: `${kind}: ${figure}`, figure: figureMs, spread, atMost: 300 }
    }).concat({ what: `${kind}: failed`, figure: noted.of(kind, "failed").greatest, spread: 0, atMost: 0 })
  )
  const about = `the name's first address is a black hole, its second 20 ms away; ${USES} names a kind and round`
  return { bench: "pool: first use", about, rounds: scene.rounds, results: noted.results(), aims }
}

const AFTER_RATE = 20
const AFTER_CLIENTS = 50

/** Clients from the moment at which a restarted service listens: 20 a second, with the history of the run before, and without. */
export async function restart(scene: Scene): Promise<Report> {
  const noted = new Noted()
  const kinds = { "with history": "history.json", "without": "none" } as const
  await inLab(scene, DISTANCES, { web: ANSWER }, async (lab) => {
    const upstreams = { web: `host: ${nameOf("web")}, port: ${TLS_PORT}, caFile: ${caOf(scene)}` }
    for (let round = 0; round < scene.rounds; round++) {
      for (const [kind, file] of Object.entries(kinds)) {
        const history = file === "none" ? file : path.join(lab.scratch, file)
        const log = `log-${round}-${file}`
        await lab.stop(await started(lab, yamlOf(lab, upstreams, { history }), 2_000))
        const wanted = { caFile: caOf(scene), rate: AFTER_RATE, count: AFTER_CLIENTS, timeoutMs: 5_000, untilOpen: true }
        const clients = lab.tlsClients({ ...wanted, ways: [through(kind, 0, "web")] })
        const startedMs = Date.now()
        const service = await lab.fairlead(yamlOf(lab, upstreams, { history, log }), 0)
        const seen = (await clients).toSorted((a, b) => a.atMs - b.atMs)
        await lab.stop(service)
        noted.note(kind, after(seen, takes(path.join(lab.scratch, log)), startedMs))
      }
    }
  })
  const own = (figure: string) => {
    const { median: figureMs, spread, greatest } = noted.of("with history", figure)
    return { figure: figureMs, spread, greatest }
  }
  const aims = [
    {
      what: "with history, ms from listening to a client served by the best",
      ...own("served by the best, ms"),
      atMost: 1_000
    },
    { what: "with history, ms from listening to a client on a warm socket", ...own("warm, ms"), atMost: 1_000 },
    { what: "with history, first client on the best", ...own("first one on the best"), atLeast: 1 }
  ]
  const about = `best 20 ms away and second in the answer; ${AFTER_RATE} clients a second from when it listens on`
  return { bench: "pool: after a restart", about, rounds: scene.rounds, results: noted.results(), aims }
}

/** `warm`: for each client in the order in which they came, whether it got a warm socket. */
function after(seen: ReadonlyArray<TlsSeen>, warm: ReadonlyArray<boolean>, startedMs: number) {
  const openMs = seen[0]?.atMs ?? NaN
  const byBest = seen.find(({ by }) => by === BEST)
  const firstWarm = seen[warm.indexOf(true)]
  return {
    "listens after process start, ms": openMs - startedMs,
    "served by the best after process start, ms": end(byBest) - startedMs,
    "served by the best, ms": end(byBest) - openMs,
    "warm, ms": end(firstWarm) - openMs,
    "first one on the best": seen[0]?.by === BEST ? 1 : 0,
    "first one warm": warm[0] === true ? 1 : 0,
    "first one, connect and TLS, ms": seen[0]?.securedMs ?? NaN,
    "warm of the others in the first second": share(warm.slice(1, AFTER_RATE)),
    "failed": seen.filter(({ failure }) => failure !== "").length
  }
}

const end = (one: TlsSeen | undefined) => one === undefined ? NaN : one.atMs + one.firstByteMs
const share = (flags: ReadonlyArray<boolean>) => flags.filter((flag) => flag).length / flags.length

/** From the record. */
function takes(directory: string): ReadonlyArray<boolean> {
  const segments = fs.readdirSync(directory).filter((name) => name.endsWith(".ndjson")).sort()
  const lines = segments.flatMap((name) => fs.readFileSync(path.join(directory, name), "utf8").split("\n"))
  return lines.filter((line) => line.includes('"_tag":"ClientAccepted"'))
    .map((line) => JSON.parse(line).event as { readonly session: number; readonly warm: number })
    .sort((a, b) => a.session - b.session)
    .map(({ warm }) => warm !== 0)
}

/** All candidates of an upstream go dark, or are dark from the start, while the next rung of the ladder is well. */
import type { Aim, Report } from "../support/report.ts"
import { Lab, PORT } from "./Lab.ts"
import type { Line } from "./manyClients.ts"
import { quantile } from "./measure.ts"
import { openNames } from "./names.ts"
import { LISTEN, Noted, pause, started, yamlOf } from "./poolLab.ts"

const RATE = 20
const SETTLE_MS = 5_000
const BEFORE_S = 5
const DARK_S = 15
const START_S = 15
/** A client that waits longer than this counts, and so does one that fails. */
const WAITED_MS = 1_000
const MOST_WAITING = 8

/** The next rung of the ladder, which serves when the candidates do not: its lines of the configuration. */
const RUNGS = {
  "fallback": (spare: string, _name: string) => `fallback: ["${spare}"]`,
  // What the name leads to would else be a candidate.
  "system's addresses": (_spare: string, name: string) => `host: ${name}`
}
type Rung = keyof typeof RUNGS
const RUNG_NAMES = Object.keys(RUNGS) as ReadonlyArray<Rung>

interface Place {
  readonly candidates: ReadonlyArray<string>
  readonly spare: string
  readonly body: string
}

/** Each round: both rungs at once while their candidates go dark, then both at once from the start. */
export async function rungs(rounds: number): Promise<Report> {
  const noted = new Noted()
  for (let round = 0; round < rounds; round++) {
    const places = RUNG_NAMES.map(placeOf)
    const distances = Object.fromEntries(
      places.flatMap(({ candidates: [best = "", second = ""], spare }) => [[best, 20], [second, 30], [spare, 40]])
    )
    const lab = await Lab.open(distances)
    try {
      const closeNames = await openNames(lab, Object.fromEntries(places.map(({ spare }, i) => [nameOf(i), [spare]])))
      try {
        for (const [i, seen] of (await goDark(lab, places)).entries()) noted.note(`goes dark, ${RUNG_NAMES[i]}`, seen)
        for (const [i, seen] of (await startDark(lab, places)).entries()) {
          noted.note(`dark at start, ${RUNG_NAMES[i]}`, seen)
        }
      } finally {
        closeNames()
      }
    } finally {
      await lab.close()
    }
  }
  const aim = (what: string, figure: string, atMost: number): Aim => {
    const { median, spread } = noted.of(what, figure)
    return { what: `${what}: ${figure}`, figure: median, spread, atMost }
  }
  const aims = [
    ...Object.keys(noted.results()).map((what) => aim(what, "over 1 s or failed", MOST_WAITING)),
    ...RUNG_NAMES.map((rung) => aim(`dark at start, ${rung}`, "first ms", WAITED_MS))
  ]
  const about = `candidates at 20 and 30 ms are dark, the next rung is at 40 ms: ${RATE} clients a second each, defaults`
  return { bench: "field: the next rung", about, rounds, results: noted.results(), aims }
}

const nameOf = (i: number) => `rung${i}.test`

function placeOf(rung: Rung, i: number): Place {
  const [best, second, spare] = [11, 12, 13].map((last) => `198.18.${i + 1}.${last}`) as [string, string, string]
  const body = `port: ${PORT}, candidates: ["${best}", "${second}"], ${RUNGS[rung](spare, nameOf(i))}`
  return { candidates: [best, second], spare, body }
}

/** One service for all places: each is an upstream with a listener of its own. */
const yaml = (lab: Lab, places: ReadonlyArray<Place>, log: string) =>
  yamlOf(lab, Object.fromEntries(places.map(({ body }, i) => [`rung${i}`, body])), { more: "sources: { dns: false }", log })

const portsOf = (places: ReadonlyArray<Place>) => places.map((_, i) => LISTEN + i)

async function goDark(lab: Lab, places: ReadonlyArray<Place>) {
  const service = await started(lab, yaml(lab, places, "runs"), SETTLE_MS)
  const clients = lab.manyClients(RATE, BEFORE_S + DARK_S, portsOf(places))
  await pause(BEFORE_S * 1000)
  const atMs = Date.now()
  await turn(lab, places, "dark")
  const lines = await clients
  await lab.stop(service)
  return places.map((place, i) => {
    return figuresOf(lines.filter(([at, startedMs]) => at === i && startedMs >= atMs), place)
  })
}

/** Clients knock before the service listens, so that there is one right at its start. */
async function startDark(lab: Lab, places: ReadonlyArray<Place>) {
  await turn(lab, places, "dark")
  const clients = lab.manyClients(RATE, START_S, portsOf(places))
  const service = await started(lab, yaml(lab, places, "starts"), 0)
  const lines = await clients
  await lab.stop(service)
  await turn(lab, places, "light")
  return places.map((place, i) => {
    const own = lines.filter(([at, , , , failure]) => at === i && failure !== "ECONNREFUSED")
    const [first] = own.toSorted((a, b) => a[1] - b[1])
    return { ...figuresOf(own, place), "first ms": first?.[4] === "" ? first[2] : Number.POSITIVE_INFINITY }
  })
}

async function turn(lab: Lab, places: ReadonlyArray<Place>, change: "dark" | "light"): Promise<void> {
  for (const host of places.flatMap(({ candidates }) => candidates)) await lab.way(host, change)
}

function figuresOf(lines: ReadonlyArray<Line>, { spare }: Place) {
  const servedMs = lines.filter(([, , , , failure]) => failure === "").map(([, , firstByteMs]) => firstByteMs)
  const failed = lines.length - servedMs.length
  return {
    "clients": lines.length,
    "over 1 s or failed": servedMs.filter((ms) => ms > WAITED_MS).length + failed,
    failed,
    "p50 ms": quantile(servedMs, 0.5),
    "max ms": Math.max(...servedMs),
    "by the next rung": lines.filter(([, , , by]) => by === spare).length / lines.length
  }
}

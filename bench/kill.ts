/**
 * kill -9 at random moments under load: `--moments 200`, `--seed 1`. Five lives share a state directory, then a new one begins.
 * A quarter of the moments is within the start, the others are within four seconds of the first client. Each next start must be
 * clean, the history readable, and the record must verify. After a life of two seconds the next first client goes to the best.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { Draws } from "../src/sim/Draws.ts"
import type { Life, Moment } from "./kill/lives.ts"
import { withServers } from "./kill/lives.ts"
import type { Figures, Summaries } from "./support/rounds.ts"
import { summaryOf } from "./support/rounds.ts"
import { print } from "./support/report.ts"

const { values } = parseArgs({
  options: { moments: { type: "string" }, seed: { type: "string" }, json: { type: "boolean" } }
})
const moments = Math.max(1, Number(values.moments ?? 200))
const draws = new Draws(Number(values.seed ?? 1))
const LIVES = 5
const USEFUL_MS = 2_000
const MOST_MS = 4_000
/** A start takes some hundred ms. */
const START_MS = 800
const MAIN = new URL("../src/apps/main.ts", import.meta.url).pathname

const drawn = (): Moment =>
  draws.draw() < 0.25
    ? { after: "start", ms: Math.round(draws.draw() * START_MS) }
    : { after: "listening", ms: Math.round(draws.draw() * MOST_MS) }

/** The command that a user would take. */
function replayed(record: string): { readonly isVerified: boolean; readonly text: string } {
  if (!fs.existsSync(record) || !fs.readdirSync(record).some((name) => name.includes(".ndjson"))) {
    return { isVerified: true, text: "nothing was recorded" }
  }
  const runtime = "deno" in process.versions ? ["run", "-A"] : []
  const { status, stdout, stderr } = spawnSync(process.execPath, [...runtime, MAIN, "replay", record], { encoding: "utf8" })
  return { isVerified: status === 0, text: stdout + stderr }
}

interface Fate extends Life {
  /** The longest life before this one in the same state directory, from its first client on. */
  readonly earlierMs: number
}

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-kill-"))
const fates: Array<Fate> = []
let unverified = 0
try {
  await withServers(directory, async (fresh) => {
    for (let i = 0; fates.length < moments; i++) {
      const { live, record } = fresh(`state-${i}`)
      let earlierMs = -1
      for (let n = 0; n < LIVES && fates.length < moments; n++) {
        const life = await live(drawn())
        fates.push({ ...life, earlierMs })
        const servedMs = life.first === undefined || life.moment.after === "start" ? -1 : life.moment.ms
        earlierMs = Math.max(earlierMs, servedMs)
        tell(life, earlierMs)
      }
      const { isVerified, text } = replayed(record)
      if (!isVerified) {
        unverified++
        console.error(`state ${i}: the record does not verify: ${text}`)
      }
    }
  })
} finally {
  fs.rmSync(directory, { recursive: true, force: true })
}

function tell({ said, history, failed, moment, first }: Life, earlierMs: number): void {
  const at = `${fates.length}: killed ${moment.ms} ms after ${moment.after}`
  if (said !== "") console.error(`${at}: it said ${said}`)
  if (history === "broken") console.error(`${at}: the history cannot be read`)
  if (failed > 0) console.error(`${at}: ${failed} clients failed`)
  if (first !== undefined && first !== "best" && fates.at(-1)!.earlierMs >= USEFUL_MS) console.error(`${at}: first ${first}`)
  if (fates.length % 20 === 0) console.error(`${fates.length} of ${moments}, the last one after ${earlierMs} ms`)
}

const share = (of: ReadonlyArray<Fate>) => of.filter(({ first }) => first === "best").length / of.length
const served = fates.filter(({ first }) => first !== undefined)
const known = served.filter(({ earlierMs }) => earlierMs >= USEFUL_MS)
const figures: Readonly<Record<string, Figures>> = {
  "all lives": {
    "killed": fates.length,
    "killed before the first answer": fates.length - served.length,
    "clients answered": fates.reduce((sum, { answered }) => sum + answered, 0),
    "clients failed before the kill": fates.reduce((sum, { failed }) => sum + failed, 0),
    "starts with a warning or error": fates.filter(({ said }) => said !== "").length,
    "histories that cannot be read": fates.filter(({ history }) => history === "broken").length,
    "records that do not verify": unverified
  },
  "first clients on the best": {
    "of a fresh state": share(served.filter(({ earlierMs }) => earlierMs < 0)),
    "after lives under 2 s": share(served.filter(({ earlierMs }) => earlierMs >= 0 && earlierMs < USEFUL_MS)),
    "after a life of 2 s": share(known),
    "after a life of 2 s, starts": known.length
  }
}
const results: Summaries = Object.fromEntries(
  Object.entries(figures).map(([group, own]) => [
    group,
    Object.fromEntries(Object.entries(own).map(([figure, value]) => [figure, summaryOf([value])]))
  ])
)
const of = (group: string, figure: string) => figures[group]?.[figure] ?? NaN
const aims = [
  ...["starts with a warning or error", "histories that cannot be read", "records that do not verify"].map((what) => ({
    what,
    figure: of("all lives", what),
    atMost: 0
  })),
  {
    what: "first client on the best after a life of 2 s",
    figure: of("first clients on the best", "after a life of 2 s"),
    atLeast: 1
  }
]
const about = "kill -9 under 8 clients at once; three servers 60, 5 and 30 ms away; five lives share a state directory"
print({ bench: "kill: what is left after kill -9", about, rounds: 1, results, aims }, values.json === true)

/** The table of `bench:return`: figures over rounds, and whether they keep within the limits of the aims. */
import { summaryOf } from "../support/rounds.ts"
import { short } from "../support/report.ts"
import type { Figures } from "./returnFigures.ts"
import type { Setup } from "./setups.ts"
import { setupName } from "./setups.ts"
import type { Trouble } from "./trouble.ts"
import { graceS, troubleName } from "./trouble.ts"

/** One configuration or rival in one trouble, round by round. */
export interface Result {
  readonly trouble: Trouble
  readonly contender: Setup | string
  readonly rounds: ReadonlyArray<Figures>
}

/** Figures that have a limit, by what they measure; the median is compared. */
interface Limit {
  readonly figure: keyof Figures
  readonly atMost?: number
  readonly atLeast?: number
}

const LAST_FAILED_S = 3
const WORST_UNTIL_S = 2
const ON_BEST = 0.95
const ON_BEST_UP = 0.9
const ON_BEST_BEFORE = 0.9

export function limitsOf(trouble: Trouble): ReadonlyArray<Limit> {
  if (trouble.kind === "flap") return [{ figure: "onBestUp", atLeast: ON_BEST_UP }]
  // Its share grows over `ramp` (slow start), so the aim is that clients use it again, not that all do.
  if (trouble.kind === "best" || trouble.kind === "two") return [{ figure: "usedAgainS", atMost: graceS(trouble) }]
  return [
    { figure: "onBest", atLeast: ON_BEST },
    { figure: "lastFailedS", atMost: LAST_FAILED_S },
    { figure: "worstUntilS", atMost: WORST_UNTIL_S }
  ]
}

export function medianOf(rounds: ReadonlyArray<Figures>, figure: keyof Figures): number {
  return summaryOf(rounds.map((round) => round[figure])).median
}

/** The figures beyond their limits. */
export function missedBy({ trouble, rounds }: Result): ReadonlyArray<keyof Figures> {
  return limitsOf(trouble).filter(({ figure, atMost = Infinity, atLeast = -Infinity }) => {
    const median = medianOf(rounds, figure)
    return !(median <= atMost && median >= atLeast)
  }).map(({ figure }) => figure)
}

const percent = (value: number) => (Number.isNaN(value) ? "-" : `${(value * 100).toFixed(0)} %`)
const seconds = (value: number) => (Number.isNaN(value) ? "-" : Number.isFinite(value) ? value.toFixed(1) : "never")
/** The start of a client, if there is one. */
const lastS = (value: number) => (value === 0 ? "none" : seconds(value))

const COLUMNS: ReadonlyArray<readonly [figure: keyof Figures, head: string, text: (value: number) => string]> = [
  ["p50BeforeMs", "p50 ms", short],
  ["onBestBefore", "before", percent],
  ["onBest", "after", percent],
  ["mostOnBestS", "95 % s", seconds],
  ["lastFailedS", "failed s", lastS],
  ["worstUntilS", "worst s", lastS],
  ["answeredS", "answer s", seconds],
  ["usedAgainS", "again s", seconds],
  ["onBestUp", "while up", percent]
]

/** Head and rows; where rounds differ, the median and in brackets least and greatest. What misses its limit is marked. */
export function tableOf(results: ReadonlyArray<Result>): ReadonlyArray<ReadonlyArray<string>> {
  const head = ["trouble", "set, addresses, start, fourth address", ...COLUMNS.map(([, head]) => head), "ok"]
  return [
    head,
    ...results.map((result) => {
      const { trouble, contender, rounds } = result
      const missed = missedBy(result)
      const cells = COLUMNS.map(([figure, , text]) => {
        const { median, least, greatest } = summaryOf(rounds.map((round) => round[figure]))
        const spread = text(least) === text(greatest) ? "" : ` [${text(least)}..${text(greatest)}]`
        return `${missed.includes(figure) ? "!" : ""}${text(median)}${spread}`
      })
      const name = typeof contender === "string" ? contender : setupName(contender)
      return [troubleName(trouble), name, ...cells, verdictOf(result)]
    })
  ]
}

/** Where clients were not on the best before, the trouble is not the only cause. */
export function verdictOf(result: Result): "yes" | "NO" | "NO, nor before" {
  if (missedBy(result).length === 0) return "yes"
  return medianOf(result.rounds, "onBestBefore") < ON_BEST_BEFORE ? "NO, nor before" : "NO"
}

const shareOf = (least: number) => `${least * 100} %`

/** What the columns mean, and the limits. */
export const LEGEND = [
  "p50 ms, before: the median way to a first byte, and clients on the best, in the 10 s before the trouble.",
  "All that follows counts from the best's last return.",
  "after: clients on the best in the 10 s that begin when the grace is over: 5 s, after dark 8 s; where the best failed",
  "  alone, or two, max(5 s, its absence).",
  "95 % s: from when on 95 of 100 clients are on the best, of the next second and of all the rest.",
  "failed s: the start of the last client that failed.",
  "worst s: the last client on the worst or a spare, counted from when the best had answered this service (answer s).",
  "again s: the first client on the best.",
  "while up: clients on the best while a flapping network is up, from the third second on, all ten times together.",
  "never: not while it was watched.  A cell with brackets: the median, least and greatest of rounds, for url-test of where",
  "  the trouble falls between two tests.",
  "",
  `ok, by the medians: all failed: after at least ${shareOf(ON_BEST)},`,
  `  failed at most ${LAST_FAILED_S}, worst at most ${WORST_UNTIL_S}; the best alone, or two: again within`,
  `  the grace; flapping: while up at least ${shareOf(ON_BEST_UP)}.`,
  "  What misses its limit is marked with !. Nor before: fewer than 90 % were on the best before the trouble."
].join("\n")

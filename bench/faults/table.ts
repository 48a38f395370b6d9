/** What `bench:faults` prints. */
import type { Counts } from "../../src/apps/soak/Tally.ts"
import { aligned } from "../support/report.ts"
import type { Row } from "./perform.ts"
import { MOST_LATE_MS, shareServed } from "./perform.ts"

const HEAD = [
  "fault",
  "verdict",
  "noticed s",
  "over s",
  "on best s",
  "served",
  "failed",
  "caught",
  "cut",
  "none could",
  "altered",
  "p50 ms",
  "p99 ms",
  "timer late ms"
]

export function tableOf(rows: ReadonlyArray<Row>): string {
  const body = rows.map(({ fault, counts, noticedMs, overMs, calmMs, wrong, lateMs }) => [
    fault.name,
    wrong.length === 0 ? "as expected" : lateMs > MOST_LATE_MS ? "TOO BUSY" : "MISSED",
    seconds(noticedMs),
    seconds(overMs),
    seconds(calmMs),
    ...[counts.served, counts.failed, counts.caught, counts.cut, counts.noneCould, counts.corrupted].map(String),
    ...[0.5, 0.99].map((share) => (counts.firstByte.quantile(share) ?? 0).toFixed(0)),
    lateMs.toFixed(0)
  ])
  return aligned([HEAD, ...body])
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "never" : (ms / 1000).toFixed(1)
}

/** `TOO BUSY`: something is wrong, and timers of the bench were so late that the machine explains it. */
export const LEGEND = `TOO BUSY: missed, and a timer was more than ${MOST_LATE_MS} ms late: this machine cannot judge.`

/** What was expected, what proved it, and what was wrong. */
export function notesOf(rows: ReadonlyArray<Row>): string {
  return rows.map(({ fault, wrong }) => {
    const over = fault.over === undefined ? "" : `; over: ${fault.over.says}`
    const lines = [
      `${fault.name}: ${fault.expected}`,
      `  noticed: ${fault.noticed.says}${over}`,
      ...wrong.map((one) => `  WRONG: ${one}`)
    ]
    return lines.join("\n")
  }).join("\n")
}

export interface Total {
  readonly served: number
  readonly failed: number
  readonly caught: number
  readonly cut: number
  readonly noneCould: number
  readonly corrupted: number
  /** Of those that could be served. */
  readonly share: number
}

export function totalOf(rows: ReadonlyArray<Row>): Total {
  const sum = (of: (counts: Counts) => number) => rows.reduce((total, { counts }) => total + of(counts), 0)
  const total = {
    served: sum(({ served }) => served),
    failed: sum(({ failed }) => failed),
    caught: sum(({ caught }) => caught),
    cut: sum(({ cut }) => cut),
    noneCould: sum(({ noneCould }) => noneCould),
    corrupted: sum(({ corrupted }) => corrupted)
  }
  return { ...total, share: shareServed(total) }
}

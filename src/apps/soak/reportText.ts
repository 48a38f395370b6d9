/** The verdict for a terminal or a file. */
import type { Span } from "../demo/spans.ts"
import { paint, span, table } from "../demo/spans.ts"
import type { Line, Report } from "./Report.ts"
import { networkIn } from "./Report.ts"

const TONES = { pass: "good", fail: "bad", unjudged: "dim" } as const

export function reportText(report: Report, colour: boolean): string {
  const { fairlead, control, verdict, baseline, complete, ranMs } = report
  const heads = ["", "Fairlead", "control group"].map((head, i) => ({
    head,
    align: i === 0 ? "left" as const : "right" as const
  }))
  const row = (what: string, ours: string, theirs: string) => [what, ours, theirs].map((text) => span(text))
  const clients = table(heads, [
    row("clients", `${fairlead.clients}`, `${control.clients}`),
    row("served", `${fairlead.served}`, `${control.served}`),
    row("failed, although an address could serve", `${fairlead.failed}`, `${control.failed}`),
    row("caught by the beginning of a fault", `${fairlead.caught}`, `${control.caught}`),
    row("no address could serve", `${fairlead.noneCould}`, `${control.noneCould}`),
    row("cut midway by the upstream", `${fairlead.cut}`, `${control.cut}`),
    row("first byte, half of the clients within", milliseconds(fairlead.p50Ms), milliseconds(control.p50Ms)),
    row("first byte, 99 of 100 within", milliseconds(fairlead.p99Ms), milliseconds(control.p99Ms))
  ])
  const columns = ["", "value", "limit", ""].map((head, i) => ({
    head,
    align: i === 1 || i === 2 ? "right" as const : "left" as const
  }))
  const lines = table(columns, verdict.lines.map(cells))
  return [
    `${complete ? "The whole soak" : "Ended early"}: ${(ranMs / 1000).toFixed(0)} s, seed ${report.seed}${
      networkIn(report) === "lab" ? ", in the lab" : ""
    }.`,
    "",
    ...clients.map((line) => paint(line, colour)),
    "",
    ...lines.map((line) => paint(line, colour)),
    ...(baseline === null ? [] : ["", ...comparison(baseline)]),
    "",
    paint([span(sentenceOf(report), isGood(report) ? "good" : "bad")], colour)
  ].join("\n")
}

function cells({ what, value, limit, unit, atLeast, outcome, why }: Line): ReadonlyArray<Span> {
  const shown = value === null ? "-" : amount(value, unit)
  return [
    span(what),
    span(shown),
    span(limit === null ? "-" : `${atLeast ? ">=" : "<="} ${amount(limit, unit)}`),
    span(
      outcome === "pass" ? "pass" : `${outcome === "fail" ? "FAIL" : "not judged"}${why === "" ? "" : `: ${why}`}`,
      TONES[outcome]
    )
  ]
}

export function amount(value: number, unit: string): string {
  if (value >= Number.MAX_SAFE_INTEGER) return "never"
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) >= 99.5 && Math.abs(value) < 100 ? 2 : 1
  return `${value.toFixed(digits)}${unit === "" ? "" : ` ${unit}`}`
}

function milliseconds(value: number | null): string {
  return value === null ? "-" : `${value.toFixed(value < 100 ? 1 : 0)} ms`
}

function comparison({ startedAt, notes, worse }: NonNullable<Report["baseline"]>): ReadonlyArray<string> {
  const lines = worse.map(({ what, before, now, tolerance }) =>
    `  worse: ${what}: ${before} then, ${now} now; ${tolerance} is tolerated`
  )
  const head = `Compared with the report of ${startedAt}: ${
    worse.length === 0 ? "nothing got worse" : `${worse.length} got worse`
  }.`
  return [head, ...notes.map((note) => `  note: ${note}`), ...lines]
}

const isGood = ({ verdict, baseline }: Report) => verdict.outcome === "ready" && (baseline?.worse.length ?? 0) === 0

export function sentenceOf(
  { verdict: { outcome, lines }, baseline, complete }: Pick<Report, "verdict" | "baseline" | "complete">
): string {
  const failed = lines.filter((line) => line.outcome === "fail").length
  const worse = baseline?.worse.length ?? 0
  if (outcome === "not ready") return `NOT READY: ${failed} of ${lines.length} lines failed.`
  if (worse > 0) return `NOT READY: worse than before in ${worse} lines.`
  if (outcome === "ready") return "READY."
  return complete
    ? "CANNOT BE JUDGED: this machine was too busy. Repeat it on a machine with time to spare, or with a lower --rate."
    : "CANNOT BE JUDGED: no line failed, but the soak was ended early."
}

/** A comparison of a record with its run under other settings, as text and as a document for scripts. */
import type { Compared, UpstreamCompared } from "../../sim/whatIf/compared.ts"
import type { Figures } from "../../sim/whatIf/Figures.ts"
import { durationText } from "../../shell/explain/words.ts"

/** Settings that are named at most. */
const MOST_NAMED = 40

/** One figure of both runs. */
export interface Line {
  readonly name: string
  /** Longer words for a report. */
  readonly hint: string
  readonly of: (figures: Figures) => string
  /** The same as a number, to tell better from worse; null: it is not known. */
  readonly value: (figures: Figures) => number | null
  /** Whether less is better. */
  readonly less: boolean
}

export const LINES: ReadonlyArray<Line> = [
  {
    name: "switches",
    hint: "members of the active set that were replaced",
    of: ({ switches }) => String(switches),
    value: ({ switches }) => switches,
    less: true
  },
  {
    name: "switches back within a minute",
    hint: "the candidate that entered had left less than a minute before: the set flapped",
    of: ({ returns }) => String(returns),
    value: ({ returns }) => returns,
    less: true
  },
  {
    name: "time on the best address",
    hint: "first choice for new clients within the balancing tolerance of the lowest latency",
    of: ({ onBest, judgedMoments }) => percent(onBest, judgedMoments),
    value: ({ onBest, judgedMoments }) => judgedMoments === 0 ? null : onBest / judgedMoments,
    less: false
  },
  {
    name: "clients sent to a failing address",
    hint: "the first address of the client failed at that moment",
    of: ({ metOutage, clients }) => `${metOutage} of ${clients}`,
    value: ({ metOutage }) => metOutage,
    less: true
  },
  {
    name: "clients without any address",
    hint: "no address could be reached",
    of: ({ unserved }) => String(unserved),
    value: ({ unserved }) => unserved,
    less: true
  },
  {
    name: "regret, mean",
    hint: "latency of a client's first address above the lowest one at that moment",
    of: ({ regretMs, judgedClients }) => judgedClients === 0 ? "-" : `${(regretMs / judgedClients).toFixed(1)} ms`,
    value: ({ regretMs, judgedClients }) => judgedClients === 0 ? null : regretMs / judgedClients,
    less: true
  },
  {
    name: "regret, 95th percentile",
    hint: "the same for the client of twenty that fares worst",
    of: ({ regretP95Ms }) => regretP95Ms === null ? "-" : `${regretP95Ms.toFixed(1)} ms`,
    value: ({ regretP95Ms }) => regretP95Ms,
    less: true
  }
]

export function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${(100 * part / whole).toFixed(1)} %`
}

export function renderCompared(compared: Compared): string {
  const { verdict, seconds, upstreams } = compared
  const lines = [
    `${verdict.entries} entries over ${durationText(seconds * 1000)}, verified, and run again under the other settings`,
    ...settingLines(compared),
    partedText(compared),
    "",
    ...table("", compared.recorded, compared.other),
    "",
    restsText(compared)
  ]
  for (const note of compared.notes) lines.push(`note: ${note}`)
  if (upstreams.length > 1) { for (const one of upstreams) lines.push("", ...ofUpstream(one)) }
  return lines.join("\n")
}

export function settingLines({ differences }: Compared): ReadonlyArray<string> {
  if (differences.length === 0) return ["no setting differs"]
  const named = differences.slice(0, MOST_NAMED).map(({ path, recorded, other }) =>
    `  ${path}: ${valueText(recorded)} -> ${valueText(other)}`
  )
  const more = differences.length > MOST_NAMED ? [`  and ${differences.length - MOST_NAMED} more`] : []
  return [`${differences.length} ${differences.length === 1 ? "setting differs" : "settings differ"}:`, ...named, ...more]
}

const MOST_CHARS = 60

export function valueText(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}...` : text
}

export function partedText({ divergedAt }: Compared): string {
  if (divergedAt === null) return "every decision is the same"
  return `the decisions part at entry ${divergedAt.seq}, ${new Date(divergedAt.wallMs).toISOString()}`
}

export function restsText({ rests: { dials, clients, moments } }: Compared): string {
  const share = (value: number | null) => value === null ? "-" : `${(100 * value).toFixed(1)} %`
  const dialled = dials === null ? "" : `${share(dials)} of the dials under the other settings, `
  return `rests on recorded samples (within scoreTtl): ${dialled}${share(clients)} of the clients, ${
    share(moments)
  } of the time; `
    + "regret and time on the best are of these alone"
}

function ofUpstream({ upstream, recorded, other }: UpstreamCompared): ReadonlyArray<string> {
  return table(upstream, recorded, other)
}

function table(title: string, recorded: Figures, other: Figures): ReadonlyArray<string> {
  const rows = [[title, "recorded", "other"], ...LINES.map(({ name, of }) => [name, of(recorded), of(other)])]
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map(([name, a, b]) =>
    `${name!.padEnd(widths[0]!)}  ${a!.padStart(widths[1]!)}  ${b!.padStart(widths[2]!)}`.trimEnd()
  )
}

/** The same bytes on every machine: no path, and no time but that of the record. */
export function comparedDocument({ verdict, courses: _, divergedAt, ...rest }: Compared) {
  const { outcome, problem, model, entries, decisions, segments, gaps } = verdict
  const parted = divergedAt === null ? null : { seq: divergedAt.seq, time: new Date(divergedAt.wallMs).toISOString() }
  return {
    ...rest,
    divergedAt: parted,
    record: { outcome, problem, model, entries, decisions, segments: segments.length, gaps }
  }
}

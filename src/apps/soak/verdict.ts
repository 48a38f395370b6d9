/** Judges what was seen: a verdict for each line, and one for all. */
import type { Findings, Line, Report } from "./Report.ts"
import { networkIn } from "./Report.ts"
import type { Threshold } from "./thresholds.ts"
import { busyMs, THRESHOLDS } from "./thresholds.ts"

/** Limits by the name of their line; null: the line is not judged. */
export type Limits = Readonly<Record<string, number | null>>

export function linesOf(seen: Findings, limits: Limits): ReadonlyArray<Line> {
  const busy = busyMs(seen)
  return THRESHOLDS.map((threshold) => {
    const limit = limits[threshold.id] === undefined ? threshold.limit : limits[threshold.id] ?? null
    const line = lineOf(threshold, threshold.valueOf(seen), limit)
    if (busy === null || line.outcome !== "fail" || !threshold.isTimed) return line
    return {
      ...line,
      outcome: "unjudged",
      why: `this machine was too busy: timers were ${busy.toFixed(0)} ms late in a seventh of the time`
    }
  })
}

function lineOf({ id, what, unit, atLeast, hint, unseen }: Threshold, value: number | null, limit: number | null): Line {
  const line = { id, what, value: value === null ? null : rounded(value), limit, unit, atLeast }
  if (limit === null) return { ...line, outcome: "unjudged", why: "the file of thresholds leaves it out" }
  if (value === null) return { ...line, outcome: "unjudged", why: unseen }
  const isMet = atLeast ? value >= limit : value <= limit
  return { ...line, outcome: isMet ? "pass" : "fail", why: isMet ? "" : `look at: ${hint}` }
}

export function verdictOf(seen: Findings, limits: Limits): Report["verdict"] {
  const lines = linesOf(seen, limits)
  const hasFailed = lines.some(({ outcome }) => outcome === "fail")
  // Where a busy machine alone kept a line from its limit, there is no verdict.
  const isOpen = !seen.complete
    || lines.some(({ outcome, value, limit }) => outcome === "unjudged" && value !== null && limit !== null)
  return { outcome: hasFailed ? "not ready" : isOpen ? "incomplete" : "ready", lines }
}

/** What got worse than in an earlier report by more than its tolerance. */
export function comparedWith(before: Report, now: Report["verdict"], seen: Findings): NonNullable<Report["baseline"]> {
  const worse = THRESHOLDS.flatMap(({ id, what, atLeast, tolerance }) => {
    const was = valueIn(before.verdict.lines, id)
    const is = valueIn(now.lines, id)
    if (was === null || is === null) return []
    return (atLeast ? was - is : is - was) > tolerance ? [{ id, what, before: was, now: is, tolerance }] : []
  })
  const differs = (key: "seed" | "plannedMs" | "scale" | "platform" | "runtime") =>
    before[key] === seen[key] ? [] : [`${key} differs: ${before[key]} then, ${seen[key]} now`]
  const [networkThen, networkNow] = [networkIn(before), networkIn(seen)]
  return {
    startedAt: before.startedAt,
    notes: [
      ...differs("seed"),
      ...differs("plannedMs"),
      ...differs("platform"),
      ...differs("runtime"),
      ...(networkThen === networkNow ? [] : [`network differs: ${networkThen} then, ${networkNow} now`])
    ],
    worse
  }
}

function valueIn(lines: ReadonlyArray<Line>, id: string): number | null {
  return lines.find((line) => line.id === id)?.value ?? null
}

/** 0: ready; 3: not ready, or worse than before; 4: cannot be judged: it was ended early, or the machine was too busy. */
export function codeOf({ verdict, baseline }: Pick<Report, "verdict" | "baseline">): 0 | 3 | 4 {
  if (verdict.outcome === "not ready" || (baseline?.worse.length ?? 0) > 0) return 3
  return verdict.outcome === "incomplete" ? 4 : 0
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

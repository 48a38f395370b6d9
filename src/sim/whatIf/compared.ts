/** The comparison of a record with its run under other settings, as plain data. Fields are only ever added. */
import { ON_DEMAND } from "../../core/domain.ts"
import type { Verdict } from "../../record/Verdict.ts"
import { differences } from "./differences.ts"
import type { Difference } from "./differences.ts"
import type { Figures } from "./Figures.ts"
import { together } from "./Figures.ts"
import type { Judged } from "./judge.ts"
import { judge } from "./judge.ts"
import type { Stretch } from "./Stretch.ts"
import type { WhatIf } from "./WhatIf.ts"

export interface UpstreamCompared {
  readonly upstream: string
  readonly recorded: Figures
  readonly other: Figures
}

/** A part of the record without a break, for plots. */
export interface Course {
  readonly upstream: string
  /** Wall time of the first moment, in ms since 1970, and from one moment to the next. */
  readonly fromMs: number
  readonly stepMs: number
  /** Latencies in ms at each moment; null: not known. */
  readonly bestMs: ReadonlyArray<number | null>
  readonly recordedMs: ReadonlyArray<number | null>
  readonly otherMs: ReadonlyArray<number | null>
  /** Wall times at which the set moved. */
  readonly switches: { readonly recorded: ReadonlyArray<number>; readonly other: ReadonlyArray<number> }
}

export interface Compared {
  readonly v: 1
  readonly verdict: Verdict
  /** Settings that differ, as the core knows them. */
  readonly differences: ReadonlyArray<Difference>
  /** The first entry with another decision; null: nothing differs. */
  readonly divergedAt: { readonly seq: number; readonly wallMs: number } | null
  readonly seconds: number
  readonly recorded: Figures
  readonly other: Figures
  readonly upstreams: ReadonlyArray<UpstreamCompared>
  /** What the answers rest on: shares from 0 to 1; null: there was none. */
  readonly rests: {
    /** Dials of the run under other settings that the record answers from within `scoreTtl`. */
    readonly dials: number | null
    readonly clients: number | null
    readonly moments: number | null
  }
  readonly notes: ReadonlyArray<string>
  readonly courses: ReadonlyArray<Course>
}

/** Switches that a plot shows at most. */
const MOST_SHOWN = 2_000

/** It is empty where the record does not verify. */
export function compared(whatIf: WhatIf): Compared {
  const verdict = whatIf.verdict()
  const stretches = verdict.outcome === "verified" ? whatIf.stretches : []
  const labelOf = labels(stretches, whatIf)
  const judged = stretches.map((stretch) => ({
    stretch,
    upstreams: judge(stretch).map((one) => ({ ...one, upstream: labelOf(one.upstream), name: one.upstream }))
  }))
  const all = judged.flatMap(({ upstreams }) => upstreams)
  const names = [...new Set(all.map(({ upstream }) => upstream))]
  const recorded = sum(all, "recorded")
  const other = sum(all, "other")
  const first = stretches.find(({ divergence }) => divergence !== null)
  return {
    v: 1,
    verdict,
    differences: stretches[0] === undefined ? [] : differences(stretches[0].first.config, whatIf.config),
    divergedAt: first === undefined || first.divergence === null
      ? null
      : { seq: first.divergence.seq, wallMs: wallMsOf(first, first.divergence.atUs) },
    seconds: stretches.reduce((total, { course }) => total + (course.lastUs - course.firstUs) / 1e6, 0),
    recorded,
    other,
    upstreams: names.map((name) => {
      const own = all.filter(({ upstream }) => upstream === name)
      return { upstream: name, recorded: sum(own, "recorded"), other: sum(own, "other") }
    }),
    rests: {
      dials: share(
        sumOf(stretches, ({ network }) => network?.dials.known),
        sumOf(stretches, ({ network }) => network?.dials.all)
      ),
      clients: share(other.judgedClients, other.clients),
      moments: share(other.judgedMoments, other.moments)
    },
    notes: notesOf(stretches, whatIf),
    courses: judged.flatMap(({ stretch, upstreams }) =>
      upstreams.filter(({ upstream }) => upstream !== ON_DEMAND).map((one) => courseOf(stretch, one))
    )
  }
}

/** Hosts on demand share a label, as in verdicts. */
function labels(stretches: ReadonlyArray<Stretch>, { config }: WhatIf): (name: string) => string {
  const configured = [...stretches.flatMap(({ first }) => first.config.upstreams), ...config.upstreams]
  const names = new Set(configured.filter(({ onDemand }) => !onDemand).map(({ name }) => name))
  return (name) => names.has(name) ? name : ON_DEMAND
}

function sum(judged: ReadonlyArray<Judged>, run: "recorded" | "other"): Figures {
  return together(judged.map((one) => one[run]), () => judged.flatMap(({ regretsMs }) => regretsMs[run]))
}

function sumOf(stretches: ReadonlyArray<Stretch>, count: (one: Stretch) => number | undefined): number {
  return stretches.reduce((total, one) => total + (count(one) ?? 0), 0)
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function wallMsOf({ wall }: Stretch, atUs: number): number {
  return wall.ms + (atUs - wall.atUs) / 1000
}

function courseOf(stretch: Stretch, { upstream, moments }: Judged): Course {
  const [first, second] = moments
  const switchesOf = ({ switches }: Stretch["recorded"]) =>
    switches.filter((one) => one.upstream === upstream).slice(0, MOST_SHOWN).map(({ atUs }) => wallMsOf(stretch, atUs))
  return {
    upstream,
    fromMs: wallMsOf(stretch, first?.atUs ?? 0),
    stepMs: ((second?.atUs ?? 0) - (first?.atUs ?? 0)) / 1000,
    bestMs: moments.map(({ bestMs }) => bestMs),
    recordedMs: moments.map(({ recordedMs }) => recordedMs),
    otherMs: moments.map(({ otherMs }) => otherMs),
    switches: { recorded: switchesOf(stretch.recorded), other: switchesOf(stretch.other) }
  }
}

/** What a reader has to know about the comparison. */
function notesOf(stretches: ReadonlyArray<Stretch>, { config }: WhatIf): ReadonlyArray<string> {
  const notes: Array<string> = []
  const reloads = sumOf(stretches, ({ course }) => course.reloads)
  if (reloads > 0) {
    notes.push(`the record has ${reloads} changes of the configuration: the other settings hold all the time`)
  }
  if (stretches.length > 1) {
    notes.push(`the record has ${stretches.length} parts (runs, or gaps between them), which are compared one by one`)
  }
  const seen = new Set(stretches.flatMap(({ course }) => course.addresses))
  for (const { name, candidates, removed } of config.upstreams) {
    const missing = removed ? [] : candidates.filter(({ host, port }) => !seen.has(`${host}:${port}`))
    if (missing.length > 0) {
      notes.push(`${missing.length} candidates of ${name} are not in the record: here they never answer`)
    }
  }
  const recorded = new Set(stretches.flatMap(({ first }) => first.config.upstreams).map(({ name }) => name))
  const gone = [...recorded].filter((name) =>
    name !== "" && !name.includes(":") && !config.upstreams.some((one) => one.name === name)
  )
  if (gone.length > 0) notes.push(`the other settings have no upstream ${gone.join(", ")}: its clients count as unserved`)
  return notes
}

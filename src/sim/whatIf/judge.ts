/**
 * Judges the choices of a run in hindsight: at each client, and at moments that are evenly spaced, by the latencies that the record
 * knows around that moment. The best address is the one with the lowest latency of all that the upstream had and that did not fail.
 */
import type { UpstreamConfig } from "../../core/model/Config.ts"
import type { Course } from "./Course.ts"
import type { Figures } from "./Figures.ts"
import { percentile95 } from "./Figures.ts"
import { DOWN, lastBy, UNKNOWN } from "./Samples.ts"
import type { Stretch } from "./Stretch.ts"
import type { TimeLine } from "./TimeLine.ts"

/** Moments in one stretch. */
const MOMENTS = 2_000

/** What a plot shows at one moment: latencies in ms; null: not known, or no address. */
export interface Moment {
  readonly atUs: number
  readonly bestMs: number | null
  readonly recordedMs: number | null
  readonly otherMs: number | null
}

export interface Judged {
  readonly upstream: string
  readonly recorded: Figures
  readonly other: Figures
  readonly regretsMs: { readonly recorded: ReadonlyArray<number>; readonly other: ReadonlyArray<number> }
  readonly moments: ReadonlyArray<Moment>
}

/** The upstreams of a stretch that had a sample, a client or a move. */
export function judge(stretch: Stretch): ReadonlyArray<Judged> {
  const { course, recorded, other, first } = stretch
  const names = new Set(course.ofUpstream.keys())
  for (const { upstream } of course.clients) names.add(upstream)
  return [...names].filter((name) => name !== "").map((name) => {
    const config = first.config.upstreams.find((one) => one.name === name) ?? first.config.template
    const hindsight = new Hindsight(course, name, config)
    const then = judgedLine(hindsight, recorded)
    const now = other === recorded ? then : judgedLine(hindsight, other)
    return {
      upstream: name,
      recorded: then.figures,
      other: now.figures,
      regretsMs: { recorded: then.regretsMs, other: now.regretsMs },
      moments: then.moments.map(({ atUs, bestMs, chosenMs }, i) => ({
        atUs,
        bestMs,
        recordedMs: chosenMs,
        otherMs: now.moments[i]!.chosenMs
      }))
    }
  })
}

class Hindsight {
  readonly name: string
  readonly course: Course
  readonly #addresses: ReadonlyArray<number>
  readonly #withinUs: number
  readonly #config: UpstreamConfig

  constructor(course: Course, name: string, config: UpstreamConfig) {
    this.name = name
    this.course = course
    this.#addresses = [...course.ofUpstream.get(name) ?? []]
    this.#withinUs = config.scoreTtlMs * 1000
    this.#config = config
  }

  /** `DOWN` or `UNKNOWN` where there is no latency. */
  levelMs(address: number, atUs: number): number {
    return this.course.samples[address]?.levelAt(atUs, this.#withinUs) ?? UNKNOWN
  }

  /** The lowest latency of all addresses; `UNKNOWN`: there is none. */
  bestMs(atUs: number): number {
    let best = UNKNOWN
    for (const address of this.#addresses) {
      const level = this.levelMs(address, atUs)
      if (level >= 0 && (best < 0 || level < best)) best = level
    }
    return best
  }

  /** Whether a latency is as good as the best: as near to it as members are that share clients. */
  isGood(levelMs: number, bestMs: number): boolean {
    const { toleranceMs, tolerancePercent } = this.#config.balancing
    const share = (tolerancePercent / 100) * bestMs
    return levelMs <= bestMs + (share > toleranceMs ? share : toleranceMs)
  }
}

function judgedLine(hindsight: Hindsight, line: TimeLine) {
  const { name, course } = hindsight
  const switches = line.switches.filter(({ upstream }) => upstream === name)
  const regretsMs: Array<number> = []
  let clients = 0
  let unserved = 0
  let metOutage = 0
  line.clients.each(name, (atUs, address, served) => {
    clients++
    if (!served) unserved++
    if (address < 0) return
    const level = hindsight.levelMs(address, atUs)
    if (level === DOWN) metOutage++
    if (level >= 0) regretsMs.push(level - hindsight.bestMs(atUs))
  })
  const moments = momentsOf(hindsight, line)
  const judged = moments.filter(({ chosenMs }) => chosenMs !== null)
  const figures: Figures = {
    switches: switches.length,
    returns: switches.filter(({ isReturn }) => isReturn).length,
    clients,
    metOutage,
    unserved,
    judgedClients: regretsMs.length,
    regretMs: regretsMs.reduce((sum, one) => sum + one, 0),
    regretP95Ms: percentile95(regretsMs),
    moments: course.lastUs > course.firstUs ? moments.length : 0,
    judgedMoments: judged.length,
    onBest: judged.filter(({ chosenMs, bestMs }) => hindsight.isGood(chosenMs as number, bestMs as number)).length
  }
  return { figures, regretsMs, moments }
}

function momentsOf(hindsight: Hindsight, line: TimeLine) {
  const { course: { firstUs, lastUs }, name } = hindsight
  const firsts = line.firsts.get(name) ?? []
  const stepUs = (lastUs - firstUs) / MOMENTS
  return Array.from({ length: MOMENTS }, (_, i) => {
    const atUs = firstUs + Math.floor((i + 0.5) * stepUs)
    const address = firsts[lastBy(firsts, atUs)]?.address ?? -1
    const level = address < 0 ? UNKNOWN : hindsight.levelMs(address, atUs)
    const best = hindsight.bestMs(atUs)
    return { atUs, bestMs: best < 0 ? null : best, chosenMs: level < 0 ? null : level }
  })
}

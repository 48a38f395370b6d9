/** Interleaved rounds: each contender has its turn in every round, so that disturbances of the machine hit all of them. */

/** Figures of one measurement by name. */
export type Figures = Readonly<Record<string, number>>

export interface Summary {
  readonly median: number
  readonly least: number
  readonly greatest: number
  /** Half the distance of the extremes, as a share of the median. */
  readonly spread: number
}

export type Summaries = Readonly<Record<string, Readonly<Record<string, Summary>>>>

export interface Rounds {
  readonly results: Summaries
  /** One contender's figure over another's, round by round: what slows a whole round down does not show in it. */
  readonly ratio: (figure: string, over: string, under: string) => Summary
}

/** Runs every contender `warmUps` times unmeasured and then `rounds` times; the order turns round by round. */
export async function interleaved(
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<Figures> | Figures>>,
  warmUps = 1
): Promise<Rounds> {
  const names = Object.keys(contenders)
  const samples: Record<string, Array<Figures>> = Object.fromEntries(names.map((name) => [name, []]))
  for (let i = 0; i < warmUps; i++) for (const name of names) await contenders[name]?.()
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const figures = await contenders[name]?.()
      if (figures !== undefined) samples[name]?.push(figures)
    }
  }
  const each = (name: string, figure: string) => (samples[name] ?? []).map((sample) => sample[figure] ?? NaN)
  return {
    results: Object.fromEntries(names.map((name) => [name, summaries(samples[name] ?? [])])),
    ratio: (figure, over, under) => {
      const rival = each(under, figure)
      return summaryOf(each(over, figure).map((own, round) => own / (rival[round] ?? NaN)))
    }
  }
}

function summaries(samples: ReadonlyArray<Figures>): Record<string, Summary> {
  const figures = Object.keys(samples[0] ?? {})
  return Object.fromEntries(figures.map((figure) => [figure, summaryOf(samples.map((sample) => sample[figure] ?? NaN))]))
}

export function summaryOf(samples: ReadonlyArray<number>): Summary {
  const ascending = samples.toSorted((a, b) => a - b)
  const least = ascending[0] ?? NaN
  const greatest = ascending[ascending.length - 1] ?? NaN
  const median = quantile(ascending, 0.5)
  return { median, least, greatest, spread: median === 0 ? 0 : (greatest - least) / 2 / median }
}

/** Of samples in ascending order; between two of them the mean for the median, else the upper one. */
export function quantile(ascending: ReadonlyArray<number>, share: number): number {
  if (share === 0.5 && ascending.length % 2 === 0) {
    const upper = ascending.length / 2
    return ((ascending[upper - 1] ?? NaN) + (ascending[upper] ?? NaN)) / 2
  }
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? NaN
}

/** The selection of an upstream over time, from the facts that the service kept. */
import type { Fact } from "../service/answers.ts"

export type Move = Extract<Fact, { readonly kind: "SelectionMoved" }>

/** The moves of the set of one upstream, the latest first. */
export function movesOf(facts: ReadonlyArray<Fact>, upstream: string): ReadonlyArray<Move> {
  return facts.filter((fact): fact is Move => fact.kind === "SelectionMoved" && fact.upstream === upstream)
}

/** Candidates that were in the set, those of now first. */
export function selected(moves: ReadonlyArray<Move>, now: ReadonlyArray<string>): ReadonlyArray<string> {
  return [...new Set([...now, ...moves.flatMap(({ members }) => members)])]
}

/** Time in seconds between the end of one set and the beginning of the next, so that both have a point. */
const STEP_S = 0.001

/**
 * The lanes of a plot: for each name its height while it was in the set, null while it was not. The first list has the times, in
 * seconds since 1970.
 */
export function lanes(moves: ReadonlyArray<Move>, names: ReadonlyArray<string>, nowS: number): Array<Array<number | null>> {
  const times: Array<number | null> = []
  const rows = names.map((): Array<number | null> => [])
  const add = (atS: number, members: ReadonlyArray<string>) => {
    times.push(atS)
    names.forEach((name, i) => rows[i]?.push(members.includes(name) ? i : null))
  }
  const oldestFirst = moves.toReversed()
  oldestFirst.forEach((move, i) => {
    const atS = Date.parse(move.at) / 1_000
    const before = oldestFirst[i - 1]
    if (before !== undefined) add(Math.max(atS - STEP_S, Date.parse(before.at) / 1_000), before.members)
    add(atS, move.members)
  })
  const last = oldestFirst.at(-1)
  if (last !== undefined) add(Math.max(nowS, Date.parse(last.at) / 1_000), last.members)
  return [times, ...rows]
}

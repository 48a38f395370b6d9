/** What fails in a run of `bench:return`, and when it comes back. Times count from the first failure. */

/**
 * Round trips. The second is further away than the default margin (20 ms), so a set of one that holds it has to change to
 * the best by the ordinary rule of selection, before a trouble and after it. The spare answers all the time; the lost spare fails with the addresses that it should replace. */
export const RTT_MS = { best: 20, second: 45, worst: 70, spare: 80, lostSpare: 80 } as const

export type Role = keyof typeof RTT_MS
export type Fault = "dark" | "refuse"
/** All addresses fail; the best alone; the best and the second together, back one after the other; all, again and again. */
export type Kind = "all" | "best" | "two" | "flap"

export interface Trouble {
  readonly kind: Kind
  readonly fault: Fault
  /** How long the best is away (each time). */
  readonly lengthS: number
}

export interface Change {
  readonly atS: number
  readonly roles: ReadonlyArray<Role>
  readonly isUp: boolean
}

const EVERYONE: ReadonlyArray<Role> = ["best", "second", "worst", "lostSpare"]
const FLAPS = 10
const UP_S = 5
/** When the second of two comes back, as a share of the time for which the best is away. */
const SECOND_IS_BACK = 2 / 3

export const FAULTS: ReadonlyArray<Fault> = ["dark", "refuse"]

export function troubles(): ReadonlyArray<Trouble> {
  const lengthsS: ReadonlyArray<readonly [Kind, ReadonlyArray<number>]> = [
    ["all", [5, 30, 120]],
    ["best", [2, 10, 60, 300]],
    ["two", [30]],
    ["flap", [5]]
  ]
  return lengthsS.flatMap(([kind, all]) =>
    all.flatMap((lengthS) => FAULTS.map((fault): Trouble => ({ kind, fault, lengthS })))
  )
}

export function troubleName({ kind, fault, lengthS }: Trouble): string {
  const what = { all: "all", best: "best alone", two: "best and second", flap: `all, ${FLAPS} times,` }[kind]
  return `${what} ${fault} ${lengthS} s`
}

/** In order of time. */
export function changes({ kind, lengthS }: Trouble): ReadonlyArray<Change> {
  const down = (atS: number, roles: ReadonlyArray<Role>): Change => ({ atS, roles, isUp: false })
  const up = (atS: number, roles: ReadonlyArray<Role>): Change => ({ atS, roles, isUp: true })
  if (kind === "all") return [down(0, EVERYONE), up(lengthS, EVERYONE)]
  if (kind === "best") return [down(0, ["best"]), up(lengthS, ["best"])]
  if (kind === "two") return [down(0, ["best", "second"]), up(lengthS * SECOND_IS_BACK, ["second"]), up(lengthS, ["best"])]
  return Array.from({ length: FLAPS }, (_, i) => {
    const atS = i * (lengthS + UP_S)
    return [down(atS, EVERYONE), up(atS + lengthS, EVERYONE)]
  }).flat()
}

/** When the best comes back, each time. */
export function returnsS(trouble: Trouble): ReadonlyArray<number> {
  return changes(trouble).filter(({ isUp, roles }) => isUp && roles.includes("best")).map(({ atS }) => atS)
}

/** The whole trouble is over. */
export function endsS(trouble: Trouble): number {
  return Math.max(...changes(trouble).map(({ atS }) => atS))
}

/** How long after a return the clients may take to be back on the best, by the aims. */
export function graceS({ kind, fault, lengthS }: Trouble): number {
  if (kind === "best" || kind === "two") return Math.max(5, lengthS)
  return fault === "dark" ? 8 : 5
}

/** How long clients are watched after the last return. */
export function watchS(trouble: Trouble, leastS: number): number {
  return Math.max(leastS, graceS(trouble) + 12)
}
